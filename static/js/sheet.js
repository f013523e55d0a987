/* The complaint sheet: print it; warn before typed text is lost. */
(function () {
  const form = document.getElementById("sheet-form");
  let dirty = Boolean(document.querySelector(".c-sheet [role=alert]"));

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });
  form?.addEventListener("input", () => { dirty = true; });
  form?.addEventListener("submit", () => { dirty = false; });
  window.addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
})();
