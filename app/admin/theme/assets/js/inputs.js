// The inputs of a form by name, and their values as the reader sees and changes them: also where
// a picker or a calendar has taken an input over.

const SKIPPED = "[data-no-draft], [data-no-draft] *, .conflict *";

// Pairs of name and control; boxes and lists of one name are one control each.
export function inputs(form) {
  return [...form.querySelectorAll("input[name], textarea[name], select[name]")]
    .filter((control) => !["hidden", "password", "file"].includes(control.type))
    .filter((control) => !control.matches(SKIPPED))
    .map((control) => [control.name, control]);
}

// Ends what has taken the inputs under `root` over: calendars and pickers listen to the whole page,
// and a calendar stands elsewhere in it.
export function letGo(root) {
  for (const input of root.querySelectorAll("input, select")) {
    input._flatpickr?.destroy();
    input.tomselect?.destroy();
  }
}

// A list of [value, text] for choices, true or false for boxes, text for the rest.
export function valueOf(control) {
  if (control.type === "checkbox") return control.checked;
  if (control.tagName !== "SELECT") return control.value;
  return [...control.selectedOptions].map((option) => [option.value, option.text]);
}

function choose(select, pairs) {
  const values = pairs.map(([value]) => String(value));
  for (const [value, text] of pairs) {
    const known = [...select.options].some((option) => option.value === String(value));
    if (!known) select.add(new Option(text, value));
    select.tomselect?.addOption({ value: String(value), text });
  }
  for (const option of select.options) option.selected = values.includes(option.value);
  select.tomselect?.setValue(select.multiple ? values : (values[0] ?? ""));
}

function name(input, value) {
  const names = Array.isArray(value) ? value : String(value ?? "").split(/\s*[,，、;；]\s*/);
  const known = names.filter(Boolean);
  for (const one of known) input.tomselect.addOption({ value: one, text: one });
  input.tomselect.setValue(known);
}

export function fill(control, value) {
  if (control.type === "checkbox") control.checked = value === true || value === "1";
  else if (control.tagName === "SELECT") choose(control, value);
  else if (control.tomselect) name(control, value);
  else if (control._flatpickr) control._flatpickr.setDate(String(value).replace("T", " "), true);
  else control.value = value ?? "";
}
