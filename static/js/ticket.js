/* The ticket page: focus that follows the tabs, a thread that stays at its end. */
(function () {
  document.addEventListener("click", (event) => {
    const jump = event.target.closest("[data-goto]");
    const place = jump && document.querySelector(jump.dataset.goto);
    if (place) (place.matches("a, button") ? place : place.querySelector("button, a, input"))?.focus();
    // A tab that is open already: its key still means "write here".
    const tab = event.target.closest("[role=tab]");
    if (tab) document.querySelector(`${tab.dataset.bsTarget} textarea`)?.focus();
  });
  document.addEventListener("shown.bs.tab", (event) => {
    document.querySelector(`${event.target.dataset.bsTarget} textarea`)?.focus();
  });

  /* What was sent is no draft any more, even if its last keystroke has not been kept yet. */
  document.addEventListener("htmx:beforeSwap", (event) => {
    const form = event.detail.requestConfig?.elt?.closest?.("form");
    if (!form || event.detail.xhr.status !== 200) return;
    form.querySelectorAll("[data-draft]").forEach((field) => {
      field.value = "";
      try { sessionStorage.removeItem(`draft:${field.dataset.draft}`); } catch { /* nothing was kept */ }
    });
  });

  /* Whoever reads the end goes on reading the end. */
  const region = () => document.querySelector(".c-thread-region");
  let atEnd = false;
  document.addEventListener("htmx:beforeSwap", () => {
    const node = region();
    atEnd = Boolean(node) && node.scrollHeight - node.scrollTop - node.clientHeight < 40;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const node = region();
    if (node && atEnd && event.detail.elt.id === "ticket-thread") node.scrollTop = node.scrollHeight;
  });
})();
