/* Lists over the composer: templates and articles behind /, colleagues behind @. Arrows move, Enter takes, Esc leaves. */
(function () {
  const { announce, write, replyForm, word } = window.crm;

  function choose(options, option, owner) {
    options.forEach((other) => other.setAttribute("aria-selected", String(other === option)));
    if (option) {
      owner.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      owner.removeAttribute("aria-activedescendant");
    }
  }
  function step(options, by) {
    const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    return options[(at + by + options.length) % options.length];
  }

  /* --- Templates and articles -------------------------------------------------------------------- */
  const panel = () => document.getElementById("choices");
  const opener = () => document.getElementById("choices-button");
  const seen = () => [...panel().querySelectorAll("[role=option]")].filter((option) => !option.hidden);
  const chosen = () => panel().querySelector("[role=option][aria-selected=true]");
  let slash = false; // the list was opened by a / that was not written

  function show(option) {
    const field = panel().querySelector("#choices-filter");
    choose([...panel().querySelectorAll("[role=option]")], option, field);
    panel().querySelector("[data-preview]").textContent = option?.dataset.text || "";
    panel().querySelector("[data-preview]").lang = option?.dataset.language || "";
    panel().querySelector("[data-blank-note]").hidden = !option?.dataset.blank;
  }

  function filter() {
    const typed = panel().querySelector("#choices-filter").value.trim().toLowerCase();
    panel().querySelectorAll("[role=option]").forEach((option) => {
      option.hidden = !`${option.textContent}\n${option.dataset.text}`.toLowerCase().includes(typed);
    });
    const left = seen();
    panel().querySelector("[data-none]").hidden = left.length > 0;
    show(left[0]);
    announce(word("results", { n: left.length }));
  }

  /* The filter takes keys at once; what it filters comes a moment later. */
  async function open() {
    const form = replyForm();
    if (!form) return;
    window.bootstrap?.Tab.getOrCreateInstance(document.getElementById("tab-reply")).show();
    const field = panel().querySelector("#choices-filter");
    const body = panel().querySelector("[data-choices]");
    field.value = "";
    body.replaceChildren();
    body.setAttribute("aria-busy", "true");
    panel().hidden = false;
    opener().setAttribute("aria-expanded", "true");
    field.focus();
    const due = form.elements.next_update_at?.value || "";
    try {
      const answer = await fetch(`${document.getElementById("compose").dataset.choicesUrl}?due=${encodeURIComponent(due)}`, { credentials: "same-origin" });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      body.innerHTML = await answer.text();
      filter();
    } catch {
      close();
      window.crm.notify(word("failed"), "red");
    }
    body.removeAttribute("aria-busy");
  }

  function close(back = true) {
    if (!panel() || panel().hidden) return;
    panel().hidden = true;
    opener().setAttribute("aria-expanded", "false");
    if (back) replyForm()?.elements.body.focus();
  }

  function insert(text, mark) {
    const form = replyForm();
    const field = form.elements.body;
    write(field, text, field.selectionStart, field.selectionEnd);
    if (!mark) return;
    const marks = form.elements.articles;
    marks.value = [...new Set([...marks.value.split(","), mark])].filter(Boolean).join(",");
    window.crm.drafts.later(form);
  }

  function take(option) {
    if (!option) return;
    const { text, mark, blank } = option.dataset;
    close();
    insert(text, mark);
    if (blank) replyForm().elements.next_update_at?.focus();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("#choices-button")) {
      slash = false;
      if (panel().hidden) open(); else close();
      return;
    }
    const fitting = event.target.closest("[data-insert]");
    if (fitting) insert(fitting.dataset.insert, fitting.dataset.mark);
    const option = event.target.closest("#choices [role=option]");
    if (option) take(option);
    else if (!event.target.closest("#choices")) close(false);
  });
  document.addEventListener("mouseover", (event) => {
    const option = event.target.closest?.("#choices [role=option]");
    if (option) show(option);
  });
  document.addEventListener("input", (event) => {
    if (event.target.id === "choices-filter" && panel().querySelector("[role=listbox]")) filter();
  });
  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.target.id === "choices-filter") return filterKey(event);
    if (event.key === "Escape" && panel()?.contains(event.target)) {
      event.preventDefault();
      return close();
    }
    const field = event.target;
    if (event.key !== "/" || event.ctrlKey || event.altKey || event.metaKey || field.id !== "reply-body") return;
    const before = field.value.slice(0, field.selectionStart);
    if (before && !before.endsWith("\n")) return; // only where a line begins: 和/或 and https:// are text
    event.preventDefault();
    slash = true;
    open();
  }, true);

  function filterKey(event) {
    const field = event.target;
    if (event.key === "Escape") close();
    else if (event.key === "Enter") take(chosen());
    else if (event.key === "ArrowDown" && seen().length) show(step(seen(), 1));
    else if (event.key === "ArrowUp" && seen().length) show(step(seen(), -1));
    else if (event.key === "/" && slash && !field.value) {
      close(); // twice: the sign itself was meant
      const text = replyForm().elements.body;
      write(text, "/", text.selectionStart, text.selectionEnd);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /* --- Colleagues --------------------------------------------------------------------------------- */
  const MENTION = /(^|[^A-Za-z0-9._%+-])@([^\s@]{0,30})$/;
  const list = () => document.getElementById("people");
  let people = null;
  let peopleUrl = "";

  async function known() {
    const url = document.getElementById("compose").dataset.peopleUrl;
    if (people && peopleUrl === url) return people;
    peopleUrl = url;
    try {
      const answer = await fetch(url, { credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return [];
      people = (await answer.json()).people;
    } catch { return []; }
    return people;
  }

  function hidePeople(field) {
    if (!list()) return;
    list().hidden = true;
    list().replaceChildren();
    field?.removeAttribute("aria-activedescendant");
    field?.setAttribute("aria-expanded", "false");
  }

  async function offerPeople(field) {
    const typed = () => field.value.slice(0, field.selectionStart).match(MENTION);
    if (!typed()) return hidePeople(field);
    const all = await known();
    const found = typed();
    if (!found) return hidePeople(field);
    const wanted = found[2].toLowerCase();
    const fit = all.filter((one) => one.label.toLowerCase().includes(wanted)).slice(0, 8);
    if (!fit.length || fit.some((one) => one.label.toLowerCase() === wanted)) return hidePeople(field);
    list().replaceChildren(...fit.map((one, index) => {
      const option = document.createElement("li");
      option.className = "c-palette__item";
      option.id = `person-${index}`;
      option.setAttribute("role", "option");
      option.dataset.label = one.label;
      const name = document.createElement("span");
      name.textContent = one.label;
      const about = document.createElement("span");
      about.className = "u-end u-3 u-xs";
      about.textContent = [one.team, one.role].filter(Boolean).join(" · ");
      option.append(name, about);
      return option;
    }));
    list().hidden = false;
    field.setAttribute("aria-controls", "people");
    choose([...list().children], list().firstElementChild, field);
    announce(word("results", { n: fit.length }));
  }

  function mention(option) {
    const field = document.getElementById("note-body");
    const found = field.value.slice(0, field.selectionStart).match(MENTION);
    const label = option.dataset.label;
    hidePeople(field);
    if (found) write(field, `@${label} `, field.selectionStart - found[2].length - 1, field.selectionStart);
  }

  document.addEventListener("input", (event) => { if (event.target.id === "note-body") offerPeople(event.target); });
  document.addEventListener("focusout", (event) => { if (event.target.id === "note-body") setTimeout(hidePeople, 150, event.target); });
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest?.("#people [role=option]");
    if (!option) return;
    event.preventDefault(); // the field keeps the focus
    mention(option);
  });
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.target.id !== "note-body" || !list() || list().hidden) return;
    const options = [...list().children];
    if (event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown") choose(options, step(options, 1), event.target);
    else if (event.key === "ArrowUp") choose(options, step(options, -1), event.target);
    else if (event.key === "Enter" || event.key === "Tab") mention(options.find((option) => option.getAttribute("aria-selected") === "true"));
    else if (event.key === "Escape") hidePeople(event.target);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
})();
