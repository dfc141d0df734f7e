// The permission matrix: what was changed is marked, lines and columns are found by typing, whole
// rows, columns and modules are checked or cleared at once, arrow keys walk from box to box.
import { each } from "./dom.js";
import { startPickers } from "./pickers.js";

const BOX = "input[type=checkbox][name^='grant:']";

// A line's hidden input says what it was read with: "department_tree|list read edit".
function seen(form) {
  const lines = new Map();
  for (const input of form.querySelectorAll("input[name^='row:']")) {
    const [scope, operations] = input.value.split("|");
    lines.set(input.name.slice(4), {
      scope: scope.split(" ")[0],
      operations: new Set(operations.split(" ")),
    });
  }
  return lines;
}

function isChanged(control, lines) {
  const [kind, entity, name] = control.name.split(":");
  if (kind === "grant") return control.checked !== lines.get(entity).operations.has(name);
  if (kind === "scope") return control.value !== lines.get(entity).scope;
  if (control.type === "checkbox") return control.checked !== control.defaultChecked;
  return [...control.options].some((option) => option.selected !== option.defaultSelected);
}

function flip(boxes) {
  const on = boxes.some((box) => !box.checked);
  for (const box of boxes) box.checked = on;
}

function visible(box) {
  return !box.disabled && !box.closest("tr").hidden && !box.closest("td").hidden;
}

// Fetches a line's own page and shows its departments and field rights below the line.
async function openDrawer(link) {
  const row = link.closest("tr");
  const open = row.nextElementSibling;
  if (open?.matches(".matrix-drawer")) {
    open.hidden = !open.hidden;
    link.setAttribute("aria-expanded", String(!open.hidden));
    return;
  }
  const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const body = page.querySelector("[data-drawer-body]");
  if (!body || row.nextElementSibling?.matches(".matrix-drawer")) return;
  const drawer = document.createElement("tr");
  drawer.className = "matrix-drawer";
  const cell = drawer.insertCell();
  cell.colSpan = row.cells.length;
  cell.append(document.adoptNode(body));
  row.after(drawer);
  link.setAttribute("aria-expanded", "true");
  startPickers(drawer);
}

// Which words name lines, which name columns, which fields: each word narrows what it names.
function meaning(word, rows, heads) {
  if (rows.some(({ name }) => name.includes(word))) return "name";
  if (heads.some((head) => head.includes(word))) return "column";
  return "fields";
}

function startSearch(form, search) {
  const rows = [...form.querySelectorAll("tr[data-entity]")].map((row) => ({
    row,
    name: `${row.querySelector(".matrix-name").textContent} ${row.dataset.entity}`.toLowerCase(),
    fields: row.dataset.fields.toLowerCase(),
  }));
  const columns = [...form.querySelectorAll("th[data-operation]")];
  const heads = columns.map((head) => `${head.textContent} ${head.dataset.operation}`.toLowerCase());

  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const kinds = words.map((word) => meaning(word, rows, heads));
    for (const one of rows) {
      one.row.hidden = !words.every((word, i) => kinds[i] === "column" || one[kinds[i]].includes(word));
      const drawer = one.row.nextElementSibling;
      if (drawer?.matches(".matrix-drawer")) drawer.hidden = true;
    }
    for (const [i, head] of columns.entries()) {
      const hidden = !words.every((word, j) => kinds[j] !== "column" || heads[i].includes(word));
      head.hidden = hidden;
      for (const { row } of rows) row.cells[head.cellIndex].hidden = hidden;
    }
    for (const body of form.querySelectorAll("tbody")) {
      const lines = [...body.querySelectorAll("tr[data-entity]")];
      body.hidden = lines.every((line) => line.hidden);
    }
  });
}

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

// The next box in that direction, however many cells without one lie between.
function neighbour(form, box, [down, right]) {
  const lines = [...form.querySelectorAll("tr[data-entity]:not([hidden])")];
  const cell = box.closest("td");
  let [line, column] = [lines.indexOf(box.closest("tr")), cell.cellIndex];
  for (;;) {
    line += down;
    column += right;
    const next = lines[line]?.cells[column];
    if (!next) return null;
    const found = !next.hidden && next.querySelector(BOX);
    if (found && !found.closest("tbody").hidden) return found;
  }
}

function startKeys(form) {
  form.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step || !event.target.matches(BOX)) return;
    event.preventDefault();
    neighbour(form, event.target, step)?.focus();
  });
}

function start(form) {
  const note = form.querySelector("[data-matrix-changes]");
  const lines = seen(form);

  function showChanges() {
    let count = 0;
    const controls = form.querySelectorAll("input[type=checkbox][name], td select[name]");
    for (const control of controls) {
      const changed = !control.disabled && isChanged(control, lines);
      control.closest(".matrix-field, .matrix-places, td").classList.toggle("changed", changed);
      count += Number(changed);
    }
    if (note) note.textContent = count ? note.dataset.text.replace("{n}", count) : "";
    form.classList.toggle("has-changes", count > 0);
  }

  form.addEventListener("change", (event) => {
    const drawer = event.target.closest("tr")?.querySelector("a[data-drawer]");
    const isChosen = event.target.matches("select[name^='scope:']") && event.target.value === "chosen";
    if (isChosen && drawer?.getAttribute("aria-expanded") !== "true") openDrawer(drawer);
    showChanges();
  });
  form.addEventListener("click", (event) => {
    const drawer = event.target.closest("a[data-drawer]");
    if (drawer && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      openDrawer(drawer).catch(() => window.location.assign(drawer.href));
      return;
    }
    const button = event.target.closest("[data-column], [data-row], [data-module]");
    if (!button) return;
    const { column } = button.dataset;
    const place = column ? form : button.closest(button.matches("[data-row]") ? "tr" : "tbody");
    const boxes = [...place.querySelectorAll(BOX)].filter(visible);
    flip(column ? boxes.filter((box) => box.name.endsWith(`:${column}`)) : boxes);
    showChanges();
  });
  const search = form.querySelector("[data-matrix-search]");
  if (search) startSearch(form, search);
  startKeys(form);
  showChanges();
}

// A search box over a list on the same page: `data-narrows` says which elements it narrows.
function startFind(input) {
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    for (const one of document.querySelectorAll(input.dataset.narrows)) {
      one.hidden = !one.textContent.toLowerCase().includes(wanted);
    }
  });
}

each(document, "form[data-form=matrix]", start);
each(document, "input[data-narrows]", startFind);
