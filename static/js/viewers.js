/* Tells the server that this ticket is open here and when somebody writes; #viewers shows the others who do. */
(function () {
  const BEAT = 20000;
  const AGAIN = 4000;
  const IDLE = 6000;
  let writing = false;
  let saidAt = 0;
  let idleTimer = 0;
  let known = null;

  const ticket = () => Number(document.getElementById("viewers")?.dataset.ticket) || null;
  function say() {
    saidAt = Date.now();
    window.crm.send({ watch: document.hidden ? null : ticket(), writing });
  }
  function stop() {
    clearTimeout(idleTimer);
    if (!writing) return;
    writing = false;
    say();
  }

  document.addEventListener("input", (event) => {
    if (!event.target.closest?.("#compose textarea")) return;
    clearTimeout(idleTimer);
    idleTimer = setTimeout(stop, IDLE);
    if (writing && Date.now() - saidAt < AGAIN) return;
    writing = true;
    say();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && event.target.matches?.("#compose form[method=post]")) stop();
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden) writing = false; say(); });
  document.addEventListener("live:open", say);
  setInterval(() => { if (!document.hidden) say(); }, BEAT);

  /* Said aloud when it has changed, and only while there is somebody. */
  document.addEventListener("htmx:afterSettle", () => {
    const words = document.getElementById("viewers")?.dataset.words ?? "";
    if (known !== null && words && words !== known) window.crm.announce(words);
    known = words;
  });
  known = document.getElementById("viewers")?.dataset.words ?? null;
  say();
})();
