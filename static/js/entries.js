/* From one contribution of the margin to the next by a key, opened in its place; where there is no margin, to how many there are of the
   next passage. With workbench.js, by which the keys can be turned off. Without this file each line opens by itself. */
(() => {
  "use strict";
  const chapter = document.querySelector(".chapter"), text = chapter?.querySelector(".text[data-write]");
  if (!text) return;
  const wide = matchMedia("(min-width: 75rem)");
  const HEADER = 80;  /* what stands above the line that is read, in pixels */
  let last = null, isWaiting = false;

  const stops = () => [...text.querySelectorAll(wide.matches ? ".notes[data-part], .said" : ".acts .count")];
  const passage = (stop) => stop.closest(".block");

  /* Where one stands: in a line, or at the line that is read. */
  function next(step) {
    const all = stops(), here = document.activeElement.closest?.(".said, .acts .count") ?? (last?.isConnected && isSeen(passage(last)) ? last : null);
    const place = all.indexOf(here);
    if (place >= 0) return all[place + step];
    const at = all.findIndex((stop) => passage(stop).getBoundingClientRect().bottom > HEADER);
    return step > 0 ? all[at] : all[(at < 0 ? all.length : at) - 1];
  }
  function isSeen(block) {
    const { top, bottom } = block.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  }

  async function go(step) {
    if (isWaiting || document.activeElement.closest("dialog")) return;
    const stop = next(step);
    if (!stop) {
      sheet.say(step > 0 ? text.dataset.last : text.dataset.first);
      return;
    }
    passage(stop).scrollIntoView({ block: "nearest", behavior: "instant" });
    const line = stop.matches(".notes") ? await brought(stop, step) : stop;
    if (line?.matches(".said")) show(line);
    else line?.focus();
  }

  /* Lines that are on their way (margin.js). */
  async function brought(notes, step) {
    isWaiting = true;
    await new Promise((ready) => {
      notes.addEventListener("lines", ready, { once: true });
      setTimeout(ready, 4000);
    });
    isWaiting = false;
    const lines = notes.querySelectorAll(".said");
    return lines[step > 0 ? 0 : lines.length - 1] ?? notes.querySelector("a");
  }

  function show(line) {
    if (last && last !== line) last.open = false;
    last = line;
    line.open = true;
    const summary = line.querySelector("summary");
    summary.focus({ preventScroll: true });
    requestAnimationFrame(() => requestAnimationFrame(() => summary.scrollIntoView({ block: "nearest", behavior: "instant" })));
  }

  bench.keys(chapter, { j: () => go(1), k: () => go(-1) });
})();
