/* Forms: one submit at a time, drafts, answers of htmx that failed, focus after a swap. */
(function () {
  const { word, notify, announce } = window.crm;

  /* --- One submit at a time ------------------------------------------------------------------ */
  function release(form) {
    delete form.dataset.busy;
    delete form.dataset.sent;
    form.querySelectorAll("[data-held]").forEach((button) => {
      button.disabled = false;
      delete button.dataset.held;
    });
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "dialog" || form.hasAttribute("data-repeatable")) return;
    if (form.dataset.busy) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    if (form.hasAttribute("data-clears-drafts")) clearDrafts();
    const byHtmx = form.matches("[hx-post], [hx-get], [hx-put], [hx-patch], [hx-delete]");
    if (event.defaultPrevented && !byHtmx) return;
    if (form.method === "get" && !byHtmx) return;
    form.dataset.busy = "1";
    // After this turn, so that the pressed button's name and value still go along.
    setTimeout(() => {
      if (!form.dataset.busy) return;
      if (byHtmx && !form.dataset.sent) { release(form); return; } // held back, by a question or a missing field
      form.querySelectorAll("button[type=submit]:not(:disabled)").forEach((button) => {
        button.disabled = true;
        button.dataset.held = "1";
      });
    });
  }, true);

  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-busy]").forEach(release));
  /* The form that a request sent; not the form around a field that only looked something up. */
  const sentBy = (elt) => elt.matches?.("form") ? elt : elt.type === "submit" ? elt.form : null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = sentBy(event.detail.elt);
    if (form) form.dataset.sent = "1";
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = sentBy(event.detail.elt);
    if (!form) return;
    release(form);
    if (event.detail.successful && event.detail.requestConfig?.verb !== "get") form.querySelectorAll("[data-draft]").forEach(forget);
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-autosubmit]")) event.target.form?.requestSubmit();
  });

  /* --- Drafts: kept in this tab only, customers' words do not stay on a shared computer -------- */
  const keyOf = (field) => `draft:${field.dataset.draft}`;
  const noteOf = (field) => field.closest("form")?.querySelector("[data-draft-note]");
  let waiting = 0;

  function remember(field) {
    try {
      if (field.value.trim()) sessionStorage.setItem(keyOf(field), field.value);
      else sessionStorage.removeItem(keyOf(field));
    } catch { return; }
    const note = noteOf(field);
    if (note) note.textContent = field.value.trim() ? word("draft_kept") : "";
  }
  function forget(field) {
    clearTimeout(waiting);
    try { sessionStorage.removeItem(keyOf(field)); } catch { /* nothing was kept */ }
    const note = noteOf(field);
    if (note) note.textContent = "";
  }
  function clearDrafts() {
    try {
      Object.keys(sessionStorage).filter((key) => key.startsWith("draft:")).forEach((key) => sessionStorage.removeItem(key));
    } catch { /* nothing was kept */ }
  }
  function restore(root) {
    root.querySelectorAll("[data-draft]").forEach((field) => {
      let kept = null;
      try { kept = sessionStorage.getItem(keyOf(field)); } catch { return; }
      if (!kept || field.value) return;
      field.value = kept;
      const note = noteOf(field);
      if (note) note.textContent = word("draft_back");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-draft]")) return;
    clearTimeout(waiting);
    waiting = setTimeout(remember, 300, event.target);
  });
  document.addEventListener("submit", (event) => {
    // A page that comes back with errors brings the text along; the draft would only return after success.
    if (event.defaultPrevented || event.target.matches("[hx-post]")) return;
    event.target.querySelectorAll("[data-draft]").forEach(forget);
  });

  /* --- htmx: failures in the user's words, focus where the work goes on ------------------------ */
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    const known = { 401: "signed_out", 403: "forbidden", 404: "gone", 429: "too_many" }[status];
    notify(`${word(known || "failed")} (${status})`, known ? "amber" : "red");
  });
  document.addEventListener("htmx:sendError", () => notify(word("failed"), "red"));
  document.addEventListener("htmx:timeout", () => notify(word("failed"), "red"));

  document.addEventListener("htmx:beforeSwap", (event) => {
    // A request answered by the sign-in page would draw it inside this one.
    if (event.detail.xhr.responseURL && new URL(event.detail.xhr.responseURL).pathname.endsWith("/sign-in/")) {
      event.detail.shouldSwap = false;
      notify(word("signed_out"), "amber");
    }
  });

  /* The focus goes on where it was: at the same control, else the same form, else the same part of the page. What was
     held is kept by who asked, since several parts of a page may be under way at once. */
  const held = new WeakMap();
  const addressOf = (form) => form.getAttribute("hx-post") || form.getAttribute("action");
  function hold(inside, by) {
    const at = document.activeElement;
    if (!at || at === document.body || !inside.contains(at)) return;
    const form = at.closest("form");
    const part = (form || at).parentElement?.closest("[id]");
    held.set(by, { at, id: at.id, to: form && addressOf(form), part: part?.id, typed: at.matches("textarea, select, input") });
  }
  // A button is held before it is disabled, the rest when a part of the page refreshes itself.
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.triggeringEvent?.type === "submit") hold(detail.elt, detail.elt);
  });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => hold(document.body, detail.requestConfig.elt));
  function goOn(by) {
    const was = held.get(by);
    held.delete(by);
    if (!was || (document.activeElement && document.activeElement !== document.body)) return;
    if (was.at.isConnected) { was.at.focus({ preventScroll: true }); return; } // only disabled for the while
    const forms = was.to ? [...document.querySelectorAll("form")].filter((form) => addressOf(form) === was.to) : [];
    const first = was.typed ? "textarea, select, input:not([type=hidden]), button" : "button, summary, a[href]";
    const parts = [document.getElementById(was.id), ...forms, document.getElementById(was.part)].filter(Boolean);
    for (const part of parts) {
      for (const node of part.matches(first) ? [part] : part.querySelectorAll(first)) {
        node.focus({ preventScroll: true });
        if (document.activeElement === node) return;
      }
    }
  }

  document.addEventListener("htmx:afterSettle", (event) => {
    const place = event.detail.elt;
    goOn(event.detail.requestConfig?.elt);
    // A region that refreshed itself never takes the focus.
    if (!place.isConnected || event.detail.requestConfig?.triggeringEvent?.type === "live") return;
    const wrong = event.detail.xhr?.status === 422 && place.querySelector(".is-invalid, [aria-invalid=true]");
    const next = wrong || place.querySelector("[data-focus]");
    if (next) {
      if (!next.matches("a, button, input, select, textarea, [tabindex]")) next.setAttribute("tabindex", "-1");
      next.focus();
    }
    const says = event.detail.xhr?.getResponseHeader("X-Announce");
    if (says) announce(decodeURIComponent(says));
  });

  document.addEventListener("DOMContentLoaded", () => {
    restore(document);
    document.querySelector("form .is-invalid")?.focus();
  });
  document.addEventListener("htmx:load", (event) => restore(event.detail.elt.parentElement || event.detail.elt));
})();
