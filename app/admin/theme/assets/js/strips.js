// Tabs and roles may stand in a row longer than the window: the chosen one is brought into sight.
import { each } from "./dom.js";

function show(chosen) {
  chosen.scrollIntoView({ block: "nearest", inline: "center" });
}

export function startStrips(root) {
  each(root, ":is(.tabs, .matrix-roles) .active", show);
}
