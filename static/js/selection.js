/* Rows of the queue that are selected: by click, by X on the row under the cursor, by shift from the last one on.
   A list that refreshes itself keeps them. */
(function () {
  const picked = new Set();
  let last = "";
  let held = false;
  const form = document.getElementById("bulk-form");
  const boxes = () => [...document.querySelectorAll("#queue input[name=pick]")];
  if (!form) return;

  function show() {
    const here = boxes();
    const gone = new Set(picked);
    here.forEach((box) => { box.checked = picked.has(box.value); gone.delete(box.value); });
    gone.forEach((value) => picked.delete(value)); // not in the list any more
    form.hidden = !picked.size;
    form.querySelector("[data-picked]").textContent = picked.size;
  }
  function set(box, on) {
    if (on) picked.add(box.value);
    else picked.delete(box.value);
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-unpick]")) {
      picked.clear();
      show();
      return;
    }
    const box = event.target.closest("#queue input[name=pick]");
    if (!box) return;
    const all = boxes();
    const from = all.findIndex((other) => other.value === last);
    const to = all.indexOf(box);
    if ((event.shiftKey || held) && from >= 0) {
      all.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((other) => set(other, box.checked));
    } else {
      set(box, box.checked);
    }
    last = box.value;
    show();
  });

  /* Shift X: from the last selected row to the one under the cursor. */
  document.addEventListener("keydown", (event) => {
    if (event.key !== "X" || event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input:not([type=checkbox]), textarea, select")) return;
    if (document.documentElement.dataset.keys === "off") return;
    const box = document.querySelector("#queue [data-row].is-cursor input[name=pick]");
    if (!box) return;
    event.preventDefault();
    held = true;
    box.click();
    held = false;
  }, true);

  document.addEventListener("htmx:afterSettle", show);
  window.addEventListener("pageshow", () => boxes().filter((box) => box.checked).forEach((box) => set(box, true)) || show());
  document.querySelectorAll("[data-fades]").forEach((node) => setTimeout(() => { node.hidden = true; }, Number(node.dataset.fades)));
})();
