/* Keys of the moderator's bench (those of the verdicts, j, k) and "choose all", with bench.js; without this file every link and form works as it stands. */
(() => {
  "use strict";
  const page = document.querySelector(".moderation");
  if (!page) return;

  const pressed = [...page.querySelectorAll("[data-key]")].map((part) => [
    part.dataset.key, () => part.matches("button") ? part.click() : part.focus(),
  ]);
  const acts = {
    ...Object.fromEntries(pressed),
    j: () => page.querySelector('.bench-text [rel="next"]')?.click(),
    k: () => page.querySelector('.bench-text [rel="prev"]')?.click(),
  };
  bench.keys(page, acts);
  bench.sendOnce(page);

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
