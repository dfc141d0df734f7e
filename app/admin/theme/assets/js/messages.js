// The list behind the bell: whoever opens a message has read it (NOTE).
import { send } from "./dom.js";

export function startMessages() {
  const list = document.querySelector("[data-messages]");
  list?.addEventListener("click", (event) => {
    const line = event.target.closest("a") && event.target.closest("li.unread");
    if (line) send(list.dataset.messages, { id: line.dataset.id }, { keepalive: true }).catch(() => {});
  });
}
