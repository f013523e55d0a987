/* Counts SLA chips down between two refreshes, by the server's clock. The server's text stays the truth. */
(function () {
  const { word } = window.crm;
  const offset = Date.parse(document.documentElement.dataset.now) - Date.now() || 0;
  const SOON = 3600;
  const ICONS = { "": "clock", soon: "hourglass-split", breached: "exclamation-triangle-fill" };
  const two = (n) => String(n).padStart(2, "0");

  function left(seconds) {
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return `${two(minutes)}:${two(seconds % 60)}`;
    if (minutes < 1440) return `${Math.floor(minutes / 60)}:${two(minutes % 60)}`;
    return word("days_left", { n: Math.floor(minutes / 1440), h: Math.floor((minutes % 1440) / 60) });
  }
  function over(seconds) {
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return word("over_minutes", { n: minutes });
    if (minutes < 2880) return word("over_hours", { n: `${Math.floor(minutes / 60)}:${two(minutes % 60)}` });
    return word("over_days", { n: Math.floor(minutes / 1440) });
  }

  function draw(chip, now) {
    const due = Date.parse(chip.dataset.due);
    const rest = Math.floor((due - now) / 1000);
    // A breach once recorded stands, whatever this clock says.
    const late = rest <= 0 || chip.classList.contains("c-sla--breached");
    const state = late ? "breached" : rest < SOON ? "soon" : "";
    const text = late ? over(Math.max(-rest, 0)) : left(rest);
    const place = chip.querySelector("[data-left]") || chip;
    if (place.textContent !== text) place.textContent = text;
    const start = Date.parse(chip.dataset.start || "");
    if (start && due > start) {
      chip.style.setProperty("--burn", String(Math.min(100, Math.max(0, Math.round((now - start) / (due - start) * 100)))));
    }
    if (chip.dataset.state === state) return;
    chip.dataset.state = state;
    for (const name of ["soon", "breached"]) chip.classList.toggle(`c-sla--${name}`, state === name);
    const icon = chip.querySelector("i");
    if (icon) icon.className = `bi bi-${ICONS[state]}`;
  }

  function stopwatch(node, now) {
    const seconds = Math.max(0, Math.floor((now - Date.parse(node.dataset.since)) / 1000));
    node.textContent = seconds < 3600 ? `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`
      : `${Math.floor(seconds / 3600)}:${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`;
  }

  function tick() {
    if (document.hidden) return;
    const now = Date.now() + offset;
    document.querySelectorAll(".c-sla[data-due]").forEach((chip) => draw(chip, now));
    document.querySelectorAll("[data-since]").forEach((node) => stopwatch(node, now));
  }
  tick();
  setInterval(tick, 1000);
  document.addEventListener("visibilitychange", tick);
  document.addEventListener("htmx:afterSettle", tick);
})();
