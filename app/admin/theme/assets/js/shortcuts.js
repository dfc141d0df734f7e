// Keys that lead to what the page already has (UI-14). Which there are says one table, written
// into the page by the server, which lists them in the help panel too.

const GO_MILLISECONDS = 1500;
let leaving = 0; // when "g" was pressed

function first(selectors) {
  for (const selector of selectors) {
    const found = document.querySelector(selector);
    if (found) return found;
  }
  return null;
}

function focus(selectors) {
  const box = first(selectors);
  box?.focus();
  box?.select?.();
  return box;
}

function click(selectors) {
  const found = first(selectors);
  found?.focus();
  found?.click();
  return found;
}

// The next or previous row from where the focus is; the first or last when it is nowhere.
function step(selectors, by) {
  const rows = [...document.querySelectorAll("main tr[data-id]")];
  const links = rows.map((row) => row.querySelector(selectors[0])).filter(Boolean);
  const here = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  const wanted = links[here < 0 ? (by > 0 ? 0 : links.length - 1) : here + by];
  wanted?.focus();
  wanted?.scrollIntoView({ block: "nearest" });
  return wanted;
}

function tick() {
  const box = document.activeElement?.closest("tr[data-id]")?.querySelector("[name=ids]");
  box?.click();
  return box;
}

const DOES = {
  focus,
  click,
  tick,
  next: (selectors) => step(selectors, 1),
  previous: (selectors) => step(selectors, -1),
};

function isElsewhere(event) {
  const writes = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
  return (
    event.defaultPrevented ||
    event.isComposing ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    event.target.closest?.(`${writes}, dialog`) ||
    document.querySelector("dialog[open]")
  );
}

function go(key) {
  const wanted = [...document.querySelectorAll("[data-go]")].find((to) => to.dataset.go === key);
  wanted?.click();
  return wanted;
}

export function startShortcuts() {
  const text = document.querySelector("[data-shortcuts]")?.dataset.shortcuts;
  if (!text) return;
  const { go: leader, keys } = JSON.parse(text);
  document.addEventListener("keydown", (event) => {
    if (isElsewhere(event)) return;
    const isLeaving = Date.now() - leaving < GO_MILLISECONDS;
    leaving = 0;
    if (event.key === leader && !isLeaving) {
      leaving = Date.now();
      return;
    }
    const known = Object.hasOwn(keys, event.key) ? keys[event.key] : null;
    const done = isLeaving ? go(event.key) : known && DOES[known.does](known.at);
    if (done) event.preventDefault();
  });
}
