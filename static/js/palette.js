/* The command palette (Ctrl K): a combobox over a listbox. Results come from the server as HTML, commands from the page. */
(function () {
  const { read, word, announce, openDialog } = window.crm;
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const field = dialog.querySelector("input");
  const list = dialog.querySelector("[role=listbox]");
  const commands = [].concat(read("ui-commands"));
  let asking = null;
  let waiting = 0;

  const options = () => [...list.querySelectorAll("[role=option]")];
  const chosen = () => list.querySelector("[aria-selected=true]");

  function choose(option) {
    options().forEach((other) => other.setAttribute("aria-selected", String(other === option)));
    if (option) {
      field.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      field.removeAttribute("aria-activedescendant");
    }
  }

  function keycaps(keys) {
    const box = document.createElement("span");
    box.className = "u-end u-row u-gap-1";
    box.setAttribute("aria-hidden", "true");
    keys.split(/[ +]/).filter(Boolean).forEach((key) => {
      const cap = document.createElement("kbd");
      cap.className = "c-kbd";
      cap.textContent = key === "shift" ? "⇧" : key.toUpperCase();
      box.append(cap);
    });
    return box;
  }

  function commandNode(command) {
    const node = document.createElement(command.href ? "a" : "div");
    node.className = "c-palette__item";
    node.setAttribute("role", "option");
    if (command.href) { node.href = command.href; node.tabIndex = -1; } else node.dataset.press = command.press;
    const icon = document.createElement("i");
    icon.className = `bi bi-${command.icon}`;
    icon.setAttribute("aria-hidden", "true");
    const label = document.createElement("span");
    label.textContent = command.label;
    node.append(icon, label);
    if (command.keys) node.append(keycaps(command.keys));
    return node;
  }

  /* Commands whose element is on this page, and that hold the typed words. */
  function matching(text) {
    const low = text.trim().toLowerCase();
    return commands.filter((command) => command.label.toLowerCase().includes(low) && (command.href ||
      [...document.querySelectorAll("[data-key]")].some((node) => node.dataset.key.split(",").some((key) => key.trim() === command.press))));
  }

  function draw(html, text) {
    list.innerHTML = html;
    const everything = list.querySelector("[data-everything]");
    everything?.remove();
    const found = matching(text);
    if (found.length) {
      const head = document.createElement("h3");
      head.setAttribute("role", "presentation");
      head.textContent = word("commands");
      list.append(head, ...found.map(commandNode));
    }
    const hits = options().length;
    if (!hits) {
      const none = document.createElement("p");
      none.className = "c-palette__none";
      none.textContent = word("no_results", { q: text });
      list.append(none);
    }
    if (everything) list.append(everything);
    options().forEach((option, index) => { option.id = `palette-${index}`; });
    choose(options()[0]);
    announce(word("results", { n: hits }));
  }

  async function ask() {
    const text = field.value.trim();
    asking?.abort();
    if (text.startsWith(">")) return draw("", text.slice(1));
    if (!text || !dialog.dataset.searchUrl) return draw("", text);
    asking = new AbortController();
    list.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(`${dialog.dataset.searchUrl}?q=${encodeURIComponent(text)}`, {
        signal: asking.signal, headers: { "HX-Request": "true", Accept: "text/html" }, credentials: "same-origin",
      });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      draw(await answer.text(), text);
    } catch (error) {
      if (error.name === "AbortError") return;
      draw("", text);
      const failed = document.createElement("p");
      failed.className = "c-palette__none";
      failed.textContent = word("search_failed");
      list.prepend(failed);
    }
    list.removeAttribute("aria-busy");
  }

  function go(option) {
    if (!option) return;
    dialog.close();
    if (option.dataset.press) window.crm.press(option.dataset.press);
    else option.click();
  }

  function open() {
    openDialog(dialog);
    field.select();
    ask();
  }

  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 160);
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const all = options();
    const at = all.indexOf(chosen());
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1 };
    if (event.key in moves && all.length) choose(all[(moves[event.key] + all.length) % all.length]);
    else if (event.key === "Enter") go(chosen());
    else return;
    event.preventDefault();
  });
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option?.dataset.press) go(option);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-palette]")) open();
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });
  if (location.hash === "#palette") open();
})();
