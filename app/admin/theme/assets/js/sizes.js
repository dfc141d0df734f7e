// Files too large for us: said as soon as they are chosen, and not sent (R15).
import { each, make } from "./dom.js";

const MB = 1024 * 1024;

// What is wrong with these files; empty for nothing. The limits and the words for them are `said`
// in the page, by the macro `sizes`.
export function tooLarge(files, said) {
  const large = [...files].find((file) => file.size > Number(said.most) * MB);
  if (large) return `${large.name}: ${said.tooLarge}`;
  const sum = [...files].reduce((size, file) => size + file.size, 0);
  return sum > Number(said.together) * MB ? said.tooMuch : "";
}

function enliven(input) {
  const place = make("p", { className: "field-error", hidden: true });
  place.setAttribute("role", "alert");
  input.after(place);
  const said = () => {
    place.textContent = tooLarge(input.files, input.dataset);
    place.hidden = !place.textContent;
    return place.textContent;
  };
  input.addEventListener("change", said);
  input.form.addEventListener("reset", () => {
    place.hidden = true;
  });
  const hold = (event) => {
    if (!said()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    input.closest("details")?.setAttribute("open", "");
    input.focus();
  };
  input.form.addEventListener("submit", hold, { capture: true }); // before whoever sends it
}

export function startSizes(root) {
  each(root, "input[type=file][data-most]", enliven);
}
