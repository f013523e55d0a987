/* A short tone for urgent notices, for those who wish it; the server says so with the bell: {"topic": "bell", "sound": true}.
   Several open pages of one browser sound once. Browsers allow it from the first key or click on. */
(function () {
  const KEY = "crm.toned";
  const ONCE = 1500;
  let audio = null;

  function ready() {
    audio ||= new (window.AudioContext || window.webkitAudioContext)();
    if (audio.state === "suspended") audio.resume();
    return audio;
  }

  function play() {
    const line = ready();
    [[660, 0], [880, 0.16]].forEach(([pitch, after]) => {
      const start = line.currentTime + after;
      const tone = line.createOscillator();
      const volume = line.createGain();
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0, start);
      volume.gain.linearRampToValueAtTime(0.18, start + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.001, start + 0.3);
      tone.connect(volume).connect(line.destination);
      tone.start(start);
      tone.stop(start + 0.32);
    });
  }

  /* The first page to note the time sounds. */
  function isFirst() {
    const now = Date.now();
    try {
      if (now - Number(localStorage.getItem(KEY)) < ONCE) return false;
      localStorage.setItem(KEY, String(now));
    } catch { /* without storage every page sounds */ }
    return true;
  }

  /* Where the browser does not allow it yet, nothing sounds later out of the blue. */
  async function ring() {
    const line = ready();
    await Promise.race([line.resume(), new Promise((done) => { setTimeout(done, 300); })]);
    if (line.state === "running" && isFirst()) play();
  }

  document.addEventListener("live", (event) => {
    if (event.detail.sound) ring();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-try-tone]")) play();
  });
  ["pointerdown", "keydown"].forEach((name) =>
    document.addEventListener(name, () => ready(), { once: true, capture: true }));
})();
