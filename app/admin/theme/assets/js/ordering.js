// Rows in an order of one's own: dragged by their grip, or moved by their two buttons.
import { each } from "./dom.js";

function renumber(list) {
  [...list.children].forEach((row, place) => {
    row.querySelector("[data-position]").value = place + 1;
  });
  list.dispatchEvent(new Event("change", { bubbles: true })); // the form notices unsaved changes
}

function announce(list, row) {
  const place = [...list.children].indexOf(row) + 1;
  const note = list.closest("form").querySelector("[data-announce]");
  note.textContent = list.dataset.moved.replace("{name}", row.dataset.name).replace("{place}", place);
}

function move(list, button) {
  const row = button.closest("[data-ordering] > *");
  const up = button.dataset.move === "up";
  const other = up ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  if (up) other.before(row);
  else other.after(row);
  button.focus();
  renumber(list);
  announce(list, row);
}

function order(list) {
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (button) move(list, button);
  });
  if (!list.querySelector("[data-grip]")) return;
  window.Sortable.create(list, {
    handle: "[data-grip]",
    animation: 120,
    onEnd: ({ item }) => {
      renumber(list);
      announce(list, item);
    },
  });
}

export function startOrdering(root) {
  each(root, "[data-ordering]", order);
}
