/* What the benches of moderation and synthesis share: keys that can be turned off, and forms that are sent once. */
"use strict";
const bench = {
  /* A double click decides once. */
  sendOnce(page) {
    for (const form of page.querySelectorAll('form[method="post"]')) {
      form.addEventListener("submit", (event) => {
        if (form.dataset.sent) event.preventDefault();
        form.dataset.sent = "yes";
      });
    }
    addEventListener("pageshow", () => { for (const form of page.querySelectorAll("form[data-sent]")) delete form.dataset.sent; });
  },

  /* A key without Ctrl or Alt can be struck by mistake or by speech: they can be turned off, and the choice is kept. */
  keys(page, acts) {
    const help = page.querySelector("[data-keys]");
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
    addEventListener("keydown", (event) => {
      if (!on || event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]")) return;
      /* The letter as typed; on an Arabic keyboard, the place of the key. */
      const key = event.key === "?" ? "?" : /^[a-z]$/i.test(event.key) ? event.key.toLowerCase() : event.code.replace(/^Key/, "").toLowerCase();
      if (!Object.hasOwn(acts, key)) return;
      event.preventDefault();
      acts[key]();
    });
  },
};
