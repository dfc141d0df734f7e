// Looks for duplicates of what is being typed, a moment after the last key (CUS-7).
import { each, send } from "./dom.js";

const PAUSE = 500;

function typed(form, keys) {
  return keys.map((key) => [key, form.elements[key]?.value ?? ""]);
}

async function look(region, values) {
  const { url, besides } = region.dataset;
  const answer = await send(url, [...values, ["besides", besides]]);
  return answer.ok && !answer.redirected ? answer.text() : ""; // a page to log in is none of it
}

function start(region) {
  const form = region.closest("form");
  const keys = region.dataset.duplicates.split(" ");
  const isNew = form.hasAttribute("data-returned") && !region.childElementCount;
  let seen = isNew ? "" : JSON.stringify(typed(form, keys));
  let waiting = 0;
  async function again() {
    const values = typed(form, keys);
    const now = JSON.stringify(values);
    if (now === seen) return;
    seen = now;
    const html = await look(region, values).catch(() => "");
    if (seen === now) region.innerHTML = html;
  }
  if (isNew) again();
  form.addEventListener("input", (event) => {
    if (!keys.includes(event.target.name)) return;
    clearTimeout(waiting);
    waiting = setTimeout(again, PAUSE);
  });
}

// Beside a record they are looked for when its reader asks.
function ask(button) {
  button.addEventListener("click", async () => {
    const { looks, values, refused } = button.dataset;
    const answer = await send(looks, JSON.parse(values)).catch(() => ({}));
    const place = button.nextElementSibling;
    if (answer.ok && !answer.redirected) place.innerHTML = await answer.text();
    else place.textContent = refused;
  });
}

export function startDuplicates(root) {
  each(root, "[data-duplicates]", start);
  each(root, "button[data-looks]", ask);
}
