// Canned phrases: a text area with `data-phrases` gets a button that puts them in.
import { each, make } from "./dom.js";

// At the cursor, in the place of what is selected; a blank parts it from the words before.
function insert(area, phrase) {
  const { selectionStart: start, selectionEnd: end, value } = area;
  const before = value.slice(0, start);
  const gap = before && !/\s$/.test(before) && /^\w/.test(phrase) ? " " : "";
  const room = area.maxLength < 0 ? Infinity : area.maxLength - value.length + (end - start);
  area.focus();
  area.setRangeText(`${gap}${phrase}`.slice(0, room), start, end, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

function entry(area, menu, phrase) {
  const button = make("button", { type: "button", textContent: phrase });
  button.addEventListener("click", () => {
    menu.open = false;
    insert(area, phrase);
  });
  return button;
}

async function fill(area, menu) {
  if (!menu.open) return;
  const answer = await fetch(menu.dataset.url, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { own, company } = await answer.json();
  const list = menu.querySelector(".menu-list");
  const entries = (some) => some.map((phrase) => entry(area, menu, phrase));
  const line = own.length && company.length ? [make("hr")] : [];
  const edit = list.querySelector("a");
  list.replaceChildren(...entries(own), ...line, ...entries(company), make("hr"), edit);
}

function start(area) {
  const menu = document.querySelector("#phrase-menu")?.content.firstElementChild.cloneNode(true);
  if (!menu) return;
  menu.addEventListener("toggle", () => fill(area, menu));
  area.after(menu);
}

export function startPhrases(root) {
  each(root, "textarea[data-phrases]", start);
}
