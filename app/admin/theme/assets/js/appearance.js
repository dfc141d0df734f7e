// Light or dark, wide or narrow navigation: kept in this browser.
import { remember } from "./dom.js";

const root = document.documentElement;

function showTheme() {
  for (const button of document.querySelectorAll("[data-theme-to]")) {
    const isChosen = button.dataset.themeTo === root.dataset.themeChoice;
    button.setAttribute("aria-pressed", String(isChosen));
  }
}

function chooseTheme(button) {
  remember("theme", button.dataset.themeTo);
  root.dataset.themeChoice = button.dataset.themeTo;
  document.dispatchEvent(new Event("haina:theme"));
  showTheme();
}

function toggle(className, key, on) {
  root.classList.toggle(className, on);
  remember(key, on ? "1" : "");
}

export function startAppearance() {
  showTheme();
  document.addEventListener("click", (event) => {
    const theme = event.target.closest("[data-theme-to]");
    if (theme) chooseTheme(theme);
    if (event.target.closest("[data-rail]")) {
      toggle("nav-rail", "rail", !root.classList.contains("nav-rail"));
    }
  });
}
