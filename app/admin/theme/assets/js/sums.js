// The sums of the whole filter, under their columns; asked for when the page is there (LIST-6).
import { each } from "./dom.js";

async function fill(foot) {
  const answer = await fetch(foot.dataset.sums, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  for (const [key, sum] of Object.entries(await answer.json())) {
    const cell = foot.querySelector(`[data-sum="${key}"]`);
    if (cell) Object.assign(cell, { textContent: sum.text, title: sum.exact });
  }
}

export function startSums(root) {
  each(root, "tfoot[data-sums]", (foot) => fill(foot).catch(() => {}));
}
