// Stars change where they stand; without a script the same button posts a form.
import { send } from "./dom.js";

async function toggle(button) {
  const { ok } = await send(button.getAttribute("formaction"), { on: button.value });
  if (!ok) throw new Error("refused");
  const isOn = button.value === "1";
  button.setAttribute("aria-pressed", String(isOn));
  button.value = isOn ? "0" : "1";
}

export function startStars() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.star");
    if (!button) return;
    event.preventDefault();
    toggle(button).catch(() => button.form.requestSubmit(button)); // the page says what is wrong
  });
}
