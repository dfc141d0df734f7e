// The first page: filters apply when chosen, cards move by drag and by keys, a failed card says so.
import { drawCharts, savePicture } from "./charts.js";
import { each, make } from "./dom.js";

const board = document.querySelector("[data-board]");
const lens = document.querySelector("[data-lens]");

function showMore(select) {
  const more = lens.querySelector(`[data-lens-for^="${select.name}="]`);
  const isWanted = more?.dataset.lensFor === `${select.name}=${select.value}`;
  more?.toggleAttribute("data-off", !isWanted);
  return isWanted;
}

// Most choices are complete by themselves; people and dates still have to be said.
function choose(event) {
  if (!event.target.matches("label > select:not([multiple])")) return;
  if (!showMore(event.target)) lens.requestSubmit();
}

function order() {
  return [...board.querySelectorAll("[data-card]")].map((card) => card.dataset.card);
}

function keepOrder() {
  const content = new URLSearchParams({ csrf_token: board.dataset.token, order: order().join() });
  return fetch(board.dataset.board, { method: "POST", body: content, redirect: "manual" });
}

function say(text) {
  const sign = document.querySelector(".busy");
  if (sign) sign.textContent = text;
}

function lift(handle) {
  const card = handle.closest("[data-card]");
  handle.addEventListener("dragstart", (event) => {
    card.classList.add("lifted");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", card.dataset.card);
    event.dataTransfer.setDragImage(card, 20, 20);
  });
  handle.addEventListener("dragend", () => {
    card.classList.remove("lifted");
    keepOrder();
  });
  handle.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 }[event.key];
    const other = step === -1 ? card.previousElementSibling : card.nextElementSibling;
    if (!step || !other) return;
    event.preventDefault();
    if (step === -1) other.before(card);
    else other.after(card);
    handle.focus();
    say(board.dataset.moved);
    keepOrder();
  });
}

function dragOver(event) {
  const lifted = board.querySelector(".lifted");
  const other = event.target.closest("[data-card]");
  if (!lifted) return;
  event.preventDefault();
  if (!other || other === lifted) return;
  const isBehind = lifted.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
  if (isBehind) other.after(lifted);
  else other.before(lifted);
}

function ask(body) {
  body.dispatchEvent(new Event("ask"));
}

// One card's error stays in that card (DASH), with a way to ask again.
function fail(body) {
  const again = make("button", { type: "button", className: "btn btn-sm" }, body.dataset.again);
  again.addEventListener("click", () => ask(body));
  const sentence = make("p", {}, body.dataset.failed);
  const note = make("div", { className: "nothing" }, sentence, again);
  note.setAttribute("role", "alert");
  body.replaceChildren(note);
}

function watch(event) {
  const body = event.target.closest?.("[data-card-body]");
  const status = event.detail.ctx?.response?.status;
  if (body && event.detail.ctx && (event.type === "htmx:error" || status >= 400)) fail(body);
}

document.addEventListener("htmx:after:request", watch);
document.addEventListener("htmx:error", watch);
document.addEventListener("htmx:after:swap", () => drawCharts(document));
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-picture]");
  if (button) savePicture(button.closest("[data-card]"));
});
lens?.addEventListener("change", choose);
if (board) {
  // Only now does somebody hear how it ends; a turn later, htmx is awake for certain.
  window.setTimeout(() => each(board, "[data-card-body]", ask));
  each(board, "[data-handle]", lift);
  board.addEventListener("dragover", dragOver);
  board.addEventListener("drop", (event) => event.preventDefault());
}
drawCharts(document);
