// Files that were chosen and not sent yet, by name; pictures also as they look.
import { each, make } from "./dom.js";

const HEIGHT = 72;

// The picture, small; null for what this browser can't show.
async function drawn(file) {
  if (!file.type.startsWith("image/")) return null;
  try {
    const picture = await createImageBitmap(file, { resizeHeight: HEIGHT });
    const canvas = make("canvas", { width: picture.width, height: HEIGHT });
    canvas.getContext("2d").drawImage(picture, 0, 0);
    picture.close();
    return canvas;
  } catch {
    return null; // broken: whether it is taken is said when it is sent
  }
}

async function line(file) {
  const picture = await drawn(file);
  return make("li", {}, ...(picture ? [picture] : []), file.name);
}

function enliven(input) {
  const list = make("ul", { className: "chosen-files" });
  input.after(list);
  let latest = 0;
  async function show() {
    const mine = ++latest;
    const lines = await Promise.all([...input.files].map(line));
    if (mine === latest) list.replaceChildren(...lines);
  }
  input.addEventListener("change", show);
  input.form.addEventListener("reset", () => list.replaceChildren());
}

export function startPreviews(root) {
  each(root, "input[type=file][data-previews]", enliven);
}
