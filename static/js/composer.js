/* The composer: phrasings that are offered, files chosen, dropped or pasted. Drafts are kept by drafts.js. */
(function () {
  const { word, notify, announce } = window.crm;
  const LARGEST = 25 * 1024 * 1024;
  const replyForm = () => document.querySelector("form[data-compose][data-kind=reply]");

  /* Writes where somebody could have typed it, so that undo takes it back. */
  function write(field, text, from, until) {
    field.focus();
    field.setSelectionRange(from, until);
    const done = text ? document.execCommand("insertText", false, text) : document.execCommand("delete");
    if (!done) {
      field.setRangeText(text, from, until, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  /* --- The wording check ------------------------------------------------------------------------ */
  document.addEventListener("hints", (event) => {
    const place = event.target.querySelector("[data-hints]");
    if (!place || place.dataset.last === event.detail) return;
    place.dataset.last = event.detail; // what has been said is not said again
    const held = place.contains(document.activeElement) && document.activeElement.dataset.word;
    place.innerHTML = event.detail;
    if (held) (place.querySelector(`[data-word="${CSS.escape(held)}"]`) || event.target.elements.body).focus();
  }, true);

  /* The text may have moved since it was checked: the nearest place that still holds the words. */
  function placeOf(text, held, from) {
    if (text.slice(from, from + held.length) === held) return from;
    const after = text.indexOf(held, from);
    const before = text.lastIndexOf(held, from);
    if (after < 0 || before < 0) return Math.max(after, before);
    return after - from < from - before ? after : before;
  }

  document.addEventListener("click", (event) => {
    const shown = event.target.closest("[data-select]");
    const offer = event.target.closest("[data-offer]");
    if (!shown && !offer) return;
    const field = event.target.closest("form").elements.body;
    const held = shown ? shown.dataset.word : offer.dataset.held;
    const from = placeOf(field.value, held, Number(shown ? shown.dataset.select.split(",")[0] : offer.dataset.from));
    if (from < 0) return;
    if (offer) {
      write(field, offer.dataset.offer, from, from + held.length);
    } else {
      field.focus();
      field.setSelectionRange(from, from + held.length);
    }
  });

  /* --- Files ------------------------------------------------------------------------------------ */
  function csrf(form) { return form.elements.csrfmiddlewaretoken.value; }

  async function upload(form, file, name) {
    if (file.size > LARGEST) {
      notify(word("file_too_large", { name, limit: LARGEST / 1048576 }), "red");
      return;
    }
    const place = form.querySelector("[data-files]");
    place.setAttribute("aria-busy", "true");
    announce(word("file_uploading", { name }));
    try {
      const answer = await fetch(place.dataset.filesUrl, {
        method: "POST", body: file, credentials: "same-origin",
        headers: { "X-CSRFToken": csrf(form), "X-File-Name": encodeURIComponent(name), "Content-Type": "application/octet-stream" },
      });
      if (answer.redirected) notify(word("signed_out"), "amber");
      else if (answer.ok) {
        place.innerHTML = await answer.text();
        announce(word("file_added", { name }));
      } else {
        const told = await answer.json().catch(() => ({}));
        notify(told.error || word("file_failed", { name }), "red");
      }
    } catch {
      notify(word("file_failed", { name }), "red");
    }
    place.removeAttribute("aria-busy");
  }

  /* One after the other, so that each answer shows all that are there. */
  async function take(files) {
    const form = replyForm();
    if (!form) return;
    window.bootstrap?.Tab.getOrCreateInstance(document.getElementById("tab-reply")).show();
    for (const file of files) await upload(form, file, file.name || `${word("pasted_picture")}.png`);
  }

  document.addEventListener("click", async (event) => {
    if (event.target.closest("#attach-button")) document.getElementById("reply-choose")?.click();
    const remove = event.target.closest("[data-remove-file]");
    if (!remove) return;
    const form = remove.closest("form");
    const answer = await fetch(remove.dataset.removeFile, {
      method: "DELETE", credentials: "same-origin", headers: { "X-CSRFToken": csrf(form) },
    }).catch(() => null);
    if (answer?.ok && !answer.redirected) form.querySelector("[data-files]").innerHTML = await answer.text();
    else notify(word("failed"), "red");
    form.elements.body.focus();
  });
  document.addEventListener("change", (event) => {
    if (event.target.id !== "reply-choose") return;
    const files = [...event.target.files];
    event.target.value = "";
    take(files);
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files || [])];
    if (!files.length || !event.target.closest?.("form[data-kind=reply]")) return;
    event.preventDefault();
    take(files);
  });
  const composerUnder = (event) => event.dataTransfer?.types.includes("Files") && event.target.closest?.("#compose");
  document.addEventListener("dragover", (event) => {
    const composer = composerUnder(event);
    document.getElementById("compose")?.classList.toggle("is-drop", Boolean(composer));
    if (composer) event.preventDefault();
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.getElementById("compose")?.classList.remove("is-drop");
  });
  document.addEventListener("drop", (event) => {
    document.getElementById("compose")?.classList.remove("is-drop");
    if (!composerUnder(event)) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });

  /* A text field grows with its text, up to what the style allows. */
  function grow(field) {
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 2}px`;
  }
  document.addEventListener("input", (event) => { if (event.target.matches?.(".c-composer textarea[name=body]")) grow(event.target); });

  Object.assign(window.crm, { write, replyForm });
})();
