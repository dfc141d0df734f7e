// Ticking rows: whole page, ranges with Shift, or everything that matches; the bar tells how many.
import { openDialog } from "./dialog.js";
import { each } from "./dom.js";

function start(form) {
  const bar = form.querySelector("[data-bulk-bar]");
  const count = form.querySelector("[data-bulk-count]");
  const page = form.querySelector("[data-pick-page]");
  const everything = form.elements.all;
  const boxes = [...form.querySelectorAll("input[name=ids]")];
  const allText = () => form.querySelector("[data-all-text]").dataset.allText;
  let last = null;

  function show() {
    const ticked = boxes.filter((box) => box.checked).length;
    const all = Boolean(everything?.checked);
    bar.classList.toggle("on", all || ticked > 0);
    bar.classList.toggle("all", all);
    count.textContent = all ? allText() : bar.dataset.countText.replace("{n}", ticked);
    page.checked = all || (ticked > 0 && ticked === boxes.length);
    page.indeterminate = !all && ticked > 0 && ticked < boxes.length;
    for (const box of boxes) box.closest("tr").classList.toggle("picked", all || box.checked);
  }

  function tickAll(on) {
    for (const box of boxes) box.checked = on;
    if (everything && !on) everything.checked = false;
    show();
  }

  form.addEventListener("click", (event) => {
    const at = boxes.indexOf(event.target);
    if (at >= 0 && event.shiftKey && last !== null) {
      const [from, to] = [Math.min(at, last), Math.max(at, last)];
      for (const box of boxes.slice(from, to + 1)) box.checked = event.target.checked;
    }
    if (at >= 0) last = at;
    if (event.target.closest("[data-bulk-clear]")) tickAll(false);
  });
  form.addEventListener("change", (event) => {
    if (event.target === page) tickAll(page.checked);
    else if (event.target === everything && everything.checked) tickAll(true);
    else if (event.target.name === "ids" && everything && !event.target.checked) {
      everything.checked = false;
    }
    show();
  });
  form.addEventListener("submit", (event) => {
    if (!event.submitter?.dataset.operation) return;
    event.preventDefault();
    openDialog(event.submitter.formAction, {
      title: event.submitter.textContent.trim(),
      body: new FormData(form, event.submitter),
    });
  });
  show();
}

export function startBulk(root) {
  each(root, "form[data-bulk]", start);
}
