/* Drafts: what is typed is kept on the server a moment later. This window keeps only what the server has not taken yet
   (no connection, signed out, closed in mid-word), and hands it over when the page is back. */
(function () {
  const { word, notify } = window.crm;
  const PAUSE = 450;
  const states = new WeakMap(); // form → {timer, asking, dirty, last}
  const formsIn = (root) => root.querySelectorAll("form[data-compose]");
  const textOf = (form) => form.elements.body;
  const stashKey = (form) => `draft:${form.dataset.stash}`; // forms.js clears "draft:" at sign-out

  function stateOf(form) {
    if (!states.has(form)) states.set(form, { timer: 0, asking: null, dirty: false, sent: false });
    return states.get(form);
  }
  function say(form, text) {
    const note = form.querySelector("[data-draft-note]");
    if (note && note.textContent !== text) note.textContent = text;
  }

  /* --- What the server does not have yet ------------------------------------------------------- */
  function stash(form) {
    try {
      sessionStorage.setItem(stashKey(form), JSON.stringify({ text: textOf(form).value, seen: form.dataset.version }));
    } catch { /* a full or closed store keeps nothing; the server is asked all the same */ }
  }
  function unstash(form) {
    try { sessionStorage.removeItem(stashKey(form)); } catch { /* nothing was kept */ }
  }
  function stashed(form) {
    try { return JSON.parse(sessionStorage.getItem(stashKey(form))); } catch { return null; }
  }

  /* --- Keeping ---------------------------------------------------------------------------------- */
  function payload(form) {
    const data = new FormData();
    const fields = new FormData(form);
    ["csrfmiddlewaretoken", "body", "next_update_at", "wait", "articles"].forEach((name) => {
      if (fields.has(name)) data.append(name, fields.get(name));
    });
    data.append("version", form.dataset.version);
    return data;
  }

  function later(form) {
    const state = stateOf(form);
    state.dirty = true;
    clearTimeout(state.timer);
    state.timer = setTimeout(save, PAUSE, form);
  }

  async function save(form) {
    const state = stateOf(form);
    clearTimeout(state.timer);
    if (state.sent || !form.isConnected) return;
    if (state.asking) { state.again = true; return; } // one at a time: the version must follow
    const text = textOf(form).value;
    state.asking = new AbortController();
    state.dirty = false;
    let answer = null;
    try {
      answer = await fetch(form.dataset.compose, {
        method: "POST", body: payload(form), credentials: "same-origin", signal: state.asking.signal,
      });
    } catch (error) {
      state.asking = null;
      if (error.name !== "AbortError") unkept(form);
      return;
    }
    await told(form, answer, text);
    state.asking = null;
    if (state.again) { state.again = false; later(form); }
  }

  async function told(form, answer, text) {
    if (answer.redirected || answer.status === 401 || answer.status === 403) {
      unkept(form);
      notify(word("signed_out"), "amber");
      return;
    }
    let told = null;
    try { told = await answer.json(); } catch { return unkept(form); }
    if (stateOf(form).sent) return;
    say(form, told.note || "");
    if (answer.status === 409) return differs(form, told);
    if (!answer.ok) return;
    form.dataset.version = told.version;
    form.querySelector("[data-conflict]")?.replaceChildren();
    if (textOf(form).value === text) unstash(form);
    if ("hints" in told) form.dispatchEvent(new CustomEvent("hints", { detail: told.hints }));
  }

  function unkept(form) {
    stateOf(form).dirty = true;
    stash(form);
    say(form, word("draft_waits"));
  }

  /* --- Two windows: both versions stand there until one is chosen ------------------------------- */
  function differs(form, told) {
    stash(form);
    const place = form.querySelector("[data-conflict]");
    if (place.childElementCount && place.dataset.version === String(told.version)) return; // said once
    place.innerHTML = told.conflict;
    place.dataset.version = told.version;
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-keep]");
    if (!button) return;
    const form = button.closest("form");
    const place = form.querySelector("[data-conflict]");
    if (button.dataset.keep === "other") textOf(form).value = place.querySelector("[data-other]").value;
    form.dataset.version = place.dataset.version;
    place.replaceChildren();
    textOf(form).focus();
    save(form);
  });

  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-compose]");
    if (form && event.target.name) later(form);
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("form[data-compose]");
    if (form && event.target.name && event.target !== textOf(form)) later(form);
  });

  /* --- Sending: nothing late may bring the draft back ------------------------------------------- */
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt;
    if (!form.matches?.("form[data-compose]")) return;
    const state = stateOf(form);
    clearTimeout(state.timer);
    state.asking?.abort();
    state.sent = true;
    stash(form); // until the answer is there
  });
  const formOf = (detail) => { // by then the form itself may be out of the page
    const form = detail.requestConfig?.elt;
    return form?.matches?.("form[data-compose]") ? form : null;
  };
  const signedOut = (xhr) => new URL(xhr.responseURL || location.href, location.href).pathname.endsWith("/sign-in/");
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = formOf(event.detail);
    if (!form || !form.isConnected) return;
    stateOf(form).sent = false;
    stateOf(form).dirty = true;
  });

  /* --- Going and coming back --------------------------------------------------------------------- */
  function leave(form) {
    const state = stateOf(form);
    if (!state.dirty && !state.asking) return;
    stash(form);
    if (!state.sent) fetch(form.dataset.compose, { method: "POST", body: payload(form), keepalive: true, credentials: "same-origin" }).catch(() => {});
  }
  window.addEventListener("pagehide", () => formsIn(document).forEach(leave));
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id !== "case") return;
    const sent = formOf(event.detail);
    formsIn(document).forEach((form) => {
      if (form === sent && event.detail.xhr.status === 200 && !signedOut(event.detail.xhr)) unstash(form);
      else if (stateOf(form).dirty) stash(form); // the page is drawn anew: what was typed meanwhile goes along
    });
  });

  function restore(form) {
    if (form.dataset.ready) return;
    form.dataset.ready = "1";
    const kept = stashed(form);
    if (kept && kept.text !== textOf(form).value) {
      // Typed upon an older version than the server has: it is asked, and shows both.
      form.dataset.version = kept.seen;
      textOf(form).value = kept.text;
      say(form, word("draft_back"));
      save(form);
    } else {
      unstash(form);
      if (textOf(form).value.trim()) save(form); // for the wording check, and for what was refused
    }
  }
  document.addEventListener("DOMContentLoaded", () => formsIn(document).forEach(restore));
  document.addEventListener("htmx:load", () => formsIn(document).forEach(restore));

  window.crm.drafts = { later, save };
})();
