// Ordered lists: lines move by their handle, and by two buttons for the keyboard.
import { each } from "./dom.js";

function step(event) {
  const button = event.target.closest("button[name=up], button[name=down]");
  if (!button) return;
  event.preventDefault(); // without script the button sends the form
  const line = button.closest("li");
  if (button.name === "up") line.previousElementSibling?.before(line);
  else line.nextElementSibling?.after(line);
  button.focus();
}

function start(list) {
  list.addEventListener("click", step);
  window.Sortable?.create(list, { handle: ".arrange-handle", animation: 120 });
}

export function startArranging(root) {
  each(root, "[data-arrange]", start);
}
