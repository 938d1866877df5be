/* The ledger of places: keys to go from one to the next and decide, and a filter for the long list of passages. */
"use strict";
{
  const page = document.querySelector("main.anchors");
  const rows = [...page.querySelectorAll("article.anchor[id]")];
  bench.sendOnce(page);

  const at = () => {
    const focused = rows.findIndex((row) => row.contains(document.activeElement));
    return focused >= 0 ? focused : rows.findIndex((row) => `#${row.id}` === location.hash);
  };
  const go = (step) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, at() + step))];
    if (row) { row.focus(); row.scrollIntoView({ block: "nearest" }); }
  };
  const act = (name) => rows[at()]?.querySelector(`[data-act="${name}"]`)?.click();
  bench.keys(page, { j: () => go(1), k: () => go(-1), c: () => act("c"), a: () => act("a"), l: () => act("l") });
  if (rows.length && at() >= 0) rows[at()].focus({ preventScroll: true });

  const select = page.querySelector("select[data-choose]");
  if (select) {
    const other = document.getElementById(select.dataset.choose);
    const filter = document.getElementById("filter");
    const options = [...select.options];
    select.addEventListener("change", () => { if (other) other.checked = true; });
    filter.parentElement.hidden = false;
    filter.addEventListener("input", () => {
      const wanted = filter.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
      select.replaceChildren(...options.filter((option) => wanted.every((word) => option.text.toLocaleLowerCase().includes(word))));
    });
    filter.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  }
}
