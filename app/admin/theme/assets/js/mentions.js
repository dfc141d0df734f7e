// "@" in a text area with `data-mentions` offers colleagues; without script one types a username.
import { each, make } from "./dom.js";

const PAUSE = 150;
const BEGUN = /(?:^|[^A-Za-z0-9._%+\-/@])@([^\s@]{0,50})$/;

let numbers = 0;

// What is being typed after an "@" at the cursor; null when nothing is.
function begun(area) {
  if (area.selectionStart !== area.selectionEnd) return null;
  const found = BEGUN.exec(area.value.slice(0, area.selectionStart));
  return found && found[1];
}

class Mentions {
  constructor(area) {
    this.area = area;
    numbers += 1;
    this.list = make("ul", { className: "mention-list", id: `mentions-${numbers}`, hidden: true });
    this.list.setAttribute("role", "listbox");
    const box = make("div", { className: "mention-box" });
    area.before(box);
    box.append(area, this.list);
    area.setAttribute("aria-autocomplete", "list");
    area.setAttribute("aria-controls", this.list.id);
    area.addEventListener("input", () => this.look());
    area.addEventListener("click", () => this.look());
    area.addEventListener("keydown", (event) => this.key(event));
    area.addEventListener("blur", () => this.close());
    this.list.addEventListener("mousedown", (event) => this.clicked(event));
  }

  look() {
    window.clearTimeout(this.waiting);
    const words = begun(this.area);
    if (words === null) this.close();
    else this.waiting = window.setTimeout(() => this.ask(words), PAUSE);
  }

  // Answers may come in another order than questions: only the one about what stands there counts.
  async ask(words) {
    const address = new URL(this.area.dataset.mentions, window.location.href);
    address.searchParams.set("q", words);
    const answer = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
    const people = answer?.ok ? await answer.json() : [];
    if (words === begun(this.area) && document.activeElement === this.area) this.show(people);
  }

  show(people) {
    this.list.replaceChildren(...people.map((one, at) => this.entry(one, at)));
    this.list.hidden = !people.length;
    this.mark(0);
  }

  entry({ name, hint, text }, at) {
    const entry = make("li", { id: `${this.list.id}-${at}` }, make("span", { textContent: name }));
    if (hint) entry.append(make("small", { textContent: hint }));
    entry.setAttribute("role", "option");
    entry.dataset.text = text;
    return entry;
  }

  mark(at) {
    const entries = [...this.list.children];
    this.at = entries.length ? (at + entries.length) % entries.length : -1;
    for (const [number, entry] of entries.entries()) {
      entry.setAttribute("aria-selected", String(number === this.at));
    }
    const marked = entries[this.at];
    if (marked) {
      this.area.setAttribute("aria-activedescendant", marked.id);
      marked.scrollIntoView({ block: "nearest" });
    } else this.area.removeAttribute("aria-activedescendant");
  }

  key(event) {
    if (this.list.hidden || event.isComposing || event.ctrlKey || event.metaKey) return;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) this.mark(this.at + steps[event.key]);
    else if (event.key === "Enter" || event.key === "Tab") this.pick(this.list.children[this.at]);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  clicked(event) {
    event.preventDefault(); // the text area keeps its cursor
    const entry = event.target.closest("[role=option]");
    if (entry) this.pick(entry);
  }

  pick(entry) {
    const { area } = this;
    const end = area.selectionEnd;
    area.setRangeText(`${entry.dataset.text} `, end - begun(area).length - 1, end, "end");
    this.close();
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  close() {
    window.clearTimeout(this.waiting);
    this.list.hidden = true;
    this.list.replaceChildren();
    this.area.removeAttribute("aria-activedescendant");
  }
}

function start(area) {
  return new Mentions(area);
}

export function startMentions(root) {
  each(root, "textarea[data-mentions]", start);
}
