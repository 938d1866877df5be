/* The key / leads to the search box in the head of the page, from wherever nothing is typed. */
(() => {
  "use strict";
  const box = document.querySelector(".site-search input[type=search]");
  if (!box) return;
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const { target } = event;
    if (target instanceof Element && (target.closest("input, textarea, select") || target.isContentEditable)) return;
    event.preventDefault();
    const here = document.getElementById("search-words") ?? box;
    here.focus();
    here.select();
  });
})();
