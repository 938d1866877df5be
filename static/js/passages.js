/* From passage to passage at the keyboard: the Tab key stops once in the text, at the passage that is read, with its acts; the arrows go to
   the next and the one before. Without this file every link of the text is a stop of its own. */
(() => {
  "use strict";
  const text = document.querySelector(".chapter .text");
  const passages = [...(text?.querySelectorAll(".block") ?? [])];
  if (!passages.length) return;
  const places = new Map(passages.map((passage, place) => [passage, place]));
  const CONTROLS = ".tag a, .acts a, .stale a, .notes summary, .notes a";
  const HEADER = 80;  /* what stands above the line that is read, in pixels */
  let current = null;

  function controlsOf(passage) { return passage.querySelectorAll(CONTROLS); }
  function stopAt(passage) {
    if (passage === current) return;
    if (current) for (const control of controlsOf(current)) control.tabIndex = -1;
    current = passage;
    for (const control of controlsOf(current)) control.removeAttribute("tabindex");
  }
  function onTheLineRead() {
    let low = 0, high = passages.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (passages[middle].getBoundingClientRect().bottom > HEADER) high = middle; else low = middle + 1;
    }
    return passages[low];
  }
  function targeted() { return places.has(document.querySelector(":target")) ? document.querySelector(":target") : null; }
  function go(passage) {
    stopAt(passage);
    passage.querySelector(CONTROLS)?.focus({ preventScroll: true });
    passage.scrollIntoView({ block: "nearest" });
  }

  for (const passage of passages) for (const control of controlsOf(passage)) control.tabIndex = -1;
  stopAt(targeted() ?? onTheLineRead());
  let looking = 0;
  addEventListener("scroll", () => {
    looking ||= requestAnimationFrame(() => { looking = 0; if (!text.contains(document.activeElement)) stopAt(onTheLineRead()); });
  }, { passive: true });
  addEventListener("hashchange", () => { const passage = targeted(); if (passage) stopAt(passage); });
  text.addEventListener("focusin", (event) => { const passage = event.target.closest(".block"); if (passage) stopAt(passage); });
  text.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || !event.target.matches(CONTROLS)) return;
    const place = places.get(event.target.closest(".block"));
    const next = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: passages.length - 1 }[event.key];
    if (next === undefined || !passages[next]) return;
    event.preventDefault();
    go(passages[next]);
  });
})();
