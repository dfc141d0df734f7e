// Type-ahead pickers over plain selects, and tags over a plain text input.
import { each } from "./dom.js";

function optionHtml(data, escape) {
  const hint = data.hint ? `<small>${escape(data.hint)}</small>` : "";
  return `<div><span>${escape(data.text)}</span>${hint}</div>`;
}

function message(text) {
  return () => {
    const note = document.createElement("div");
    note.className = "no-results";
    note.textContent = text ?? "";
    return note;
  };
}

// Asks the server for the rows this reader may choose (LIST-8); it filters and limits.
function remote(url) {
  return {
    preload: "focus",
    loadThrottle: 200,
    shouldLoad: () => true,
    score: () => () => 1,
    load(query, done) {
      const address = new URL(url, window.location.href);
      address.searchParams.set("q", query);
      fetch(address, { headers: { Accept: "application/json" } })
        .then((answer) => (answer.ok ? answer.json() : []))
        .then((rows) => {
          this.clearOptions((option) => this.items.includes(option.value) || option.keep);
          done(rows.map((row) => ({ ...row, value: String(row.value) })));
        })
        .catch(() => done());
    },
  };
}

function settings(element) {
  const many = element.multiple || element.matches("[data-tags]");
  return {
    valueField: "value",
    labelField: "text",
    searchField: ["text", "hint"],
    maxOptions: 200,
    plugins: many ? ["remove_button"] : [],
    allowEmptyOption: false,
    closeAfterSelect: !many,
    hidePlaceholder: true,
    placeholder: element.dataset.type ?? element.placeholder,
    render: { option: optionHtml, no_results: message(element.dataset.nothing) },
    ...(element.dataset.url ? remote(element.dataset.url) : {}),
  };
}

function pick(element) {
  new window.TomSelect(element, settings(element));
}

function tag(element) {
  new window.TomSelect(element, {
    ...settings(element),
    delimiter: ",",
    splitOn: /[,，、;；]/,
    create: true,
    createOnBlur: true,
    persist: false,
    render: { option: optionHtml, option_create: (data, escape) => `<div class="create">+ ${escape(data.input)}</div>`, no_results: null },
  });
}

export function startPickers(root) {
  if (!window.TomSelect) return;
  each(root, "select[data-picker]", pick);
  each(root, "input[data-tags]", tag);
}
