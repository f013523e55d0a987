/* A proposed topic is put into the form's field by a click; nothing chooses by itself. */
document.addEventListener("click", (event) => {
  const proposed = event.target.closest("[data-topic]");
  const field = proposed?.closest("form")?.elements.category;
  if (!field) return;
  field.value = proposed.dataset.topic;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
  field.focus();
});
