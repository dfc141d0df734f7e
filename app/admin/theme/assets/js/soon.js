// Buttons that fill an input of their form with a value of their own: when to call again.
import { each } from "./dom.js";
import { fill } from "./inputs.js";

function start(button) {
  button.addEventListener("click", () => {
    const input = button.form.elements[button.dataset.fill];
    fill(input, button.value);
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

export function startSoon(root) {
  each(root, "button[data-fill]", start);
}
