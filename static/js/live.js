/* The live connection. A message {"topic": "queue", ...} triggers "live" on every [data-live~="queue"], which refreshes
   itself with hx-trigger="live"; {"counts": {"unread": 3}} fills the counts of the frame. */
(function () {
  const { count, notify, announce, word } = window.crm;
  const path = document.body.dataset.liveUrl;
  const banner = document.getElementById("offline");
  const waiting = new Set();
  let socket = null;
  let tries = 0;
  let wasLost = false;
  let flushTimer = 0;
  let bannerTimer = 0;
  let retryTimer = 0;

  /* A region in which somebody types is refreshed when they are done. */
  const inUse = (node) => hasChoices(node) || (node.contains(document.activeElement) &&
    document.activeElement.matches("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable=true]"));

  /* Choices made in a list box and not yet sent are work too. */
  function hasChoices(node) {
    return [...node.querySelectorAll("select")].some((field) => {
      const usual = [...field.options].findIndex((option) => option.defaultSelected);
      return field.selectedIndex !== Math.max(usual, 0);
    });
  }

  /* An answer that was under way when somebody began: it waits, and is asked for again. */
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { requestConfig, target } = event.detail;
    const node = requestConfig?.triggeringEvent?.type === "live" ? requestConfig.elt : null;
    if (!node || node !== target || !inUse(node)) return;
    event.detail.shouldSwap = false;
    node.dataset.live.split(/\s+/).forEach((topic) => waiting.add(topic));
  });

  /* Regions under way. Who is told of a change meanwhile asks again afterwards: the answer may be from before it. A region
     that is replaced before its own answer came is asked for again in its new place, and the late answer is not drawn: it
     would take along the parts that are to be preserved. */
  const asking = new WeakSet();
  const again = new Map();
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.target === detail.elt && detail.elt.dataset.live) asking.add(detail.elt);
  });
  ["htmx:beforeOnLoad", "htmx:sendError", "htmx:sendAbort", "htmx:timeout"].forEach((name) =>
    document.addEventListener(name, ({ detail }) => asking.delete(detail.elt)));
  document.addEventListener("htmx:beforeCleanupElement", ({ detail: { elt } }) => {
    if (!asking.delete(elt)) return;
    elt.addEventListener("htmx:beforeSwap", (event) => { event.detail.shouldSwap = false; });
    again.set(elt.id, elt.dataset.live.split(/\s+/));
  });
  document.addEventListener("htmx:afterSettle", () => {
    const late = [...again];
    again.clear();
    late.forEach(([id, topics]) => ask(id, topics));
  });

  /* A region with data-live-gap (milliseconds) asks no more often than that, and never misses the last change. */
  const told = new Map();
  function ask(id, topics) {
    const node = document.getElementById(id);
    const state = told.get(id) || { at: 0, timer: 0 };
    told.set(id, state);
    if (!node || state.timer) return;
    if (asking.has(node)) { again.set(id, topics); return; }
    if (inUse(node)) { topics.forEach((topic) => waiting.add(topic)); return; }
    const wait = state.at + Number(node.dataset.liveGap || 0) - Date.now();
    if (wait > 0) {
      state.timer = setTimeout(() => { state.timer = 0; ask(id, topics); }, wait);
      return;
    }
    state.at = Date.now();
    window.htmx?.trigger(node, "live", { topics });
  }

  function flush() {
    flushTimer = 0;
    if (document.hidden) return;
    const topics = new Set(waiting);
    waiting.clear();
    document.querySelectorAll("[data-live]").forEach((node) => {
      const mine = node.dataset.live.split(/\s+/).filter((topic) => topics.has("*") || topics.has(topic));
      if (mine.length) ask(node.id, mine);
    });
  }
  function refresh(topic) {
    waiting.add(topic);
    // Spread over half a second: one change reaches a whole team at once.
    if (!flushTimer) flushTimer = setTimeout(flush, 150 + Math.random() * 350);
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden && waiting.size) flush(); });
  document.addEventListener("focusout", () => setTimeout(() => { if (waiting.size) flush(); }, 200));

  function lost() {
    wasLost = true;
    if (banner && !bannerTimer) bannerTimer = setTimeout(() => { banner.hidden = false; }, 3000);
  }
  function back() {
    clearTimeout(bannerTimer);
    bannerTimer = 0;
    tries = 0;
    if (!wasLost) return;
    wasLost = false;
    if (banner && !banner.hidden) {
      banner.hidden = true;
      announce(word("online"));
    }
    refresh("*");
  }

  function connect() {
    clearTimeout(retryTimer);
    if (socket && socket.readyState < WebSocket.CLOSING) return;
    const line = new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${path}`);
    socket = line;
    socket.addEventListener("open", () => {
      back();
      document.dispatchEvent(new CustomEvent("live:open"));
    });
    socket.addEventListener("message", (event) => {
      let message;
      try { message = JSON.parse(event.data); } catch { return; }
      if (message.counts) count(message.counts);
      if (!message.topic) return;
      document.dispatchEvent(new CustomEvent("live", { detail: message }));
      refresh(message.topic);
      if (message.ticket) refresh(`ticket-${message.ticket}`); // pages of one ticket listen for theirs alone
    });
    socket.addEventListener("close", (event) => {
      if (socket !== line) return; // given up for a newer one
      if (event.code === 4401 || event.code === 4403) {
        notify(word("signed_out"), "amber");
        return;
      }
      lost();
      tries += 1;
      const wait = Math.min(30000, 500 * 2 ** Math.min(tries, 6)) * (0.5 + Math.random());
      retryTimer = setTimeout(connect, wait);
    });
  }

  /* Says something to the server; while the line is down it is simply not said. */
  window.crm.send = (message) => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };

  if (!path) return;
  window.addEventListener("offline", lost);
  window.addEventListener("online", () => {
    // A line from before the gap may look open and be dead.
    if (wasLost && socket?.readyState === WebSocket.OPEN) socket.close();
    connect();
  });
  window.addEventListener("pagehide", () => { clearTimeout(retryTimer); clearTimeout(bannerTimer); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
  connect();
})();
