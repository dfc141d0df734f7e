// Cards of a board: where one is dropped is sent as its menu would send it. What the server doesn't
// take is put back by loading the page again, which says why.
import { each, send } from "./dom.js";

function announce(board, item) {
  const list = item.closest("[data-bucket]");
  const place = [...list.children].indexOf(item) + 1;
  board.querySelector("[data-announce]").textContent = board.dataset.moved
    .replace("{name}", item.dataset.name)
    .replace("{column}", list.dataset.name)
    .replace("{place}", place);
}

// Numbers and menus as they are now, with what others have moved meanwhile.
async function refresh(board, id) {
  const answer = await fetch(window.location.href);
  if (!answer.ok || board.querySelector(".sortable-chosen")) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-board]");
  board.replaceWith(fresh);
  startBoard(document);
  const item = fresh.querySelector(`[data-id="${id}"]`);
  if (item) announce(fresh, item);
}

async function moved(board, { item, from, to }) {
  const answer = await send(board.dataset.board, {
    id: item.dataset.id,
    person: board.dataset.person,
    was: from.dataset.bucket,
    to: to.dataset.bucket,
    before: item.nextElementSibling?.dataset.id ?? "",
  }).catch(() => null);
  if (answer?.status === 204) await refresh(board, item.dataset.id);
  else window.location.reload();
}

function start(board) {
  for (const list of board.querySelectorAll("[data-bucket]")) {
    window.Sortable.create(list, {
      group: "board",
      animation: 120,
      filter: "button, summary, .menu-list",
      preventOnFilter: false,
      delay: 150,
      delayOnTouchOnly: true,
      onEnd: (event) => {
        if (event.from !== event.to || event.oldIndex !== event.newIndex) moved(board, event);
      },
    });
  }
}

function startBoard(root) {
  each(root, "[data-board][data-movable]", start);
}

startBoard(document);
