// Draws the calendar over the plain list of its days: where one is stands in the address, what is
// dragged is sent as the form of the entry would send it, and what is refused goes back.
import { openDialog } from "./dialog.js";
import { each, make, send } from "./dom.js";

const NAMES = { month: "dayGridMonth", week: "timeGridWeek", day: "timeGridDay", list: "listWeek" };
const TONES = { late: "alert-circle", today: "clock", over: "check" };
const NARROW = "(max-width: 640px)";
const zh = document.documentElement.lang.startsWith("zh");
const pad = (n) => String(n).padStart(2, "0");
// The calendar counts in the reader's own time and calls it UTC: no zone of the browser mixes in.
const dayOf = (date) => date.toISOString().slice(0, 10);
const wall = (date) => date.toISOString().slice(0, 19);

function icon(sprite, name) {
  const ns = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(ns, "svg");
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(ns, "use");
  use.setAttribute("href", `${sprite}#${name}`);
  drawing.append(use);
  return drawing;
}

class Pages {
  constructor(root) {
    this.root = root;
    this.data = root.dataset;
    this.page = root.closest(".calendar-page");
    this.kinds = new Map(JSON.parse(this.data.known).map((kind) => [kind.key, kind]));
    this.working = JSON.parse(this.data.working);
  }

  get view() {
    const now = this.calendar.view.type;
    return Object.keys(NAMES).find((name) => NAMES[name] === now);
  }

  address(view = this.view, day = dayOf(this.calendar.getDate())) {
    const said = new URLSearchParams({ view, date: day });
    if (new URLSearchParams(window.location.search).has("person")) {
      said.set("person", this.data.person);
    }
    return `${window.location.pathname}?${said}`;
  }

  isOff(day) {
    const { week, holidays, made_up: madeUp } = this.working;
    const at = (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;
    return !(day in madeUp) && (day in holidays || !week.includes(at));
  }

  dayClasses({ date }) {
    return this.isOff(dayOf(date)) ? ["is-off"] : [];
  }

  named({ date, dayNumberText }) {
    const { holidays, made_up: madeUp } = this.working;
    const name = madeUp[dayOf(date)] ?? holidays[dayOf(date)];
    if (!name) return dayNumberText;
    return { domNodes: [make("span", { className: "calendar-off", textContent: name }), document.createTextNode(` ${dayNumberText}`)] };
  }

  async fetched({ start, end }) {
    const asked = { first: dayOf(start), after: dayOf(end), person: this.data.person };
    const answer = await fetch(`${this.data.calendar}?${new URLSearchParams(asked)}`);
    if (!answer.ok) throw new Error(String(answer.status));
    const { entries } = await answer.json();
    this.makeRoom(entries);
    return entries.map((one) => this.event(one));
  }

  // The hours of a working day, and those of whatever lies outside of it.
  makeRoom(entries) {
    const timed = entries.filter((one) => !one.allDay);
    const hours = timed.flatMap(({ start, end }) => [start, end ?? start].map((t) => Number(t.slice(11, 13))));
    const overnight = timed.some(({ start, end }) => end && end.slice(0, 10) !== start.slice(0, 10));
    const first = overnight ? 0 : Math.min(7, ...hours);
    const last = overnight ? 24 : Math.max(20, ...hours.map((hour) => hour + 1));
    this.calendar.batchRendering(() => {
      this.calendar.setOption("slotMinTime", `${pad(first)}:00`);
      this.calendar.setOption("slotMaxTime", `${pad(last)}:00`);
    });
  }

  event({ start, end, allDay, id, title, url, movable, ...more }) {
    const kind = this.kinds.get(more.kind);
    const tone = more.over ? "over" : more.urgency;
    const classNames = ["calendar-entry", `tint-${kind.colour}`, ...(tone ? [tone] : []), ...(more.rest ? ["is-rest"] : [])];
    return { id, title, start, end: end ?? undefined, allDay, url, classNames, editable: Boolean(movable), durationEditable: Boolean(movable && end), extendedProps: { ...more, tone } };
  }

  words({ title, extendedProps: { kind, person, said, rest } }) {
    return rest ? title : [title, this.kinds.get(kind).label, person, said].filter(Boolean).join(" · ");
  }

  content({ event, timeText, view }) {
    const { kind, person, said, rest, tone } = event.extendedProps;
    const name = make("span", { className: "calendar-name", textContent: event.title });
    if (rest) return { domNodes: [name] };
    const { icon: drawing, label } = this.kinds.get(kind);
    const isList = view.type.startsWith("list");
    const nodes = [icon(this.data.sprite, drawing)];
    if (timeText && !event.allDay && !isList) {
      nodes.push(make("span", { className: "calendar-time", textContent: timeText }));
    }
    nodes.push(name);
    if (isList) {
      nodes.push(make("span", { className: "calendar-said", textContent: [label, person].filter(Boolean).join(" · ") }));
      if (said) nodes.push(make("b", { className: "calendar-tone", textContent: said }));
    } else {
      if (person) nodes.push(make("span", { className: "calendar-person", textContent: person }));
      if (tone) nodes.push(make("span", { className: "calendar-tone" }, icon(this.data.sprite, TONES[tone])));
      const more = [label, said].filter(Boolean).join(", ");
      nodes.push(make("span", { className: "visually-hidden", textContent: `(${more})` }));
    }
    return { domNodes: nodes };
  }

  // An entry's own page, from which one comes back to where one is now.
  pageOf(event) {
    const where = { view: this.view, date: dayOf(this.calendar.getDate()), person: this.data.person };
    return `${event.url.split("?")[0]}?${new URLSearchParams(where)}`;
  }

  opened({ event, jsEvent }) {
    if (event.extendedProps.rest || jsEvent.ctrlKey || jsEvent.metaKey) return;
    jsEvent.preventDefault();
    openDialog(this.pageOf(event), { title: event.title });
  }

  made({ date, allDay }) {
    if (!("creates" in this.data)) return;
    const at = allDay ? `${dayOf(date)}T09:00` : wall(date).slice(0, 16);
    const where = { at, view: this.view, date: dayOf(this.calendar.getDate()) };
    openDialog(`${this.data.creates}?${new URLSearchParams(where)}`, { title: "" });
  }

  refuse(message) {
    const note = this.page.querySelector("[data-refused]");
    note.textContent = message;
    note.hidden = !message;
  }

  async moved({ event, revert }) {
    this.refuse("");
    const { version } = event.extendedProps;
    const said = { version, starts: event.allDay ? dayOf(event.start) : wall(event.start) };
    if (event.end) said.ends = event.allDay ? dayOf(new Date(event.end - 86400000)) : wall(event.end);
    const answer = await send(this.pageOf(event), said).catch(() => null);
    if (!answer?.ok) {
      revert();
      const told = await answer?.json().catch(() => null);
      this.refuse(told?.message ?? this.data.failed);
    } else {
      this.page.querySelector("[data-announce]").textContent = this.data.moved.replace("{title}", event.title);
    }
    this.calendar.refetchEvents();
  }

  // Times stay times: what has none can't get one by being dropped, nor the other way round.
  fits({ allDay }, event) {
    return allDay === event.allDay;
  }

  shown({ view }) {
    if (!this.calendar) return;
    this.page.querySelector("[data-period]").textContent = view.title;
    for (const link of this.page.querySelectorAll("[data-view]")) {
      if (link === this.root) continue;
      link.href = this.address(link.dataset.view);
      link.classList.toggle("active", link.dataset.view === this.view);
      if (link.dataset.view === this.view) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    const here = { view: this.view, date: dayOf(this.calendar.getDate()) };
    for (const form of this.page.querySelectorAll("[data-whose], [data-kinds]")) {
      for (const [name, value] of Object.entries(here)) form.elements[name].value = value;
    }
    if (this.settled && this.address() !== window.location.pathname + window.location.search) {
      window.history.pushState(null, "", this.address());
    }
    this.settled = true;
  }

  came() {
    const said = new URLSearchParams(window.location.search);
    this.settled = false;
    this.calendar.changeView(NAMES[said.get("view") ?? this.first], said.get("date") ?? this.data.date);
    this.settled = true;
  }

  draw() {
    const narrow = window.matchMedia(NARROW).matches;
    this.first = narrow && !("chosen" in this.data) ? "list" : this.data.view;
    const clock = { hour: "2-digit", minute: "2-digit", hour12: false };
    this.calendar = new window.FullCalendar.Calendar(this.root, {
      timeZone: "UTC",
      now: this.data.now,
      locale: zh ? "zh-cn" : "en",
      firstDay: 1,
      initialView: NAMES[this.first],
      initialDate: this.data.date,
      headerToolbar: false,
      height: "auto",
      dayMaxEvents: 6,
      moreLinkClick: "day",
      moreLinkContent: ({ num }) => this.data.more.replace("{n}", num),
      navLinks: true,
      nowIndicator: true,
      defaultTimedEventDuration: "00:30",
      forceEventDuration: false,
      slotEventOverlap: false,
      eventTimeFormat: clock,
      slotLabelFormat: clock,
      allDayText: this.data.whole,
      noEventsText: this.data.empty,
      eventDisplay: "block",
      eventOrder: "start,id",
      longPressDelay: 300,
      dayCellClassNames: (info) => this.dayClasses(info),
      dayHeaderClassNames: (info) => this.dayClasses(info),
      // What a day holds is told as its content: a label of its number alone would stand before it.
      dayCellDidMount: ({ el }) => el.removeAttribute("aria-labelledby"),
      dayCellContent: (info) => this.named(info),
      eventContent: (info) => this.content(info),
      eventDidMount: ({ el, event }) => el.setAttribute("title", this.words(event)),
      events: (info, done, failed) => this.fetched(info).then(done, failed),
      eventSourceFailure: () => this.refuse(this.data.failed),
      eventAllow: (where, event) => this.fits(where, event),
      eventClick: (info) => this.opened(info),
      dateClick: (info) => this.made(info),
      eventDrop: (info) => this.moved(info),
      eventResize: (info) => this.moved(info),
      datesSet: (info) => this.shown(info),
    });
    this.calendar.render();
    this.shown({ view: this.calendar.view });
    for (const plain of this.page.querySelectorAll("[data-plain]")) plain.hidden = true;
  }

  listen() {
    const steps = { before: "prev", today: "today", after: "next" };
    this.page.addEventListener("click", (event) => {
      const link = event.target.closest("[data-go], nav [data-view]");
      if (!link || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      if (link.dataset.go) this.calendar[steps[link.dataset.go]]();
      else this.calendar.changeView(NAMES[link.dataset.view]);
    });
    this.page.querySelector("[data-kinds]").addEventListener("change", async (event) => {
      const answer = await send("kinds", new FormData(event.currentTarget)).catch(() => null);
      if (answer?.ok) this.calendar.refetchEvents();
      else this.refuse(this.data.failed);
    });
    window.addEventListener("popstate", () => this.came());
  }
}

each(document, "[data-calendar]", (root) => {
  if (!window.FullCalendar) return;
  const pages = new Pages(root);
  pages.draw();
  pages.listen();
});
