// Type-ahead pickers over plain selects, and tags over a plain text input.
import { each } from "./dom.js";

function optionHtml(data, escape) {
  const hint = data.hint ? `<small>${escape(data.hint)}</small>` : "";
  return `<div><span>${escape(data.text)}</span>${hint}</div>`;
}

function createHtml(data, escape) {
  return `<div class="create">+ ${escape(data.input)}</div>`;
}

function message(text) {
  return () => {
    const note = document.createElement("div");
    note.className = "no-results";
    note.textContent = text ?? "";
    return note;
  };
}

const FIRST_ROW = 100;

// "Not set" and tokens like @me are no rows: no answer of the server replaces them.
function isFixed(option) {
  return option.value === "" || option.value.startsWith("@");
}

// Asks the server for the rows this reader may choose (LIST-8); it filters and limits.
function remote(url) {
  return {
    preload: "focus",
    loadThrottle: 200,
    shouldLoad: () => true,
    score(query) {
      // the server has chosen; what is set already would only stand in the way of Enter
      return ({ value }) => (query && (value === "" || this.items.includes(value)) ? 0 : 1);
    },
    load(query, done) {
      const address = new URL(url, window.location.href);
      address.searchParams.set("q", query);
      fetch(address, { headers: { Accept: "application/json" } })
        .then((answer) => (answer.ok ? answer.json() : []))
        .then((rows) => {
          this.clearOptions((option) => this.items.includes(option.value) || isFixed(option));
          // tokens stay in front of rows
          done(rows.map((row, at) => ({ ...row, value: String(row.value), $order: FIRST_ROW + at })));
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
    allowEmptyOption: !many && !element.required,
    closeAfterSelect: !many,
    clearAfterSelect: many,
    hidePlaceholder: true,
    placeholder: element.dataset.type ?? element.placeholder,
    onType(text) {
      this.wrapper.classList.toggle("typing", text !== "");
    },
    onBlur() {
      this.wrapper.classList.remove("typing");
    },
    onItemAdd() {
      this.wrapper.classList.remove("typing");
      if (many && element.dataset.url) this.load(""); // the next one is looked for afresh
    },
    render: { option: optionHtml, no_results: message(element.dataset.nothing) },
    ...(element.dataset.url ? remote(element.dataset.url) : {}),
  };
}

// The picker's own input stands for the element: it takes over what assistive tools are told.
function begin(element, options) {
  const picker = new window.TomSelect(element, options);
  for (const name of ["aria-describedby", "aria-invalid"]) {
    const value = element.getAttribute(name);
    if (value) picker.control_input.setAttribute(name, value);
  }
  if (element.required) picker.control_input.setAttribute("aria-required", "true");
  element.setAttribute("aria-hidden", "true");
}

function pick(element) {
  begin(element, settings(element));
}

function tag(element) {
  begin(element, {
    ...settings(element),
    delimiter: ",",
    splitOn: /[,，、;；]/,
    create: "creates" in element.dataset,
    createOnBlur: true,
    persist: false,
    render: {
      option: optionHtml,
      option_create: createHtml,
      no_results: "creates" in element.dataset ? null : message(element.dataset.nothing),
    },
  });
}

export function startPickers(root) {
  if (!window.TomSelect) return;
  each(root, "select[data-picker]", pick);
  each(root, "input[data-tags]", tag);
}
