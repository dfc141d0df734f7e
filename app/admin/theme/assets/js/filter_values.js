// What stands behind "field, condition": inputs that suit both, and what they say.
import { make } from "./dom.js";

const WITHOUT_VALUE = new Set(["empty", "not_empty"]);
const WITH_MANY = new Set(["in", "not_in", "any", "all", "none", "rel_m_m"]);
const SPAN = /^(last|next|over)_(\d+)_days(_ago)?$/;

function select(pairs, chosen, properties = {}) {
  const control = make("select", { className: "form-select", ...properties });
  control.append(
    ...pairs.map(([value, text]) => {
      const selected = chosen.includes(value);
      return make("option", { value, textContent: text, selected, defaultSelected: selected });
    }),
  );
  return control;
}

function input(value, properties = {}) {
  return make("input", { className: "form-control", value: value ?? "", ...properties });
}

// A period by its name, or so many days before or after today.
function within({ periods, word }, [given = "this_month"]) {
  const span = SPAN.exec(given);
  const spans = ["last", "next", "over"].map((kind) => [kind, word(kind)]);
  const name = select([...periods, ...spans], [span ? span[1] : given]);
  const days = input(span?.[2] ?? "7", { type: "number", min: 1, max: 9999, ariaLabel: word("days") });
  const show = () => {
    days.hidden = !["last", "next", "over"].includes(name.value);
  };
  name.addEventListener("change", show);
  show();
  const read = () => {
    if (days.hidden) return name.value;
    return days.value && `${name.value}_${days.value}_days${name.value === "over" ? "_ago" : ""}`;
  };
  return { controls: [name, days], read };
}

// A date of the calendar, or the day on which somebody looks.
function day({ tokens, word }, given = "") {
  const moving = given.startsWith("@");
  const which = select([["", word("day")], ...tokens.day], [moving ? given : ""]);
  const date = input(moving ? "" : given);
  date.dataset.date = "date";
  const show = () => {
    date.hidden = which.value !== "";
  };
  which.addEventListener("change", show);
  show();
  return { controls: [which, date], read: () => which.value || date.value };
}

function choice({ tokens }, field, operator, given, texts) {
  const multiple = WITH_MANY.has(operator);
  const known = JSON.parse(field.dataset.options ?? "[]");
  const fixed = tokens[field.dataset.to] ?? [];
  const offered = new Map([...fixed, ...given.map((value, at) => [value, texts[at]]), ...known]);
  const control = select([...offered], given, { multiple });
  const typed = new Map(known.map(([value, , keys]) => [value, keys]));
  for (const option of control.options) option.dataset.typed = typed.get(option.value) ?? "";
  control.dataset.picker = "";
  if (field.dataset.url) control.dataset.url = field.dataset.url;
  const read = () => {
    const chosen = [...control.selectedOptions].map((option) => option.value);
    return multiple ? chosen : chosen[0];
  };
  return { controls: [control], read };
}

function typed(kind, value) {
  const number = ["integer", "money", "number"].includes(kind);
  const control = input(value, number ? { inputMode: "decimal" } : {});
  return { controls: [control], read: () => control.value.trim() };
}

// The inputs for a condition and a function that reads them; nothing is read where there are none.
export function valuesFor(context, field, operator, value, texts = []) {
  const { kind } = field.dataset;
  const given = [value ?? []].flat().map(String);
  if (WITHOUT_VALUE.has(operator)) return { controls: [], read: null };
  if (operator === "within") return within(context, given);
  if (kind === "boolean") {
    const pairs = [["true", context.word("yes")], ["false", context.word("no")]];
    const control = select(pairs, given);
    return { controls: [control], read: () => control.value === "true" };
  }
  if (field.dataset.options || field.dataset.url) {
    return choice(context, field, operator, given, texts);
  }
  const one = (at) => (kind === "date" || kind === "datetime"
    ? day(context, given[at])
    : typed(kind, given[at]));
  if (operator !== "between") return one(0);
  const [low, high] = [one(0), one(1)];
  const read = () => (low.read() && high.read() ? [low.read(), high.read()] : "");
  return { controls: [...low.controls, ...high.controls], read };
}
