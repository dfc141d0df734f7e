// Confirmations and bulk steps in a dialog over the page they concern: the same pages that work
// on their own are fetched, and their #screen is shown.

import { make } from "./dom.js";
import { release } from "./forms.js";
import { letGo } from "./inputs.js";

let enliven = () => {};
let asked = 0; // what is shown is the answer to the last request, and none once the dialog is closed
const KEPT = "haina.notices";
// A picker's select is out of sight: the focus belongs into the input that stands for it. One that
// needn't be answered is passed by: it would open over the buttons.
const OPTIONAL = ".field:has(select.tomselected:not([required]))";
const FIRST = `[data-autofocus], .field:not(${OPTIONAL}) input, .field select:not(.tomselected), .btn-primary`;

const dialog = () => document.getElementById("dialog");
const body = () => document.getElementById("dialog-body");

async function download(answer) {
  const named = /filename\*=UTF-8''([^;]+)/i.exec(answer.headers.get("Content-Disposition") ?? "");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = named ? decodeURIComponent(named[1]) : "";
  link.click();
  URL.revokeObjectURL(link.href);
  dialog().close();
}

function reload() {
  release(); // what was typed has been sent
  window.location.reload();
}

// The answer that said where to go on has used up the server's messages: they go along with us.
function leave(url, page) {
  const notices = [...page.querySelectorAll("main > .notice")].map((notice) => notice.outerHTML);
  try {
    window.sessionStorage.setItem(KEPT, notices.join(""));
  } catch {
    // storage is switched off: the page itself shows what happened
  }
  release(); // what was typed has been sent
  window.location.assign(url);
}

function showKept() {
  let kept = "";
  try {
    kept = window.sessionStorage.getItem(KEPT) ?? "";
    window.sessionStorage.removeItem(KEPT);
  } catch {
    return; // storage is switched off
  }
  const notices = new DOMParser().parseFromString(kept, "text/html").querySelectorAll(".notice");
  document.getElementById("main").prepend(...notices);
}

function fill(...nodes) {
  letGo(body());
  body().replaceChildren(...nodes);
}

async function show(answer) {
  if (!answer.headers.get("Content-Type")?.startsWith("text/html")) return download(answer);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const screen = page.getElementById("screen");
  const ours = screen?.matches("[data-dialog-ready], [data-status]");
  if (answer.redirected && !ours) return leave(answer.url, page);
  fill(...(screen ? [document.adoptNode(screen)] : []));
  const head = body().querySelector("h1"); // the page's heading is ours: it names the record
  if (head) document.getElementById("dialog-title").textContent = head.textContent.trim();
  head?.remove();
  enliven(body());
  body().querySelector(FIRST)?.focus();
  return undefined;
}

async function load(url, content) {
  asked += 1;
  const mine = asked;
  dialog().classList.add("loading");
  try {
    const plain = content && ![...content.values()].some((value) => value instanceof File);
    const answer = await fetch(url, {
      method: content ? "POST" : "GET",
      body: plain ? new URLSearchParams(content) : content,
      headers: { Accept: "text/html" },
    });
    if (mine === asked) await show(answer);
    else if (answer.redirected) reload(); // something was done that nobody waited for
  } finally {
    if (mine === asked) dialog().classList.remove("loading");
  }
}

// Opens `url` in the dialog; with `body` (form data) it is posted.
export function openDialog(url, { title, body: content }) {
  document.getElementById("dialog-title").textContent = title;
  fill();
  if (!dialog().open) dialog().showModal();
  load(url, content).catch(() => window.location.reload());
}

// No answer came: what was typed stays, and its reader hears why nothing goes on.
function warn() {
  const { unreachable: textContent } = dialog().dataset;
  const note = make("p", { className: "notice notice-danger", role: "alert", textContent });
  body().querySelector(":scope > .notice")?.remove();
  body().prepend(note);
}

function submit(event) {
  const form = event.target;
  const action = event.submitter?.getAttribute("formaction") ?? form.getAttribute("action");
  event.preventDefault();
  const content = new FormData(form, event.submitter);
  const get = form.method !== "post";
  const url = get ? `${action}?${new URLSearchParams(content)}` : action;
  load(url, get ? undefined : content).catch(warn);
}

// A form of the page whose answer belongs into the dialog: what was typed stays behind it.
function sendFromPage(event) {
  const form = event.target;
  if (!form.matches("form[data-in-dialog]")) return;
  event.preventDefault();
  event.stopPropagation();
  openDialog(form.action, { title: form.dataset.inDialog, body: new FormData(form) });
}

// Escape first closes an open calendar or picker, and a stray click loses no typed values.
function keepOpen(event) {
  if (dialog().querySelector(".flatpickr-calendar.open, .ts-wrapper.dropdown-active")) {
    event.preventDefault();
  }
}

function finish() {
  if (body().querySelector("[data-step=report]")) window.location.reload();
  asked += 1;
  dialog().classList.remove("loading");
  fill();
}

export function startDialog(enlivener) {
  enliven = enlivener;
  if (!dialog()) return;
  showKept();
  body().addEventListener("submit", submit);
  document.addEventListener("submit", sendFromPage, true);
  dialog().addEventListener("cancel", keepOpen);
  dialog().addEventListener("close", finish);
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("a[data-dialog]");
    const outside = event.target === dialog() && !body().querySelector(".field");
    const closer = event.target.closest("[data-dialog-close]");
    if (outside || (closer && dialog().contains(closer))) {
      event.preventDefault();
      dialog().close();
    } else if (opener && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      openDialog(opener.href, { title: opener.textContent.trim() || opener.ariaLabel });
    }
  });
}
