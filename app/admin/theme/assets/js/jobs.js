// Progress of background jobs (UI-7): in reports and lists of runs, and in the tray of every page.
// Asked for again only while something is under way and the window is in sight.
import { each } from "./dom.js";

const PACE = 1000;
const TRAY_PACE = 3000;

let enliven = () => {};

const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));

// Resolves at once in a window that is seen, else when it is looked at again.
function seen() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", resolve, { once: true });
  });
}

// What an address answers, as nodes; null for another page than the one we asked for.
async function part(url) {
  const answer = await fetch(url, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return null;
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// The job is over: where its report stands, the whole report takes the place of the progress.
async function finish(screen) {
  const { report } = screen.dataset;
  const page = await part(report ?? window.location.href);
  const fresh = page?.getElementById("screen");
  if (!fresh) return;
  if (screen.closest("dialog")) fresh.querySelector("h1")?.remove();
  screen.replaceWith(document.adoptNode(fresh));
  enliven(document);
}

async function follow(card) {
  let shown = card;
  while (shown.isConnected && shown.dataset.jobUrl) {
    await wait(PACE);
    await seen();
    if (!shown.isConnected) return;
    const fresh = (await part(shown.dataset.jobUrl))?.querySelector("[data-job]");
    if (!fresh) return;
    if (!fresh.dataset.jobUrl) return finish(shown.closest("#screen"));
    // A button that has the focus keeps it.
    if (!shown.contains(document.activeElement)) {
      shown.replaceWith(document.adoptNode(fresh));
      shown = fresh;
    } else {
      for (const name of [".job-head", "progress"]) {
        shown.querySelector(name).replaceWith(document.adoptNode(fresh.querySelector(name)));
      }
    }
  }
}

async function fillTray(tray) {
  const list = tray.querySelector(".menu-list");
  let running = true;
  while (running) {
    await seen();
    const page = await part(tray.dataset.tray);
    const jobs = page ? [...page.body.children] : [];
    running = jobs.length > 0;
    list.replaceChildren(...jobs.map((job) => document.adoptNode(job)));
    tray.hidden = !running;
    tray.querySelector("[data-count]").textContent = jobs.length;
    if (running) await wait(TRAY_PACE);
  }
}

let tray = null;

// Something may have been started: look now, unless somebody is looking already.
export function lookForJobs() {
  const element = document.querySelector("[data-tray]");
  if (!element || tray) return;
  tray = fillTray(element)
    .catch(() => {})
    .finally(() => {
      tray = null;
    });
}

export function startJobs(root, enlivener) {
  enliven = enlivener;
  each(root, "[data-job-url]", (card) => {
    lookForJobs();
    follow(card).catch(() => {});
  });
}
