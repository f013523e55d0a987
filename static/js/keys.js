/* The keyboard map. Elements say what they answer to: data-key="r", "shift+e", "ctrl+enter", "alt+arrowdown",
   "f6", "g q" (a chord); several are separated by commas. Pressing clicks the element, or focuses a field.
   Rows of a list carry data-row: J and K move, Enter opens; keys inside other rows than the one under the cursor
   stay silent. Digits act inside the [data-digits] group that holds the focus, on [data-digit="1"] or its nth option. */
(function () {
  const FIELDS = "input, textarea, select, [contenteditable=''], [contenteditable=true]";
  const root = document.documentElement;
  let chord = "";
  let chordTimer = 0;

  const typing = (node) => node instanceof Element && node.matches(FIELDS) && !/^(checkbox|radio|button|submit)$/.test(node.type || "");
  const visible = (node) => node.checkVisibility ? node.checkVisibility() : node.getClientRects().length > 0;

  function nameOf(event) {
    let key = event.key.toLowerCase();
    if (key === " ") key = "space";
    const parts = [];
    if (event.ctrlKey || event.metaKey) parts.push("ctrl");
    if (event.altKey) parts.push("alt");
    if (event.shiftKey && (/^[a-z]$/.test(key) || key.length > 1)) parts.push("shift");
    return [...parts, key].join("+");
  }

  /* The element that answers to a key: in the open dialog, else in the focused form, else under the cursor, else first. */
  function holder(name) {
    const open = [...document.querySelectorAll("dialog[open]")].pop();
    const all = [...(open || document).querySelectorAll("[data-key]")].filter((node) =>
      node.dataset.key.split(",").some((key) => key.trim() === name) && !node.disabled && (visible(node) || name === "theme"));
    const row = document.querySelector("[data-row].is-cursor");
    const near = document.activeElement?.closest("form, dialog, [data-keys-scope]");
    const free = all.filter((node) => !node.closest("[data-row]") || node.closest("[data-row]") === row);
    return free.find((node) => near?.contains(node)) || free.find((node) => row?.contains(node)) || free[0];
  }

  function press(name) {
    const node = holder(name);
    if (!node) return false;
    if (node.matches("input:not([type=checkbox], [type=radio], [type=submit], [type=button]), textarea, select")) node.focus();
    else node.click();
    return true;
  }

  /* --- Rows ------------------------------------------------------------------------------------ */
  const rows = () => [...document.querySelectorAll("[data-row]")].filter(visible);
  const linkOf = (row) => row.matches("a, button") ? row : row.querySelector("a[href], button");

  function mark(row, focus) {
    rows().forEach((other) => {
      other.classList.toggle("is-cursor", other === row);
      linkOf(other)?.setAttribute("tabindex", other === row ? "0" : "-1");
    });
    if (focus) linkOf(row)?.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  function move(step) {
    const all = rows();
    if (!all.length) return false;
    const at = all.findIndex((row) => row.classList.contains("is-cursor"));
    const held = all[at] && all[at].contains(document.activeElement);
    const to = at < 0 ? 0 : held ? Math.max(0, Math.min(all.length - 1, at + step)) : at;
    mark(all[to], true);
    return true;
  }

  function enter() {
    const row = document.querySelector("[data-row].is-cursor");
    const idle = document.activeElement === document.body || document.activeElement?.matches("main, [tabindex='-1']:not(a, button)");
    if (!row || !idle) return false;
    linkOf(row)?.click();
    return true;
  }

  document.addEventListener("focusin", (event) => {
    const row = event.target.closest?.("[data-row]");
    if (row && !row.classList.contains("is-cursor")) mark(row, false);
  });

  function keepOneTabStop() {
    const all = rows();
    if (!all.length) return;
    const now = all.find((row) => row.classList.contains("is-cursor")) || all[0];
    all.forEach((row) => linkOf(row)?.setAttribute("tabindex", row === now ? "0" : "-1"));
  }
  document.addEventListener("DOMContentLoaded", keepOneTabStop);

  /* A refreshed list keeps its cursor: rows are known by id. */
  let cursorId = "";
  let hadFocus = false;
  document.addEventListener("htmx:beforeSwap", () => {
    const row = document.querySelector("[data-row].is-cursor");
    cursorId = row?.id || "";
    hadFocus = Boolean(row?.contains(document.activeElement));
  });
  document.addEventListener("htmx:afterSettle", () => {
    const row = cursorId && document.getElementById(cursorId);
    if (row && !row.classList.contains("is-cursor")) mark(row, hadFocus);
    else keepOneTabStop();
  });

  /* --- Digits ---------------------------------------------------------------------------------- */
  function digit(name) {
    const group = document.activeElement?.closest("[data-digits]");
    if (!group || typing(document.activeElement)) return false;
    const options = [...group.querySelectorAll("input[type=radio], input[type=checkbox], [role=radio]")];
    const node = group.querySelector(`[data-digit="${name}"]`) || options[Number(name) - 1];
    if (!node) return false;
    node.click();
    node.focus();
    return true;
  }

  /* Escape leaves a field, so that single keys act again; what was typed stays in it. */
  function leave(node) {
    if (!typing(node) || node.closest("dialog") || (node.type === "search" && node.value)) return false;
    document.getElementById("main")?.focus({ preventScroll: true });
    return true;
  }

  /* --- One listener ---------------------------------------------------------------------------- */
  function single(name) {
    if (chord) {
      const both = `${chord} ${name}`;
      chord = "";
      return press(both);
    }
    if (name === "g" && document.querySelector("[data-key^='g ']")) {
      chord = "g";
      clearTimeout(chordTimer);
      chordTimer = setTimeout(() => { chord = ""; }, 1200);
      return true;
    }
    if (!document.querySelector("dialog[open]")) {
      if (name === "j") return move(1);
      if (name === "k") return move(-1);
    }
    return press(name);
  }

  document.addEventListener("keydown", (event) => {
    // Keys of an input method belong to it.
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
    const name = nameOf(event);
    const letter = /^(shift\+)?.$/u.test(name);
    let done = false;
    if (/^[1-9]$/.test(name)) done = digit(name);
    if (!done && letter && !typing(event.target) && root.dataset.keys !== "off") done = single(name);
    else if (!done && name === "enter") done = enter();
    else if (!done && !letter && (!event.repeat || name.startsWith("alt+"))) done = press(name);
    if (!done && name === "escape") done = leave(event.target);
    if (done) event.preventDefault();
  });

  window.crm.press = press;
})();
