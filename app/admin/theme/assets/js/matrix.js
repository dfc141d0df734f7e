// The permission matrix: what was changed is marked, rows are found by typing, whole rows and
// columns are checked or cleared at once.
import { each } from "./dom.js";

function isChanged(control) {
  if (control.type === "checkbox") return control.checked !== control.defaultChecked;
  return [...control.options].some((option) => option.selected !== option.defaultSelected);
}

function flip(boxes) {
  const on = boxes.some((box) => !box.checked);
  for (const box of boxes) box.checked = on;
}

function start(form) {
  const controls = [...form.querySelectorAll("input[type=checkbox][name], select[name]")];
  const note = form.querySelector("[data-matrix-changes]");
  const search = document.querySelector("[data-matrix-search]");

  function showChanges() {
    let count = 0;
    for (const control of controls) {
      const changed = isChanged(control);
      control.closest("td, .matrix-field")?.classList.toggle("changed", changed);
      count += Number(changed);
    }
    note.textContent = count ? note.dataset.text.replace("{n}", count) : "";
    form.classList.toggle("has-changes", count > 0);
  }

  function showRows() {
    const wanted = search.value.trim().toLowerCase();
    for (const row of form.querySelectorAll("tr[data-search]")) {
      row.hidden = Boolean(wanted) && !row.dataset.search.toLowerCase().includes(wanted);
    }
  }

  form.addEventListener("change", showChanges);
  form.addEventListener("click", (event) => {
    const column = event.target.closest("[data-column]");
    const row = event.target.closest("[data-row]");
    const visible = (box) => !box.disabled && !box.closest("tr").hidden;
    if (column) {
      const ending = `:${column.dataset.column}`;
      const grants = controls.filter(({ name }) => name.startsWith("grant:"));
      flip(grants.filter((box) => box.name.endsWith(ending) && visible(box)));
    }
    if (row) flip([...row.closest("tr").querySelectorAll("input[type=checkbox]")].filter(visible));
    if (column || row) showChanges();
  });
  search?.addEventListener("input", showRows);
  showChanges();
}

export function startMatrix(root) {
  each(root, "form[data-form=matrix]", start);
}
