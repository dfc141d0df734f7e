// Editing a cell where it stands (LIST-5): its input comes from the server, lies over the cell, and
// goes away when it is saved. What is refused stays with what was typed.
import { make } from "./dom.js";
import { focusOf, isEditable } from "./grid.js";
import { letGo } from "./inputs.js";
import { finishTag } from "./pickers.js";

const BELOW = 320; // pixels that a list of choices wants
const MOVES = new Set(["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"]);
const PATIENCE = 20_000; // milliseconds
let enliven = () => {};
let editor = null; // the cell being edited, the box over it, what its form held at first
let isBusy = false;
let waiting = []; // keys pressed while the server is asked: they are meant for what comes

const content = (form) => new URLSearchParams(new FormData(form)).toString();
const tagsIn = (form) => form.querySelector("[data-tags]")?.tomselect;
const isChanged = ({ form, before }) => "kept" in form.dataset || content(form) !== before;

async function ask(url, how = {}) {
  const headers = { Accept: "application/json" };
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(PATIENCE), ...how });
  return { ok: answer.ok, ...(await answer.json()) };
}

// Does one thing with the server at a time, then plays the keys that were pressed meanwhile.
async function busy(work) {
  isBusy = true;
  try {
    await work();
  } finally {
    isBusy = false;
  }
  replay();
}

function place() {
  const at = editor.cell.getBoundingClientRect();
  const { box } = editor;
  box.style.minWidth = `${Math.max(at.width, 224)}px`;
  box.style.top = `${at.top}px`;
  box.style.left = `${Math.max(8, Math.min(at.left, window.innerWidth - box.offsetWidth - 8))}px`;
  box.classList.toggle("up", window.innerHeight - at.top < BELOW);
}

function show(cell, html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const box = editor?.box ?? make("div", { className: "cell-editor" });
  box.replaceChildren(...page.body.childNodes);
  if (!editor) document.getElementById("main").append(box);
  const form = box.querySelector("form");
  editor = { cell, box, form, isTouched: false };
  enliven(box);
  editor.before = content(form);
  place();
  focusOn(form);
}

function focusOn(form) {
  const picker = form.querySelector("select")?.tomselect ?? tagsIn(form);
  const input = picker ?? form.querySelector(".form-control, select, input[type=checkbox]");
  input.focus();
  if (form.contains(document.activeElement)) document.activeElement.select?.();
}

function say(text) {
  const note = editor.form.querySelector("#cell-error");
  note.hidden = false;
  note.lastElementChild.textContent = text;
  place();
}

function close() {
  const { cell, box } = editor;
  editor = null;
  letGo(box);
  box.remove();
  return cell;
}

// Puts what the server says into the cell; the star beside a name stays.
function fill(cell, html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const star = cell.querySelector(".star");
  const [was, is] = [cell.querySelector(":scope > a[href]"), page.body.querySelector("a[href]")];
  if (was?.pathname === is?.pathname && was) is.href = was.href; // it leads along the list
  cell.replaceChildren(...(star ? [star] : []), ...page.body.childNodes);
  for (const inner of cell.querySelectorAll("a")) inner.tabIndex = -1;
}

function announce(cell) {
  cell.classList.remove("saved");
  void cell.offsetWidth; // so that the mark appears again when it is still there
  cell.classList.add("saved");
  const sign = document.querySelector(".busy");
  if (sign) sign.textContent = cell.closest("table").dataset.saved;
}

async function open(cell) {
  if (!cell.isConnected) return;
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  focusOf(cell).focus();
  const table = cell.closest("table");
  const url = `${table.dataset.cells}${cell.closest("tr").dataset.id}/${cell.dataset.field}`;
  await busy(async () => {
    try {
      const { ok, html, message } = await ask(url);
      if (ok) show(cell, html);
      else refuse(cell, message);
    } catch {
      refuse(cell, table.dataset.unreachable);
    }
  });
}

// No input came: says why, beside the cell, until the reader turns away.
function refuse(cell, text) {
  waiting = [];
  const note = make("p", { className: "cell-editor cell-refusal", role: "alert", textContent: text });
  document.getElementById("main").append(note);
  const at = cell.getBoundingClientRect();
  note.style.top = `${at.bottom}px`;
  note.style.left = `${Math.max(8, Math.min(at.left, window.innerWidth - note.offsetWidth - 8))}px`;
  cell.addEventListener("blur", () => note.remove(), { once: true, capture: true });
}

// Saves and then goes to `next`; stays with the input when the server refuses.
async function save(next) {
  const { cell, form } = editor;
  const tags = tagsIn(form);
  if (tags) finishTag(tags);
  if (!isChanged(editor)) return leave(next);
  await busy(async () => {
    try {
      const body = new URLSearchParams(new FormData(form));
      const answer = await ask(form.action, { method: "POST", body });
      if (editor?.form !== form) return; // its list was swapped away meanwhile
      if (answer.ok) {
        fill(cell, answer.cell);
        announce(cell);
        leave(next);
        return;
      }
      waiting = [];
      if (!answer.html) say(answer.message);
      else {
        fill(cell, answer.cell);
        show(cell, answer.html);
      }
    } catch {
      waiting = [];
      if (editor?.form === form) say(cell.closest("table").dataset.unreachable);
    }
  });
  return undefined;
}

function leave(next) {
  const cell = close();
  if (next === null) return;
  focusOf(cell).focus();
  if (next) waiting.unshift({ open: next });
  if (!isBusy) replay();
}

function neighbour(cell, isBack) {
  const cells = [...cell.closest("tbody").querySelectorAll("td[data-field]")].filter(isEditable);
  return cells[cells.indexOf(cell) + (isBack ? -1 : 1)];
}

// The choice that is marked in an open list counts, once the reader has done something there.
function choose(event) {
  const picker = editor.form.querySelector("select")?.tomselect;
  if (!picker?.isOpen || !editor.isTouched || !picker.activeOption) return;
  picker.onOptionSelect(event, picker.activeOption);
}

// In a box of tags Enter finishes the one being typed or marked; when there is none, it saves.
function isTagging({ form, isTouched }) {
  const picker = tagsIn(form);
  return picker && (picker.inputValue() || (isTouched && picker.isOpen && picker.activeOption));
}

function press({ key, shiftKey, event }) {
  const tags = tagsIn(editor.form);
  if (key === "Escape") leave();
  else if (key === "Enter" && tags && finishTag(tags)) editor.isTouched = false;
  else if (key === "Tab" || key === "Enter") {
    if (event) choose(event);
    save(key === "Tab" ? neighbour(editor.cell, shiftKey) : undefined);
  } else type(key);
}

function type(text) {
  const input = document.activeElement;
  if (!editor.box.contains(input) || !input.matches("input:not([type=checkbox]), textarea")) return;
  input.setRangeText(text, input.selectionStart ?? 0, input.selectionEnd ?? 0, "end");
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

// Nothing is being edited any more: the key was meant for the cell that has the focus.
function pressInGrid({ key }) {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  document.activeElement.dispatchEvent(event);
}

function replay() {
  while (waiting.length && !isBusy) {
    const one = waiting.shift();
    if (one.open) open(one.open);
    else if (editor && !MOVES.has(one.key)) press(one);
    else if (!editor && (MOVES.has(one.key) || one.key === "Enter")) pressInGrid(one);
  }
}

function hold(event) {
  const isText = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (!isText && !MOVES.has(event.key) && !["Tab", "Enter", "Escape"].includes(event.key)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  waiting.push({ key: event.key, shiftKey: event.shiftKey });
}

function listen(event) {
  if (isBusy) return hold(event);
  if (event.isComposing || !editor?.box.contains(event.target)) return undefined;
  const isLine = event.target.matches("textarea") && !event.ctrlKey && !event.metaKey;
  if (event.target.closest("button") && event.key === "Enter") return undefined;
  const isTag = event.key === "Enter" && isTagging(editor);
  if (!["Escape", "Tab", "Enter"].includes(event.key) || (event.key === "Enter" && isLine) || isTag) {
    editor.isTouched = !isTag;
    return undefined;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  press({ key: event.key, shiftKey: event.shiftKey, event });
  return undefined;
}

function begin(event) {
  const cell = event.target.closest?.("td[data-field]");
  const onCell = event.key === "Enter" && event.target === cell;
  if (!cell || !isEditable(cell) || !(event.key === "F2" || onCell)) return;
  event.preventDefault();
  open(cell);
}

// Turning to something else saves; a calendar lies outside the box and belongs to it.
function turnAway(event) {
  if (!editor || isBusy || editor.box.contains(event.target)) return;
  if (event.target.closest(".flatpickr-calendar")) return;
  save(null);
}

function pencil(event) {
  const cell = event.target.closest?.("td[data-field]");
  if (!cell || cell.querySelector(".cell-pencil") || !isEditable(cell)) return;
  document.querySelector("td > .cell-pencil")?.remove();
  const template = cell.closest(".table-frame").querySelector("template[data-pencil]");
  cell.append(template.content.cloneNode(true));
}

export function startCells(enlivener) {
  enliven = enlivener;
  document.addEventListener("keydown", listen, true);
  document.addEventListener("keydown", begin);
  document.addEventListener("pointerdown", turnAway);
  document.addEventListener("pointerover", pencil);
  document.addEventListener("focusin", pencil);
  document.addEventListener("dblclick", (event) => {
    const cell = event.target.closest("td[data-field]");
    if (cell && isEditable(cell) && !event.target.closest("a, button")) open(cell);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest(".cell-pencil")) open(event.target.closest("td"));
    if (!event.target.closest("[data-cell-cancel]")) return;
    leave();
  });
  document.addEventListener("submit", (event) => {
    if (event.target !== editor?.form) return;
    event.preventDefault();
    if (!isBusy) save();
  });
  document.addEventListener("scroll", () => editor && place(), { capture: true, passive: true });
  document.addEventListener("htmx:before:swap", ({ detail }) => {
    if (editor && detail.ctx.target?.contains?.(editor.cell)) close();
  });
}
