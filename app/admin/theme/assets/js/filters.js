// The filter builder: operators that suit the field, inputs that suit both.
import { startDates } from "./dates.js";
import { each, make } from "./dom.js";
import { startPickers } from "./pickers.js";

const WITHOUT_VALUE = new Set(["empty", "not_empty"]);
const WITH_MANY = new Set(["in", "not_in", "any", "all", "none"]);

function select(options, properties) {
  const control = make("select", { className: "form-select", name: "f_value", ...properties });
  control.append(...options.map(([value, text]) => make("option", { value, textContent: text })));
  return control;
}

function input(kind) {
  const control = make("input", { className: "form-control", name: "f_value", required: true });
  if (kind === "date" || kind === "datetime") control.dataset.date = "date";
  if (kind === "number" || kind === "money") control.inputMode = "decimal";
  return control;
}

function choices(form, field, many) {
  const known = JSON.parse(field.dataset.options ?? "[]");
  const me = field.dataset.kind === "user" ? [["@me", form.dataset.me]] : [];
  const control = select([...me, ...known], { multiple: many, required: true });
  control.dataset.picker = "";
  if (field.dataset.url) control.dataset.url = field.dataset.url;
  return control;
}

function controls(form, field, operator) {
  const { kind } = field.dataset;
  if (WITHOUT_VALUE.has(operator)) return [];
  if (operator === "within") return [select(JSON.parse(form.dataset.periods), {})];
  if (kind === "boolean") {
    return [select([["true", form.dataset.yes], ["false", form.dataset.no]], {})];
  }
  const listed = field.dataset.options || field.dataset.url;
  if (listed && ["option", "relation", "user", "tags"].includes(kind)) {
    return [choices(form, field, WITH_MANY.has(operator))];
  }
  return operator === "between" ? [input(kind), input(kind)] : [input(kind)];
}

function start(form) {
  const column = form.elements.f_col;
  const operator = form.elements.f_op;
  const values = form.querySelector("[data-filter-values]");
  const label = values.querySelector("label");
  const everyOperator = [...operator.options];

  function showValues() {
    const field = column.selectedOptions[0];
    const shown = controls(form, field, operator.value);
    values.replaceChildren(...(shown.length ? [label, ...shown] : []));
    shown.forEach((control, place) => {
      control.id = place ? "f-value-2" : "f-value";
      control.setAttribute("aria-label", label.textContent);
    });
    startPickers(values);
    startDates(values);
  }

  function showOperators() {
    const places = column.selectedOptions[0].dataset.ops.split(" ");
    operator.replaceChildren(...places.map((place) => everyOperator[Number(place)]));
    operator.selectedIndex = 0;
    showValues();
  }

  column.addEventListener("change", showOperators);
  operator.addEventListener("change", showValues);
  showOperators();
}

export function startFilters(root) {
  each(root, "[data-filter-builder]", start);
}
