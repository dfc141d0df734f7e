// What somebody typed into a form and didn't save, kept in this browser for himself (UI-6): only
// what he changed, never a masked value. It is offered when he comes back, also after a session
// has ended; gone when it was saved, when he discards it, and when he logs out.
import { each, forget, make, recall, remember, remembered } from "./dom.js";
import { fill, inputs, valueOf } from "./inputs.js";

const PREFIX = "draft.";
const SENT = "sent-draft";
const KEPT_FOR = 7 * 24 * 60 * 60 * 1000;
const PAUSE = 400;

const keyOf = (form) => PREFIX + form.dataset.draft;

function read(key) {
  try {
    return JSON.parse(recall(key));
  } catch {
    return null;
  }
}

function hidden(form, name) {
  return form.querySelector(`input[type=hidden][name="${name}"]`);
}

function original(form) {
  try {
    return JSON.parse(hidden(form, "original")?.value ?? "{}");
  } catch {
    return {};
  }
}

// The changed values by field, with what they started from, so that a save still finds a conflict.
function collect(form, start) {
  const before = original(form);
  const values = {};
  const from = {};
  for (const [name, control] of inputs(form)) {
    const value = valueOf(control);
    if (JSON.stringify(value) === JSON.stringify(start.get(name))) continue;
    values[name] = value;
    if (name in before) from[name] = before[name];
  }
  return { values, from };
}

function restore(form, draft) {
  for (const [name, control] of inputs(form)) {
    if (name in draft.values) fill(control, draft.values[name]);
  }
  const sealed = hidden(form, "original");
  const version = hidden(form, "row_version");
  if (sealed) sealed.value = JSON.stringify({ ...original(form), ...draft.from });
  if (version && draft.version) version.value = draft.version;
}

function offer(form, key, draft) {
  const time = new Date(draft.at).toLocaleString(document.documentElement.lang);
  const words = form.dataset.draftFound.replace("{time}", time);
  const yes = make("button", { type: "button", className: "btn btn-sm btn-primary" });
  const no = make("button", { type: "button", className: "btn btn-sm" });
  yes.textContent = form.dataset.draftRestore;
  no.textContent = form.dataset.draftDiscard;
  const note = make("div", { className: "notice notice-info draft-offer" }, words, yes, no);
  note.setAttribute("role", "status");
  yes.addEventListener("click", () => {
    restore(form, draft);
    note.remove();
    form.dispatchEvent(new Event("input", { bubbles: true }));
  });
  no.addEventListener("click", () => {
    forget(key);
    note.remove();
  });
  form.prepend(note);
}

function keep(form) {
  const key = keyOf(form);
  const returned = "returned" in form.dataset;
  const earlier = returned ? read(key) : null; // what a refused form holds was typed before
  const version = earlier?.version ?? hidden(form, "row_version")?.value ?? "";
  let start = new Map();
  let timer = 0;
  let kept = false;

  function save() {
    window.clearTimeout(timer);
    if (!form.isConnected) return;
    const now = collect(form, start);
    const values = { ...earlier?.values, ...now.values };
    const from = { ...now.from, ...earlier?.from };
    const isEmpty = !Object.keys(values).length;
    if (!isEmpty) remember(key, JSON.stringify({ values, from, version, at: Date.now() }));
    else if (kept) forget(key);
    kept = !isEmpty;
  }

  function soon() {
    window.clearTimeout(timer);
    timer = window.setTimeout(save, PAUSE);
  }

  window.setTimeout(() => {
    start = new Map(inputs(form).map(([name, control]) => [name, valueOf(control)]));
    const draft = read(key);
    if (draft && !returned && form.dataset.draftFound) offer(form, key, draft);
    else if (draft && !returned) restore(form, draft);
  });
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  window.addEventListener("pagehide", () => timer && save());
  form.addEventListener("submit", () => {
    save();
    remember(SENT, key);
  });
}

// A form that was sent and isn't here any more has been saved, unless we stand before an error or
// the log-in; there, the draft waits.
function settle() {
  const key = recall(SENT);
  if (!key) return;
  forget(SENT);
  const shown = document.querySelector(`form[data-draft="${CSS.escape(key.slice(PREFIX.length))}"]`);
  const returned = shown && "returned" in shown.dataset;
  const failed = document.body.matches(".guest") || document.querySelector("#screen[data-status]");
  if (!returned && !failed) forget(key);
}

function sweep() {
  for (const key of remembered(PREFIX)) {
    const draft = read(key);
    if (!draft || Date.now() - draft.at > KEPT_FOR) forget(key);
  }
}

export function startDrafts(root) {
  if (root === document) {
    settle();
    sweep();
  }
  each(root, "form[data-draft]", keep);
  each(root, 'form[action$="/logout/"]', (form) => {
    form.addEventListener("submit", () => remembered(PREFIX).forEach(forget));
  });
}
