// What the answers to partial requests may do to the page.
import { letGo } from "./inputs.js";

function wanted(context) {
  return typeof context.select === "string" && context.select.startsWith("#")
    ? `id="${context.select.slice(1)}"`
    : null;
}

// An answer without the region we asked for is another page (log-in, an error): go there. A whole
// page in answer to a request for a detail, as the number on the bell, is dropped.
function followStrangers(event) {
  const { ctx: context } = event.detail;
  const mark = wanted(context);
  const isPage = /<html[\s>]/i.test(context.text);
  if (mark ? context.text.includes(mark) : !isPage) return;
  event.preventDefault();
  if (mark) window.location.assign(context.response.raw.url);
}

function retryAsPage(event) {
  const context = event.detail.ctx;
  const { action, method } = context?.request ?? {};
  if (action && method === "GET" && wanted(context)) window.location.assign(action);
}

// What is swapped away takes its calendars and pickers along.
function leave(event) {
  const { target } = event.detail.ctx;
  if (!target?.querySelectorAll) return;
  letGo(target);
  dropStyles(target);
}

// htmx copies `style` from leaving elements to arriving ones of the same id, which the content
// security policy reports; pickers and calendars leave such attributes behind.
function dropStyles(target) {
  for (const element of target.querySelectorAll("[id][style]")) element.removeAttribute("style");
}

function showBusy(on) {
  const sign = document.querySelector(".busy");
  if (!sign) return;
  sign.classList.toggle("on", on);
  sign.textContent = on ? sign.dataset.busy : "";
}

export function startSwaps(enliven) {
  document.addEventListener("htmx:before:request", (event) => {
    showBusy(Boolean(wanted(event.detail.ctx)));
  });
  document.addEventListener("htmx:finally:request", () => showBusy(false));
  document.addEventListener("htmx:after:request", followStrangers);
  document.addEventListener("htmx:before:swap", leave);
  document.addEventListener("htmx:after:swap", () => enliven(document));
  document.addEventListener("htmx:error", retryAsPage);
}
