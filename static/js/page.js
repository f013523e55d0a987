/* What every page needs: words, announcements, dialogs, counts. Other scripts use window.crm. */
window.crm = (function () {
  const read = (id) => {
    const node = document.getElementById(id);
    return node ? JSON.parse(node.textContent) : {};
  };
  const words = read("ui-words");

  /* crm.word("over_minutes", {n: 4}) */
  function word(name, values) {
    return (words[name] || name).replace(/\{(\w+)\}/g, (whole, key) =>
      values && key in values ? values[key] : whole);
  }

  /* Says something to screen readers, once. */
  function announce(text) {
    const region = document.getElementById("announce");
    if (!region) return;
    region.textContent = "";
    setTimeout(() => { region.textContent = text; }, 60);
  }

  const ICONS = { red: "exclamation-circle", amber: "exclamation-triangle", green: "check2", accent: "info-circle" };

  /* Shows a banner under the top bar; an error stays until it is dismissed or the next one comes. */
  function notify(text, look) {
    const region = document.getElementById("messages");
    if (!region) return;
    region.querySelectorAll("[data-from-script]").forEach((old) => old.remove());
    const banner = document.createElement("div");
    banner.className = `c-banner c-banner--strip c-banner--${look}`;
    banner.dataset.fromScript = "";
    const icon = document.createElement("i");
    icon.className = `bi bi-${ICONS[look]}`;
    icon.setAttribute("aria-hidden", "true");
    const says = document.createElement("span");
    says.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "c-banner__close";
    close.dataset.dismiss = ".c-banner";
    close.setAttribute("aria-label", word("dismiss"));
    close.innerHTML = '<i class="bi bi-x" aria-hidden="true"></i>';
    banner.append(icon, says, close);
    region.append(banner);
  }

  /* Counts in the frame: crm.count({breached: 2}) fills every [data-count="breached"]; 0 hides it. */
  function count(counts) {
    for (const [name, value] of Object.entries(counts || {})) {
      document.querySelectorAll(`[data-count="${CSS.escape(name)}"]`).forEach((node) => {
        (node.querySelector("[data-count-value]") || node).textContent = value;
        if (node.querySelector("[data-count-value]")) node.hidden = !value;
      });
    }
  }

  function openDialog(dialog) {
    if (!dialog || dialog.open) return;
    dialog.showModal();
    dialog.dispatchEvent(new CustomEvent("opened"));
  }

  function reveal(button) {
    const field = document.querySelector(button.dataset.reveal);
    if (!field) return;
    const shown = field.type === "text";
    field.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
    button.setAttribute("aria-label", word(shown ? "show_password" : "hide_password"));
    const icon = button.querySelector("i");
    if (icon) icon.className = `bi bi-${shown ? "eye" : "eye-slash"}`;
  }

  document.addEventListener("click", (event) => {
    const hit = (selector) => event.target.closest(selector);
    let node;
    if ((node = hit("[data-open]"))) {
      event.preventDefault();
      openDialog(document.querySelector(node.dataset.open));
    } else if ((node = hit("[data-close]"))) {
      node.closest("dialog")?.close();
    } else if ((node = hit("[data-dismiss]"))) {
      node.closest(node.dataset.dismiss)?.remove();
    } else if ((node = hit("[data-reveal]"))) {
      reveal(node);
    } else if (event.target instanceof HTMLDialogElement && event.target.open) {
      event.target.close(); // a click on the backdrop
    }
  });

  function settle(root) {
    root.querySelectorAll("[data-scroll-end]").forEach((node) => { node.scrollTop = node.scrollHeight; });
    root.querySelectorAll("[data-show]").forEach(openDialog);
  }
  document.addEventListener("DOMContentLoaded", () => settle(document));
  document.addEventListener("htmx:load", (event) => settle(event.detail.elt.parentElement || event.detail.elt));

  return { read, word, announce, notify, count, openDialog };
})();
