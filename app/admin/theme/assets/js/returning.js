// Coming back to a list from one of its records finds it as it was left: where it was scrolled to,
// what was ticked, which row was read (LIST-5). Kept in this window, for the list left last.
const KEY = "haina.list";

const region = () => document.getElementById("list-region");
const here = () => `${window.location.pathname}${window.location.search}`;
const frame = () => region().querySelector(".table-frame");

function leave() {
  if (!frame()) return;
  const ticked = [...region().querySelectorAll("input[name=ids]:checked")];
  const left = {
    url: here(),
    top: frame().scrollTop,
    left: frame().scrollLeft,
    page: window.scrollY,
    ids: ticked.map(({ value }) => value),
    all: Boolean(region().querySelector("input[name=all]")?.checked),
    row: document.activeElement.closest("tr[data-id]")?.dataset.id,
  };
  window.sessionStorage.setItem(KEY, JSON.stringify(left));
}

// Only whoever comes back: by the browser's own ways, or from a record of this very list.
function isReturn() {
  const [arrival] = performance.getEntriesByType("navigation");
  if (["back_forward", "reload"].includes(arrival?.type)) return true;
  const records = window.location.pathname.replace(/list\/$/, "show/");
  return document.referrer.startsWith(`${window.location.origin}${records}`);
}

function tick({ ids, all }) {
  const wanted = new Set(ids);
  const boxes = [...region().querySelectorAll("input[name=ids]")];
  for (const box of boxes) box.checked = wanted.has(box.value);
  const everything = region().querySelector("input[name=all]");
  if (everything) everything.checked = all;
  const told = all ? everything : boxes.find(({ checked }) => checked);
  told?.dispatchEvent(new Event("change", { bubbles: true }));
}

function restore() {
  const left = JSON.parse(window.sessionStorage.getItem(KEY) ?? "{}");
  if (left.url !== here() || !frame() || !isReturn()) return;
  tick(left);
  frame().scrollTo(left.left, left.top);
  window.scrollTo(0, left.page);
  const row = left.row && region().querySelector(`tr[data-id="${left.row}"]`);
  row?.querySelector("td[data-field] > a[href]")?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: "nearest" }); // in small windows something else may scroll
}

export function startReturning() {
  if (!region()) return;
  try {
    restore();
    window.addEventListener("pagehide", leave);
  } catch {
    // storage is switched off: the list starts at its top
  }
}
