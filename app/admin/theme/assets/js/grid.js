// A table of records as a grid: arrow keys walk what is in its rows, Tab stops at it once (UI-9).
import { each } from "./dom.js";

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const CONTROLS = "a[href], input, button";
const DOUBLE_CLICK = 300; // milliseconds
let opening = 0;
let leavesEditor = false;

// Whether the reader may edit that cell in place (LIST-5).
export function isEditable(cell) {
  const keys = cell?.closest("table[data-cells]")?.dataset.editable.split(" ") ?? [];
  return keys.includes(cell.dataset.field) && !cell.closest("tr").hasAttribute("data-fixed");
}

// What stands for a cell when it has the focus: the name is its link, others are themselves.
export function focusOf(cell) {
  const isName = cell.dataset.field && !cell.dataset.label;
  return (isName && cell.querySelector("a[href]")) || cell;
}

const isStop = (control) => control.offsetParent && !control.matches(".cell-pencil");

function stops(row) {
  return [...row.cells].flatMap((cell) => {
    const inside = [...cell.querySelectorAll(CONTROLS)].filter(isStop);
    const itself = isEditable(cell) ? focusOf(cell) : null;
    if (itself === cell || !inside.length) return [cell, ...inside];
    return inside;
  });
}

function rowsOf(table) {
  return [...table.tBodies[0].rows];
}

function take(table, stop) {
  for (const other of table.querySelectorAll('tbody [tabindex="0"]')) other.tabIndex = -1;
  stop.tabIndex = 0;
}

function near(list, place) {
  return list[Math.max(0, Math.min(place, list.length - 1))];
}

function target(event, table) {
  const rows = rowsOf(table);
  const row = event.target.closest("tr");
  const here = stops(row);
  const place = here.indexOf(event.target);
  if (event.key === "Home") return (event.ctrlKey ? stops(rows[0]) : here)[0];
  if (event.key === "End") return (event.ctrlKey ? stops(rows.at(-1)) : here).at(-1);
  const [down, right] = STEPS[event.key] ?? [0, 0];
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return null;
  if (right) return near(here, place + right);
  return down ? near(stops(near(rows, rows.indexOf(row) + down)), place) : null;
}

function walk(event) {
  const table = event.currentTarget;
  if (event.key === " " && event.target.matches("td")) {
    event.preventDefault();
    event.target.closest("tr").querySelector("input[name=ids]")?.click();
    return;
  }
  const isHead = event.target.closest("thead") && event.key === "ArrowDown";
  const here = table.querySelector('tbody [tabindex="0"]');
  const next = isHead ? here : event.target.closest("tbody") && target(event, table);
  if (!next) return;
  event.preventDefault();
  next.focus();
}

// A click beside everything that can be pressed opens the record (LIST-5), unless it marks text or
// leaves an editor; where a second click would edit the cell, a moment later.
function open(event) {
  const cell = event.target.closest("td[data-field]");
  const link = cell?.closest("tr").querySelector("td[data-field]:not([data-label]) > a[href]");
  stay();
  if (!link || leavesEditor || event.target.closest(`${CONTROLS}, label`)) return;
  if (!window.getSelection().isCollapsed || event.detail > 1) return;
  if (isEditable(cell)) opening = window.setTimeout(() => link.click(), DOUBLE_CLICK);
  else link.click();
}

function stay() {
  window.clearTimeout(opening);
}

function press() {
  leavesEditor = Boolean(document.querySelector(".cell-editor"));
}

function start(table) {
  const rows = rowsOf(table);
  stay();
  if (!rows.length) return;
  table.setAttribute("role", "grid");
  table.setAttribute("aria-label", table.parentElement.getAttribute("aria-label"));
  for (const stop of rows.flatMap(stops)) stop.tabIndex = -1;
  take(table, focusOf(rows[0].querySelector("td[data-field]") ?? rows[0].cells[0]));
  table.addEventListener("keydown", walk);
  table.addEventListener("keydown", stay);
  table.tBodies[0].addEventListener("pointerdown", press);
  table.tBodies[0].addEventListener("click", open);
  table.tBodies[0].addEventListener("focusin", ({ target: stop }) => take(table, stop));
}

export function startGrids(root) {
  each(root, "#list-region table.rows", start);
}
