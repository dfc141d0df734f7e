// What the answers to partial requests may do to the page.

function wanted(context) {
  return typeof context.select === "string" && context.select.startsWith("#")
    ? `id="${context.select.slice(1)}"`
    : null;
}

// An answer without the region we asked for is another page (log-in, an error): go there.
function followStrangers(event) {
  const { ctx: context } = event.detail;
  const mark = wanted(context);
  if (!mark || context.text.includes(mark)) return;
  event.preventDefault();
  window.location.assign(context.response.raw.url);
}

// htmx copies `style` from leaving elements to arriving ones of the same id, which the content
// security policy reports; pickers and calendars leave such attributes behind.
function dropStyles(event) {
  const { target } = event.detail.ctx;
  for (const element of target?.querySelectorAll?.("[id][style]") ?? []) {
    element.removeAttribute("style");
  }
}

function showBusy(on) {
  const sign = document.querySelector(".busy");
  if (!sign) return;
  sign.classList.toggle("on", on);
  sign.textContent = on ? sign.dataset.busy : "";
}

export function startSwaps(enliven) {
  document.addEventListener("htmx:before:request", () => showBusy(true));
  document.addEventListener("htmx:finally:request", () => showBusy(false));
  document.addEventListener("htmx:after:request", followStrangers);
  document.addEventListener("htmx:before:swap", dropStyles);
  document.addEventListener("htmx:after:swap", () => enliven(document));
  document.addEventListener("htmx:error", (event) => {
    const action = event.detail.ctx?.request?.action;
    if (action && event.detail.ctx.request.method === "GET") window.location.assign(action);
  });
}
