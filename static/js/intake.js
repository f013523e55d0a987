/* The call in progress: what htmx does not do. Taking a suggestion, promising a time, Alt with the arrows between the
   steps, and the last words of a page that is closed. */
(function () {
  const form = document.getElementById("call-form");
  if (!form) return;
  const offset = Date.parse(document.documentElement.dataset.now) - Date.now() || 0;
  const changed = (field) => field.dispatchEvent(new Event("input", { bubbles: true }));
  let dirty = false;
  let ending = false;

  function set(name, value) {
    const field = form.elements[name];
    if (!field || !value) return;
    field.value = value; // a select, or the radio buttons of that name
    changed(field instanceof RadioNodeList ? form.querySelector(`[name="${name}"]:checked`) : field);
  }

  /* A moment as the field wants it: local time, to the minute. */
  function inHours(hours) {
    const at = new Date(Date.now() + offset + hours * 3600000);
    at.setMinutes(at.getMinutes() - at.getTimezoneOffset());
    return at.toISOString().slice(0, 16);
  }

  form.addEventListener("click", (event) => {
    const take = event.target.closest("[data-take]");
    if (take) {
      set("kind", take.dataset.take);
      set("level", take.dataset.level);
      set("urgency", take.dataset.urgency);
      form.querySelector('[name="kind"]:checked')?.focus();
    }
    const promise = event.target.closest("[data-hours]");
    if (promise) {
      const field = document.getElementById(promise.dataset.for);
      field.value = inHours(Number(promise.dataset.hours));
      changed(field);
    }
  });

  /* --- Alt with the arrows: from step to step ------------------------------------------------- */
  const ORDER = ["listen", "note", "answer", "end"];
  function stepTo(by) {
    const steps = ORDER.map((name) => form.querySelector(`[data-step="${name}"]`)).filter(Boolean);
    const at = steps.findIndex((step) => step.contains(document.activeElement));
    const next = steps[Math.max(0, Math.min(steps.length - 1, at + by))];
    next?.querySelector("input:not([type=hidden]), textarea, select, button")?.focus();
  }
  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.isComposing || !/^Arrow(Up|Down)$/.test(event.key)) return;
    event.preventDefault();
    stepTo(event.key === "ArrowDown" ? 1 : -1);
  });

  /* --- A number that nobody has yet opens the fields of a new customer ------------------------- */
  document.addEventListener("new-number", () => {
    const fields = document.getElementById("new-customer");
    if (fields) fields.open = true;
  });

  /* --- The last words: what was typed since the last draft, when the page goes ------------------ */
  form.addEventListener("input", () => { dirty = true; });
  form.addEventListener("submit", () => {
    dirty = false;
    ending = true;
    window.htmx?.trigger("#draft-saved", "htmx:abort"); // its late answer would lead away from the outcome
  });
  document.addEventListener("htmx:beforeRequest", (event) => { if (ending) event.preventDefault(); });
  window.addEventListener("pageshow", () => { ending = false; });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt.id === "draft-saved" && event.detail.successful) dirty = false;
  });
  window.addEventListener("pagehide", () => {
    if (!dirty) return;
    fetch(form.dataset.draftUrl, { method: "POST", body: new FormData(form), keepalive: true, credentials: "same-origin" });
  });
})();
