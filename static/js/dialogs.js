/* A dialog that somebody opened while its part of the page was on the way: the new part gets it open, as it was. */
(function () {
  const held = new WeakMap();
  const firsts = new Set(); // fields that a dialog opens at, while the new part settles
  const fieldsOf = (dialog) => [...dialog.querySelectorAll("input, textarea, select")].filter((field) => field.name && field.type !== "file");

  function stateOf(field) {
    const typed = field.matches("input:not([type=checkbox], [type=radio], [type=hidden]), textarea");
    return {
      name: field.name, value: field.value, checked: field.checked, focused: field === document.activeElement,
      chosen: field.options && [...field.options].filter((option) => option.selected).map((option) => option.value),
      at: typed ? [field.selectionStart, field.selectionEnd] : null,
    };
  }

  function fill(field, was) {
    if (field.matches("[type=checkbox], [type=radio]")) field.checked = was.checked;
    else if (was.chosen) [...field.options].forEach((option) => { option.selected = was.chosen.includes(option.value); });
    else field.value = was.value;
  }

  /* Fields of one name stand in one order: the boxes of a choice. */
  function carry(dialog, states) {
    const left = [...states];
    dialog.querySelectorAll("[autofocus]").forEach((field) => { firsts.add(field); field.removeAttribute("autofocus"); });
    window.crm.openDialog(dialog);
    fieldsOf(dialog).forEach((field) => {
      const boxes = field.matches("[type=checkbox], [type=radio]");
      const index = left.findIndex((was) => was.name === field.name && (!boxes || was.value === field.value));
      if (index < 0) return;
      const [was] = left.splice(index, 1);
      fill(field, was);
      if (!was.focused) return;
      field.focus({ preventScroll: true });
      if (was.at && was.at[0] !== null) field.setSelectionRange(...was.at);
    });
  }

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const asked = detail.requestConfig?.elt;
    const open = [...detail.target.querySelectorAll("dialog[open][id]")].filter((dialog) => !dialog.contains(asked));
    if (open.length) held.set(detail.xhr, open.map((dialog) => ({ id: dialog.id, states: fieldsOf(dialog).map(stateOf) })));
  });
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    const was = held.get(detail.xhr) || [];
    held.delete(detail.xhr);
    was.forEach(({ id, states }) => {
      const dialog = document.getElementById(id);
      if (dialog && !dialog.open) carry(dialog, states);
    });
  });
  document.addEventListener("htmx:afterSettle", () => {
    firsts.forEach((field) => field.setAttribute("autofocus", ""));
    firsts.clear();
  });
})();
