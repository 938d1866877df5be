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
  function targeted() {
    const passage = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    return places.has(passage) ? passage : null;
  }
  function go(passage) {
    stopAt(passage);
    passage.scrollIntoView({ block: "nearest", behavior: "instant" });
    passage.querySelector(CONTROLS)?.focus();
  }

  for (const passage of passages) for (const control of controlsOf(passage)) control.tabIndex = -1;
  /* The passage that an address names is held until its reader moves on by themselves: it may stand below the line that is read. */
  let held = targeted(), looking = 0;
  stopAt(held ?? onTheLineRead());
  for (const moving of ["wheel", "touchmove", "keydown"]) addEventListener(moving, () => { held = null; }, { passive: true });
  addEventListener("scroll", () => {
    if (held) return;
    looking ||= requestAnimationFrame(() => { looking = 0; if (!text.contains(document.activeElement)) stopAt(onTheLineRead()); });
  }, { passive: true });
  addEventListener("hashchange", () => { held = targeted(); if (held) stopAt(held); });
  text.addEventListener("lines", (event) => {
    const passage = event.target.closest(".block");
    if (passage !== current) for (const control of controlsOf(passage)) control.tabIndex = -1;
  });
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
