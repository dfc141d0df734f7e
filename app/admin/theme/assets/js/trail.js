// The reader's trail (UI-15): tells the server which record's page is looked at, and fills the menu
// of those looked at lately when it is opened.
import { send } from "./dom.js";

function leave() {
  const { pathname } = window.location;
  if (!document.querySelector(".screen-show #screen[data-id]")) return;
  send(pathname.replace("/show/", "/viewed/"), {}, { keepalive: true }).catch(() => {});
}

async function fill(menu) {
  const answer = await fetch(menu.dataset.recent);
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  menu.querySelector(".menu-list").replaceChildren(...page.body.childNodes);
}

export function startTrail() {
  leave();
  for (const menu of document.querySelectorAll("details[data-recent]")) {
    menu.addEventListener("toggle", () => menu.open && fill(menu).catch(() => {}));
  }
}
