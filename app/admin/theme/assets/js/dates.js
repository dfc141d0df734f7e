// Calendars over date inputs; what is posted stays ISO text.
import { each } from "./dom.js";

const zh = document.documentElement.lang.startsWith("zh");

function start(input) {
  const withTime = input.dataset.date === "datetime";
  const value = input.value.replace("T", " ");
  window.flatpickr(input, {
    allowInput: true,
    enableTime: withTime,
    time_24hr: true,
    dateFormat: withTime ? "Y-m-d H:i" : "Y-m-d",
    defaultDate: value || null,
    locale: { ...(zh ? window.flatpickr.l10ns.zh : {}), firstDayOfWeek: 1 },
    static: Boolean(input.closest("dialog, .menu-panel")),
  });
}

export function startDates(root) {
  if (window.flatpickr) each(root, "input[data-date]", start);
}
