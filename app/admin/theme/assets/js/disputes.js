// Choosing between two versions of a field fills its input, where it can still be changed (UI-6).
import { each } from "./dom.js";
import { fill } from "./inputs.js";

function pairs(value, text) {
  const several = Array.isArray(value) ? value : [value];
  const known = several.filter((one) => one !== null && one !== "");
  return known.map((one) => [one, known.length === 1 ? text : String(one)]);
}

function settle(form, key, choice) {
  const control = form.elements[key];
  const value = JSON.parse(choice.dataset.value);
  if (!control) return;
  fill(control, control.tagName === "SELECT" ? pairs(value, choice.dataset.text) : value);
  control.dispatchEvent(new Event("input", { bubbles: true }));
}

// The input holds what was chosen: the choice itself needn't be sent, and can't undo later typing.
function start(field) {
  const form = field.closest("form");
  for (const choice of field.querySelectorAll("input[type=radio]")) {
    choice.addEventListener("change", () => settle(form, field.dataset.dispute, choice));
  }
  form.addEventListener("formdata", (event) => event.formData.delete(`keep-${field.dataset.dispute}`));
}

export function startDisputes(root) {
  each(root, "[data-dispute]", start);
}
