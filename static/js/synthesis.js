/* Keys of the workbench, "tick all", and how many are ticked; without this file every link and form works as it stands. */
(() => {
  "use strict";
  const page = document.querySelector(".synthesis");
  if (!page) return;
  const help = page.querySelector("[data-keys]");
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

  /* A double click gathers once. */
  for (const form of page.querySelectorAll('form[method="post"]')) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
  }
  addEventListener("pageshow", () => { for (const form of page.querySelectorAll("form[data-sent]")) delete form.dataset.sent; });

  page.querySelector(".error-summary")?.focus();

  /* Keys, which can be turned off; the choice is the same as on the moderator's bench. */
  if (!help) return;
  const STORE = "consult.keys";
  let on = true;
  try { on = localStorage.getItem(STORE) !== "off"; } catch { /* storage refused: keys stay on for this page */ }
  const toggle = help.querySelector("[data-toggle-keys]");
  function show() {
    help.hidden = false;
    for (const key of page.querySelectorAll("kbd")) key.hidden = !on;
    toggle.textContent = on ? help.dataset.off : help.dataset.on;
  }
  toggle.addEventListener("click", () => {
    on = !on;
    try { localStorage.setItem(STORE, on ? "on" : "off"); } catch { /* for this page only */ }
    show();
  });
  show();

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
  };
  addEventListener("keydown", (event) => {
    if (!on || event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]")) return;
    /* The letter as typed; on an Arabic keyboard, the place of the key. */
    const key = /^[a-z]$/i.test(event.key) ? event.key.toLowerCase() : event.code.replace(/^Key/, "").toLowerCase();
    if (!Object.hasOwn(acts, key)) return;
    event.preventDefault();
    acts[key]();
  });
})();
