// How many rows match: a page has counted a little way only, the rest is asked for here (LIST-1).
import { each } from "./dom.js";

async function count(total, region) {
  const answer = await fetch(total.dataset.counting);
  if (!answer.ok || !total.isConnected) return; // by now it is another list
  const told = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const piece of told.querySelectorAll("[data-counted]")) {
    region.querySelector(`[data-counted="${piece.dataset.counted}"]`)?.replaceWith(piece);
  }
  region.querySelector("form[data-bulk]")?.dispatchEvent(new Event("change"));
}

export function startCounting(root) {
  each(root, "[data-counting]", (total) => {
    count(total, total.closest("#list-region")).catch(() => {});
  });
}
