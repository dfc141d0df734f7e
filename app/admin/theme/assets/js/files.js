// Files of a record: dropped or chosen, they are sent at once and with progress (R15).
import { each } from "./dom.js";
import { tooLarge } from "./sizes.js";

function say(form, text) {
  const place = form.querySelector("[data-wrong]");
  place.textContent = text;
  place.hidden = !text;
  form.querySelector("progress").hidden = true;
}

function wrong(form, answer) {
  try {
    const { fields, message } = JSON.parse(answer.responseText);
    return Object.values(fields ?? {}).flat().join(" ") || message;
  } catch {
    return form.dataset.failed; // not an answer of ours
  }
}

function upload(form, files) {
  const large = tooLarge(files, form.dataset);
  say(form, large);
  if (large) return;
  const body = new FormData(form);
  body.delete("file");
  for (const file of files) body.append("file", file);
  const bar = form.querySelector("progress");
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    bar.value = total ? (100 * loaded) / total : 0;
  });
  request.addEventListener("load", () => {
    if (request.status === 200) window.location.assign(JSON.parse(request.responseText).url);
    else say(form, wrong(form, request));
  });
  request.addEventListener("error", () => say(form, form.dataset.failed));
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  bar.hidden = false;
  request.send(body);
}

function enliven(form) {
  const input = form.querySelector("input[type=file]");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.files.length) upload(form, input.files);
  });
  for (const kind of ["dragenter", "dragover"]) {
    form.addEventListener(kind, (event) => {
      event.preventDefault();
      form.classList.add("is-over");
    });
  }
  form.addEventListener("dragleave", () => form.classList.remove("is-over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("is-over");
    if (event.dataTransfer.files.length) upload(form, event.dataTransfer.files);
  });
}

export function startFiles(root) {
  each(root, "form[data-files]", enliven);
}
