// Another record that stays brings its own values along; what was chosen by hand stays chosen.
import { each } from "./dom.js";

function follow(table, survivor) {
  for (const row of table.querySelectorAll("tbody tr")) {
    const mine = row.querySelector(`input[type=radio][value="${survivor}"]`);
    if (mine && !row.dataset.decided) mine.checked = true;
  }
}

function start(table) {
  table.addEventListener("change", (event) => {
    const row = event.target.closest("tbody tr");
    if (row) row.dataset.decided = "1";
    else follow(table, event.target.value);
  });
}

export function startComparing(root) {
  each(root, "[data-compare]", start);
}
