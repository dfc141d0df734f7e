// Runs before the page is painted: picks light or dark, and tells the styles that scripts work.
(() => {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  function stored(key) {
    try {
      return window.localStorage.getItem(key);
    } catch {
      return null; // storage is switched off: the defaults hold
    }
  }

  function apply() {
    const choice = stored("haina.theme") || root.dataset.themeChoice || "system";
    const mode = choice === "system" ? (dark.matches ? "dark" : "light") : choice;
    root.dataset.bsTheme = mode;
    root.dataset.themeChoice = choice;
  }

  root.classList.add("js");
  root.classList.toggle("nav-rail", stored("haina.rail") === "1");
  apply();
  dark.addEventListener("change", apply);
  document.addEventListener("haina:theme", apply);
})();
