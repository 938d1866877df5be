/* Another language leads to the same passage: the one that is being read, or was before its reader went up to the languages. */
(() => {
  "use strict";
  const blocks = [...document.querySelectorAll(".text .block[id]")];
  let rested = "", waiting = 0;
  const isAway = () => document.querySelector(".site-header").getBoundingClientRect().bottom < 0;
  function read() {
    const asked = document.getElementById(decodeURIComponent(location.hash.slice(1)))?.getBoundingClientRect();
    if (asked && asked.bottom > 0 && asked.top < innerHeight) return location.hash;
    const block = blocks.find((one) => one.getBoundingClientRect().bottom > innerHeight * 0.15);
    return block ? `#${block.id}` : "";
  }
  addEventListener("scroll", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { if (isAway()) rested = read(); }, 500);
  }, { passive: true });
  addEventListener("click", (event) => {
    const link = event.target.closest?.(".languages a");
    if (link) link.hash = (isAway() ? read() : rested) || location.hash;
  }, true);
})();
