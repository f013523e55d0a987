/* The callback drawer: asks only for what the chosen outcome needs. Without this script every field shows. */
(function () {
  const form = document.getElementById("attempt-form");
  if (!form) return;
  const archiving = form.dataset.archiving.split(" ");

  function sort() {
    const outcome = form.querySelector("[name=outcome]:checked")?.value || "";
    form.querySelectorAll("[data-for]").forEach((node) => {
      const wanted = node.dataset.for === "archiving" ? archiving : node.dataset.for.split(" ");
      // A field with an error stays in sight.
      node.hidden = !wanted.includes(outcome) && !node.querySelector(".invalid-feedback");
    });
  }
  form.addEventListener("change", sort);
  sort();

  // The work starts at the outcome, so that 1 to 6 act at once.
  if (!form.querySelector(".is-invalid, [role=alert]")) form.querySelector("[name=outcome]")?.focus({ preventScroll: true });
})();
