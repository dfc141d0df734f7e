// Menus close when the reader turns away; the navigation opens on narrow screens; notices go.
import { each, recall, remember } from "./dom.js";

const OPEN_MENUS = "details.menu[open]";

function closeMenus(except) {
  for (const menu of document.querySelectorAll(OPEN_MENUS)) {
    if (!except || !menu.contains(except)) menu.open = false;
  }
}

function closeOnEscape(event) {
  if (event.key !== "Escape") return;
  const menu = document.activeElement?.closest(OPEN_MENUS);
  closeMenus();
  menu?.querySelector("summary").focus();
  document.documentElement.classList.remove("nav-shown");
}

function stepThrough(event) {
  const menu = event.target.closest?.(`${OPEN_MENUS}`);
  if (!menu?.querySelector(".menu-list") || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  event.preventDefault();
  const entries = [...menu.querySelectorAll(".menu-list a, .menu-list button")];
  const step = event.key === "ArrowDown" ? 1 : -1;
  const next = entries.indexOf(document.activeElement) + step;
  entries.at(next % entries.length)?.focus();
}

// A menu hangs from the right edge of its button; where that is off the window, from the left one.
function hang({ target }) {
  const list = target.matches?.(OPEN_MENUS) && target.querySelector(".menu-list, .menu-panel");
  if (!list) return;
  target.classList.remove("hangs-left");
  target.classList.toggle("hangs-left", list.getBoundingClientRect().left < 0);
}

function switchNavigation(event) {
  const opens = event.target.closest("[data-nav-open]");
  if (!opens && !event.target.closest("[data-nav-close]")) return;
  event.preventDefault();
  document.documentElement.classList.toggle("nav-shown", Boolean(opens));
  document.querySelector(opens ? "#navigation a" : "[data-nav-open]")?.focus();
}

function keepGroup(group) {
  const key = `nav.${group.dataset.navGroup}`;
  group.open = recall(key) !== "closed" || Boolean(group.querySelector(".active"));
  group.addEventListener("toggle", () => remember(key, group.open ? "open" : "closed"));
}

export function startMenus() {
  each(document, "[data-nav-group]", keepGroup);
  document.addEventListener("click", (event) => {
    const chosen = event.target.closest(".menu-list :is(a, button:not([data-theme-to]))");
    closeMenus(chosen ? null : event.target);
    switchNavigation(event);
    event.target.closest("[data-close-notice]")?.closest(".notice").remove();
  });
  document.addEventListener("toggle", hang, true); // it doesn't bubble
  document.addEventListener("keydown", closeOnEscape);
  document.addEventListener("keydown", stepThrough);
}
