/* Keys of the workbench, "tick all", and how many are ticked, with bench.js; without this file every link and form works as it stands. */
(() => {
  "use strict";
  const page = document.querySelector(".synthesis");
  if (!page) return;
  const boxes = [...page.querySelectorAll('input[name="choice"]')];
  const rows = [...page.querySelectorAll(".on-bench")];

  /* How many are ticked */
  const said = page.querySelector("[data-count]");
  const chosen = page.querySelector("#scope-chosen");
  function count() {
    const n = boxes.filter((box) => box.checked).length;
    if (said) said.textContent = n === 0 ? "" : n === 1 ? said.dataset.one : said.dataset.many.replace("{n}", n);
  }
  for (const box of boxes) box.addEventListener("change", () => { if (chosen) chosen.checked = true; count(); });
  addEventListener("pageshow", count);
  count();

  const all = page.querySelector("[data-all]");
  if (all && boxes.length > 1) {
    all.hidden = false;
    all.addEventListener("click", () => {
      const tick = !boxes.every((box) => box.checked);
      for (const box of boxes) box.checked = tick;
      chosen.checked = true;
      count();
    });
  }

  bench.sendOnce(page);

  page.querySelector(".error-summary")?.focus();

  let here = -1;
  function go(step) {
    if (!rows.length) return page.querySelector(step > 0 ? '.turn-items [rel="next"]' : '.turn-items [rel="prev"]')?.click();
    const inside = rows.findIndex((row) => row.contains(document.activeElement));
    here = Math.min(rows.length - 1, Math.max(0, (inside < 0 ? here : inside) + step));
    rows[here].focus();
    rows[here].scrollIntoView({ block: "nearest" });
  }
  const acts = {
    j: () => go(1),
    k: () => go(-1),
    x: () => rows[here]?.querySelector('input[name="choice"]')?.click(),
    n: () => page.querySelector("#new-title")?.focus(),
    i: () => page.querySelector("#into-item")?.focus(),
    s: () => rows[here]?.querySelector("[data-split]")?.click(),
  };
  bench.keys(page, acts);
})();
