// Calendars over date inputs; what is posted stays ISO text.
import { each } from "./dom.js";

const zh = document.documentElement.lang.startsWith("zh");

// Beside the input and inside the window, also over a dialog whose content scrolls.
function place(calendar) {
  const box = calendar.input.getBoundingClientRect();
  const { calendarContainer: sheet } = calendar;
  const below = box.bottom + 4;
  const fits = below + sheet.offsetHeight <= window.innerHeight;
  const top = fits ? below : Math.max(4, box.top - sheet.offsetHeight - 4);
  const left = Math.max(4, Math.min(box.left, window.innerWidth - sheet.offsetWidth - 8));
  sheet.classList.add("pinned");
  sheet.style.top = `${top}px`;
  sheet.style.left = `${left}px`;
}

function start(input) {
  const withTime = input.dataset.date === "datetime";
  const value = input.value.replace("T", " ");
  const calendar = window.flatpickr(input, {
    allowInput: true,
    enableTime: withTime,
    time_24hr: true,
    dateFormat: withTime ? "Y-m-d H:i" : "Y-m-d",
    defaultDate: value || null,
    locale: { ...(zh ? window.flatpickr.l10ns.zh : {}), firstDayOfWeek: 1 },
    appendTo: input.closest("dialog, .menu") ?? undefined,
    position: place,
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !calendar.isOpen) return;
    event.preventDefault(); // closes the calendar, not the dialog around it
    event.stopPropagation();
    calendar.close();
  });
}

export function startDates(root) {
  if (window.flatpickr) each(root, "input[data-date]", start);
}
