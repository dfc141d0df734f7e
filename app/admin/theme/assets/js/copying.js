// Copies the address of a list, with how many rows its sender saw (UI-15).
import { make } from "./dom.js";

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = make("textarea", { value: text }); // without https there is only the old way
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
  return undefined;
}

export function startCopying() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy-link]");
    if (!button) return;
    const address = new URL(button.dataset.copyLink, window.location.href);
    copy(address.href).then(() => {
      button.classList.add("saved");
      document.querySelector(".busy").textContent = button.dataset.copied;
      button.title = button.dataset.copied;
    });
  });
}
