/* Where the server does not draw <html>: the theme of this browser first, then the user's own; theme.js shows it. */
(function () {
  const kept = /(?:^|; )theme=(light|dark)/.exec(document.cookie);
  const own = document.querySelector('meta[name="theme"]').content;
  document.documentElement.dataset.theme = (kept && kept[1]) || own || "auto";
})();
