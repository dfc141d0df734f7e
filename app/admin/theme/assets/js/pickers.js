// Type-ahead pickers over plain selects, and tags over a plain text input.
import { each, send } from "./dom.js";

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
  return option.value === "" || isToken(option);
}

function isToken(option) {
  return option.value.startsWith("@");
}

// Asks the server for the rows this reader may choose (LIST-8); it filters and limits. Answers may
// come in another order than questions: only the one about what stands in the box counts.
function remote(url) {
  return {
    preload: "focus",
    loadThrottle: 200,
    shouldLoad: () => true,
    score(query) {
      // the server has chosen its rows; what isn't meant would only stand in the way of Enter
      const likeness = this.getScoreFunction(query);
      return (option) => {
        if (!query) return 1;
        if (option.value === "" || this.items.includes(option.value)) return 0;
        if (isFixed(option)) return likeness(option) ? 2 : 0;
        return 1;
      };
    },
    load(query, done) {
      found(url, query)
        .catch(() => null)
        .then((rows) => {
          delete this.loadedSearches[query]; // it may be asked for again
          if (!rows || query !== this.inputValue()) return done();
          this.clearOptions((option) => this.items.includes(option.value) || isFixed(option));
          // tokens stay in front of rows
          return done(rows.map((row, at) => ({ ...row, $order: FIRST_ROW + at })));
        });
    },
  };
}

async function found(url, query) {
  const address = new URL(url, window.location.href);
  address.searchParams.set("q", query);
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  const rows = answer.ok ? await answer.json() : [];
  return rows.map((row) => ({ ...row, value: String(row.value) }));
}

function settings(element) {
  const many = element.multiple || element.matches("[data-tags]");
  return {
    valueField: "value",
    labelField: "text",
    searchField: ["text", "hint", "typed"],
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

// Enter means what was typed, also before its choices are there: the list still shows those of other
// words. What is typed on meanwhile stays in the box.
function enterWhatIsTyped(picker, url) {
  const words = picker.inputValue();
  if (!words || !(picker.refreshTimeout || picker.loading)) return false;
  window.clearTimeout(picker.refreshTimeout);
  picker.refreshTimeout = null;
  if (!url) {
    picker.refreshOptions(); // all choices are here: the first of those that match counts
    return false;
  }
  picker.setTextboxValue("");
  if (picker.settings.create) {
    picker.createItem(words);
    return true;
  }
  const likeness = picker.getScoreFunction(words);
  const token = Object.values(picker.options).find((one) => isToken(one) && likeness(one));
  if (token) {
    picker.addItem(token.value);
    return true;
  }
  found(url, words)
    .then((rows) => rows.find(({ value }) => !picker.items.includes(value)))
    .then((row) => {
      if (row) {
        picker.addOption(row);
        picker.addItem(row.value);
      } else if (!picker.inputValue()) {
        picker.setTextboxValue(words);
        picker.refreshOptions();
      }
    })
    .catch(() => picker.inputValue() || picker.setTextboxValue(words));
  return true;
}

// The words that stand in the box of tags become one, for the server to judge; the marked choice
// counts where no tags may be made. Says whether there were any.
export function finishTag(picker) {
  const words = picker.inputValue();
  const isSettled = !picker.refreshTimeout && !picker.loading;
  if (!words) return false;
  const marked = isSettled && !picker.settings.create && picker.activeOption?.dataset.value;
  if (!marked) picker.addOption({ value: words, text: words });
  picker.addItem(marked || words);
  picker.setTextboxValue("");
  return true;
}

// A list closed by Escape stays closed until its reader does something else, whatever comes in. A
// click into the box he types in takes him nowhere else, as it would by itself while the list is open.
function heed(picker, url) {
  let isDismissed = false;
  const refresh = picker.refreshOptions.bind(picker);
  picker.refreshOptions = (opens = true) => refresh(opens && !isDismissed);
  picker.wrapper.addEventListener("mousedown", () => {
    isDismissed = false;
  });
  // By itself it notices its focus a moment later, and swallows the keys of that moment.
  picker.focus = () => {
    if (document.activeElement === picker.control_input) picker.onFocus();
    else picker.control_input.focus();
  };
  const clicked = picker.onClick.bind(picker);
  picker.onClick = () => {
    if (!picker.isFocused || !picker.isOpen) clicked();
  };
  const heard = picker.onKeyDown.bind(picker);
  picker.onKeyDown = (event) => {
    isDismissed = event.key === "Escape";
    if (event.key !== "Enter" || event.isComposing || !enterWhatIsTyped(picker, url)) {
      heard(event);
      return;
    }
    event.preventDefault();
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
  if ("noted" in element.dataset) {
    picker.on("item_add", (chosen) => {
      if (!picker.isFocused || isFixed({ value: chosen })) return;
      send(element.dataset.url, { chosen }, { keepalive: true }).catch(() => {});
    });
  }
  heed(picker, element.dataset.url);
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
