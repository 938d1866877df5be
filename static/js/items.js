/* An address that was cited while a synthesis was one page names an item after the “#” alone: the page that has it now is asked for.
   Without this file the item is found by its number. */
(() => {
  "use strict";
  const cited = /^#item-(\d{1,9})$/.exec(location.hash);
  if (cited && !document.getElementById(`item-${cited[1]}`)) {
    document.documentElement.dataset.leads = "";
    location.replace(`${location.pathname}?item=${cited[1]}${location.hash}`);
  }
})();
