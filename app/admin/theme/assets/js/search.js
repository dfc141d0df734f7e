// The panel under the global search box: htmx fills it as one types, the keys walk through it.

const box = () => document.getElementById("global-search");
const panel = () => document.getElementById("search-panel");
const options = () => [...panel().querySelectorAll("a[role=option]")];
const chosen = () => panel().querySelector("[aria-selected=true]");

function show(isOpen) {
  panel().hidden = !isOpen;
  box().setAttribute("aria-expanded", String(isOpen));
  if (!isOpen) choose(null);
}

function choose(option) {
  chosen()?.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) box().setAttribute("aria-activedescendant", option.id);
  else box().removeAttribute("aria-activedescendant");
}

function step(by) {
  const all = options();
  if (!all.length) return;
  const from = all.indexOf(chosen());
  const start = from < 0 && by < 0 ? 0 : from;
  choose(all.at((start + by) % all.length));
}

function onKey(event) {
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (event.isComposing) return; // the keys belong to the input method for Chinese
  if (event.key in steps && !panel().hidden) {
    event.preventDefault();
    step(steps[event.key]);
  } else if (event.key === "Enter" && chosen()) {
    event.preventDefault();
    window.location.assign(chosen().href);
  } else if (event.key === "Escape") {
    event.preventDefault(); // the browser would empty the box at the first stroke
    if (panel().hidden) box().blur();
    else show(false);
  }
}

function filled(event) {
  if (event.detail?.ctx?.target !== panel()) return;
  choose(null);
  show(document.activeElement === box() && panel().childElementCount > 0);
}

export function startSearch() {
  if (!box()) return;
  box().addEventListener("keydown", onKey);
  box().addEventListener("input", () => box().value.trim() || show(false));
  box().addEventListener("focus", () => {
    show(Boolean(box().value.trim()) && panel().childElementCount > 0);
  });
  document.addEventListener("htmx:after:swap", filled);
  document.addEventListener("focusin", (event) => {
    if (!event.target.closest("[data-global-search]")) show(false);
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-global-search]")) show(false);
  });
}
