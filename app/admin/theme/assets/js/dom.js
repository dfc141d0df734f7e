// Small words the other modules share.

const seen = new WeakMap();

// Calls `start` for each element under `root` that matches, once per element and starter.
export function each(root, selector, start) {
  for (const element of root.querySelectorAll(selector)) {
    const starters = seen.get(element) ?? new Set();
    if (!starters.has(start)) {
      starters.add(start);
      seen.set(element, starters);
      start(element);
    }
  }
}

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export function remember(key, value) {
  try {
    window.localStorage.setItem(`haina.${key}`, value);
  } catch {
    // storage is switched off: the choice holds for this page only
  }
}

export function recall(key) {
  try {
    return window.localStorage.getItem(`haina.${key}`);
  } catch {
    return null; // storage is switched off: the default holds
  }
}

// Posts plain values with the page's token; answers the response, whatever its status.
export function send(url, values = {}, how = {}) {
  const token = document.querySelector("input[name=csrf_token]")?.value ?? "";
  return fetch(url, {
    method: "POST",
    body: new URLSearchParams([["csrf_token", token], ...new URLSearchParams(values)]),
    headers: { Accept: "application/json" },
    ...how,
  });
}

export function forget(key) {
  try {
    window.localStorage.removeItem(`haina.${key}`);
  } catch {
    // storage is switched off: nothing was kept
  }
}

// The keys that begin like this.
export function remembered(start) {
  try {
    const keys = Object.keys(window.localStorage).filter((key) => key.startsWith(`haina.${start}`));
    return keys.map((key) => key.slice("haina.".length));
  } catch {
    return []; // storage is switched off
  }
}
