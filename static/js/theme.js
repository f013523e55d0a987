/* Theme before the first paint; the choice is kept in a cookie, so that the server draws it next time. */
(function () {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  function show() {
    const asked = root.dataset.theme || "auto";
    const now = asked === "auto" ? (dark.matches ? "dark" : "light") : asked;
    if (root.getAttribute("data-bs-theme") === now) return;
    root.setAttribute("data-bs-theme", now);
    document.dispatchEvent(new CustomEvent("themechange"));
  }

  function keep(theme) {
    root.dataset.theme = theme || "auto";
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${theme}; Path=/; Max-Age=${theme ? 31536000 : 0}; SameSite=Lax${secure}`;
    show();
  }

  show();
  dark.addEventListener("change", show);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    keep(root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark");
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-theme-form]")) keep(new FormData(event.target).get("theme"));
  });
})();
