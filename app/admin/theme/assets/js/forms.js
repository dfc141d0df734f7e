// Typing without a mouse and without loss: Ctrl+Enter saves, "/" searches, leaving asks first.
import { each } from "./dom.js";

const guarded = new Map();

function content(form) {
  return new URLSearchParams(new FormData(form)).toString();
}

function changed(form) {
  return form.isConnected && guarded.has(form) && content(form) !== guarded.get(form);
}

function guard(form) {
  const note = form.querySelector("[data-unsaved]");
  const show = () => {
    if (note) note.hidden = !changed(form);
  };
  window.setTimeout(() => {
    guarded.set(form, "returned" in form.dataset ? "" : content(form));
    show();
  }); // after pickers took over their inputs
  form.addEventListener("input", show);
  form.addEventListener("change", show);
  form.addEventListener("submit", () => guarded.delete(form));
}

// What was typed is on its way: leaving asks no more.
export function release() {
  guarded.clear();
}

function grow(area) {
  const fit = () => {
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  };
  area.addEventListener("input", fit);
  if (area.value) fit();
}

// One press, one request (BULK-8): the second submit of the same form waits for the answer.
function onlyOnce(form) {
  form.addEventListener("submit", (event) => {
    if (form.closest("dialog") || event.defaultPrevented) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
}

// A field that means something only beside certain values of another one is hidden beside others.
function depend(field) {
  const [key, ...values] = field.dataset.onlyWith.split(" ");
  const other = field.closest("form").elements[key];
  const show = () => {
    field.hidden = !values.includes(other.value);
  };
  other.addEventListener("change", show);
  show();
}

function saveKey(event) {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const form =
    document.activeElement?.closest("form[method=post]") ??
    document.querySelector("form[data-guard]");
  if (!form) return;
  event.preventDefault();
  event.stopPropagation(); // an open picker would take Enter for a choice
  form.requestSubmit(form.querySelector("[data-save]") ?? undefined);
}

let started = false;

function startKeys() {
  if (started) return;
  started = true;
  document.addEventListener("keydown", saveKey, true);
  window.addEventListener("beforeunload", (event) => {
    if ([...guarded.keys()].some(changed)) event.preventDefault();
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
}

export function startForms(root) {
  startKeys();
  each(root, "form[data-guard]", guard);
  each(root, "form[method=post]", onlyOnce);
  each(root, "textarea[data-grow]", grow);
  each(root, "[data-only-with]", depend);
  if (!root.querySelector("[autofocus]")) root.querySelector(".notice[data-autofocus]")?.focus();
}
