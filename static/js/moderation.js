/* Keys of the moderator's bench (p, w, j, k) and "choose all"; without this file every link and form works as it stands. */
(() => {
  "use strict";
  const page = document.querySelector(".moderation");
  const help = page?.querySelector("[data-keys]");
  if (!help) return;

  /* A key without Ctrl or Alt can be struck by mistake or by speech: they can be turned off, and the choice is kept. */
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

  const acts = {
    p: () => page.querySelector('[data-key="p"]')?.click(),
    w: () => page.querySelector('[data-key="w"]')?.focus(),
    j: () => page.querySelector('.bench-text [rel="next"]')?.click(),
    k: () => page.querySelector('.bench-text [rel="prev"]')?.click(),
  };
  addEventListener("keydown", (event) => {
    if (!on || event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
    /* The letter as typed; on an Arabic keyboard, the place of the key. */
    const key = /^[a-z]$/i.test(event.key) ? event.key.toLowerCase() : event.code.replace(/^Key/, "").toLowerCase();
    if (!Object.hasOwn(acts, key)) return;
    event.preventDefault();
    acts[key]();
  });

  /* A double click decides once. */
  for (const form of page.querySelectorAll('form[method="post"]')) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
  }
  addEventListener("pageshow", () => { for (const form of page.querySelectorAll("form[data-sent]")) delete form.dataset.sent; });

  const all = page.querySelector("[data-all]");
  if (all) {
    const boxes = [...page.querySelectorAll('input[name="choice"]')];
    all.hidden = boxes.length < 2;
    all.addEventListener("click", () => {
      const tick = !boxes.every((box) => box.checked);
      for (const box of boxes) box.checked = tick;
    });
  }

  /* A refused form comes back with its summary: bring it into sight. */
  page.querySelector(".error-summary")?.focus();
  page.querySelector('.bench-list [aria-current]')?.scrollIntoView({ block: "nearest" });
})();
