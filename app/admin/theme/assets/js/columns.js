// The head of a list's table: edges that are dragged, and columns that stay in sight.
import { each, make, send } from "./dom.js";

const NARROWEST = 48;
const STEP = 16;
const frozenSheet = new CSSStyleSheet();
document.adoptedStyleSheets.push(frozenSheet);

const heads = (table) => [...table.tHead.rows[0].cells];

// Every column keeps the width it has, so that the next one dragged moves nothing but itself.
function fix(table) {
  if (table.classList.contains("sized")) return;
  const widths = heads(table).map((head) => Math.round(head.getBoundingClientRect().width));
  const columns = widths.map((width) => Object.assign(make("col"), { width }));
  table.prepend(make("colgroup", {}, ...columns, make("col")));
  table.classList.add("sized");
}

const column = (table, head) => table.querySelector("colgroup").children[head.cellIndex];

function keep(table) {
  const widths = Object.fromEntries(
    heads(table)
      .filter((head) => head.dataset.column)
      .map((head) => [head.dataset.column, Number(column(table, head).width)]),
  );
  send(table.dataset.widths, { widths: JSON.stringify(widths) }).catch(() => {}); // for this page
}

function freeze(table) {
  const rules = [];
  let left = 0;
  let frozen = Number(table.dataset.frozen);
  for (const head of heads(table)) {
    if (head.dataset.column && frozen === 0) break;
    if (head.dataset.column) frozen -= 1;
    const cell = `.rows[data-frozen] :is(th, td):nth-child(${head.cellIndex + 1})`;
    rules.push(`${cell} { position: sticky; left: ${left}px; z-index: 2; }`);
    rules.push(`.rows[data-frozen] thead th:nth-child(${head.cellIndex + 1}) { z-index: 4; }`);
    left += head.getBoundingClientRect().width;
  }
  const narrow = "(min-width: 48.0625rem)";
  frozenSheet.replaceSync(`@media ${narrow} { ${rules.join("\n")} }`);
}

function resize(table, head, width) {
  column(table, head).width = Math.max(NARROWEST, Math.round(width));
  tell(head, Number(column(table, head).width));
}

// What somebody who can't see the edge hears of it (UI-9).
function tell(head, width) {
  const edge = head.querySelector(".edge");
  edge.ariaValueNow = String(width);
  edge.ariaValueMin = String(NARROWEST);
}

function drag(table, head, event) {
  const edge = event.currentTarget;
  event.preventDefault();
  fix(table);
  const from = event.clientX;
  const before = Number(column(table, head).width);
  edge.setPointerCapture(event.pointerId);
  const move = (now) => resize(table, head, before + now.clientX - from);
  const stop = () => {
    edge.removeEventListener("pointermove", move);
    freeze(table);
    keep(table);
  };
  edge.addEventListener("pointermove", move);
  edge.addEventListener("lostpointercapture", stop, { once: true });
}

function nudge(table, head, event) {
  const step = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
  if (!step) return;
  event.preventDefault();
  fix(table);
  resize(table, head, Number(column(table, head).width) + step);
  freeze(table);
  keep(table);
}

function start(table) {
  for (const head of heads(table).filter((one) => one.dataset.column)) {
    const edge = make("span", { className: "edge", tabIndex: 0, role: "separator" });
    edge.ariaOrientation = "vertical";
    edge.ariaLabel = head.textContent.trim();
    edge.addEventListener("pointerdown", (event) => drag(table, head, event));
    edge.addEventListener("keydown", (event) => nudge(table, head, event));
    head.append(edge);
    tell(head, head.offsetWidth);
  }
  freeze(table);
}

// The choice shows at once; the server is told in passing.
function startDensity(form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const compact = document.getElementById("list-region").classList.toggle("dense");
    send(form.action, { density: form.elements.density.value }).catch(() => {});
    form.elements.density.value = compact ? "comfortable" : "compact";
    form.querySelector("button").ariaPressed = String(compact);
  });
}

export function startColumns(root) {
  each(root, "table[data-widths]", start);
  each(root, "form[data-density]", startDensity);
}
