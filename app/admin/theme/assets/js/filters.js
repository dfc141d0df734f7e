// The filter builder: lines of field, condition and value, in groups that match all or any; and the
// quick filters, which apply themselves when they are left.
import { startDates } from "./dates.js";
import { each, make } from "./dom.js";
import { valuesFor } from "./filter_values.js";
import { startPickers } from "./pickers.js";

const readers = new WeakMap();

const isEmpty = (value) => value === "" || value === undefined || value?.length === 0;

// What lines need of their form: the choices of its plain inputs, tokens, periods, words.
function contextOf(form) {
  const words = form.querySelector("template[data-words]").content;
  return {
    form,
    column: form.elements.f_col,
    operators: [...form.elements.f_op.options],
    periods: JSON.parse(form.dataset.periods),
    tokens: JSON.parse(form.dataset.tokens),
    word: (name) => words.querySelector(`[data-word=${name}]`).textContent,
    copy: (name) => form.querySelector(`template[data-${name}]`).content.firstElementChild.cloneNode(true),
  };
}

function bare(control, label) {
  const copy = control.cloneNode(true);
  for (const name of ["id", "name"]) copy.removeAttribute(name);
  copy.ariaLabel = label;
  return copy;
}

function line(context, given) {
  const row = context.copy("line");
  row.querySelector("[data-remove]").addEventListener("click", () => row.remove());
  if (given?.raw) {
    row.prepend(make("span", { className: "filter-sentence", textContent: given.text }));
    readers.set(row, () => given.raw);
    return row;
  }
  const column = bare(context.column, context.word("field"));
  const operator = make("select", { className: "form-select", ariaLabel: context.word("operator") });
  const place = row.querySelector("[data-filter-values]");
  let values = null;

  function showValues(value, texts) {
    values = valuesFor(context, column.selectedOptions[0], operator.value, value, texts);
    for (const control of values.controls) control.ariaLabel ||= context.word("value");
    place.replaceChildren(...values.controls);
    if (row.isConnected) enliven(row);
  }

  function showOperators() {
    const places = column.selectedOptions[0].dataset.ops.split(" ");
    operator.replaceChildren(...places.map((at) => context.operators[Number(at)].cloneNode(true)));
    operator.selectedIndex = 0;
  }

  if (given) column.value = given.col;
  showOperators();
  if (given) operator.value = given.opr;
  showValues(given?.value, given?.texts);
  column.addEventListener("change", () => {
    showOperators();
    showValues();
  });
  operator.addEventListener("change", () => showValues());
  row.prepend(column, operator);
  readers.set(row, () => {
    const condition = { col: column.value, opr: operator.value };
    if (!values.read) return condition;
    const value = values.read();
    row.classList.toggle("missing", isEmpty(value));
    return isEmpty(value) ? null : { ...condition, value };
  });
  return row;
}

function enliven(element) {
  startPickers(element);
  startDates(element);
}

const groupOf = (node) => ["and", "or"].find((name) => node?.[name]);

function group(context, joint, nodes, isInner) {
  const box = context.copy("group");
  const choice = box.querySelector("[data-joint]");
  const lines = box.querySelector("[data-lines]");
  const add = (element) => {
    lines.append(element);
    if (lines.isConnected) enliven(element);
    element.querySelector("select")?.focus();
  };
  const made = (node) => {
    const name = groupOf(node);
    return name ? group(context, name, node[name], true) : line(context, node);
  };
  choice.value = joint;
  lines.append(...nodes.map(made));
  box.querySelector("[data-add-line]").addEventListener("click", () => add(line(context)));
  const addGroup = box.querySelector("[data-add-group]");
  if (isInner) addGroup.remove();
  else addGroup.addEventListener("click", () => add(group(context, "or", [undefined], true)));
  readers.set(box, () => {
    const parts = [...lines.children].map((child) => readers.get(child)());
    if (parts.includes(null)) return null;
    return { [choice.value]: parts.filter((part) => !groupOf(part) || part[groupOf(part)].length) };
  });
  return box;
}

// The whole filter as the address says it; null while something is missing.
function conditions(box) {
  const whole = readers.get(box)();
  if (!whole) return null;
  return whole.and ?? (whole.or.length > 1 ? [whole] : whole.or);
}

function start(form) {
  const context = contextOf(form);
  const present = JSON.parse(form.dataset.present);
  const only = present.length === 1 ? groupOf(present[0]) : null;
  const nodes = only ? present[0][only] : present;
  const box = group(context, only ?? "and", nodes.length ? nodes : [undefined], false);
  form.querySelector("[data-plain]").replaceWith(box);
  enliven(box);
  form.addEventListener(
    "submit",
    (event) => {
      const wanted = conditions(box);
      if (!wanted) {
        event.preventDefault();
        event.stopImmediatePropagation();
        box.querySelector(".missing [data-filter-values] :is(input, select)")?.focus();
        return;
      }
      const kept = form.elements.filters ?? make("input", { type: "hidden", name: "filters" });
      kept.value = JSON.stringify(wanted);
      form.append(kept);
    },
    true,
  );
}

function startQuick(form) {
  const said = () => new URLSearchParams(new FormData(form)).toString();
  const before = said();
  form.closest("details").addEventListener("toggle", (event) => {
    if (!event.target.open && said() !== before) form.requestSubmit();
  });
}

export function startFilters(root) {
  each(root, "[data-filter-builder]", start);
  each(root, "[data-quick]", startQuick);
}
