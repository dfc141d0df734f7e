// Dragging a branch of the tree: where it is dropped is sent as the form beside it would.
import { each } from "./dom.js";

function send(form, { item, to }) {
  const next = item.nextElementSibling;
  form.elements.id.value = item.dataset.id;
  form.elements.row_version.value = item.dataset.version;
  form.elements.to.value = to.dataset.branch;
  form.elements.before.value = next ? next.dataset.id : "";
  form.requestSubmit();
}

function grow(form) {
  for (const branch of form.closest(".tree").querySelectorAll("[data-branch]")) {
    window.Sortable.create(branch, {
      group: "tree",
      handle: "[data-grip]",
      animation: 120,
      fallbackOnBody: true,
      swapThreshold: 0.6,
      emptyInsertThreshold: 12,
      onEnd: (event) => {
        if (event.from !== event.to || event.oldIndex !== event.newIndex) send(form, event);
      },
    });
  }
}

each(document, "form[data-tree]", grow);
