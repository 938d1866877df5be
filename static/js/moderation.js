/* Keys of the moderator's bench (those of the verdicts, j, k) and "choose all", with bench.js; without this file every link and form works as it stands. */
(() => {
  "use strict";
  const page = document.querySelector(".moderation");
  if (!page) return;

  const pressed = [...page.querySelectorAll("[data-key]")].map((part) => [
    part.dataset.key, () => part.matches("button") ? part.click() : part.focus(),
  ]);
  /* The words selected in the text join those that a verdict names, a phrase on each line. */
  const taking = Object.fromEntries([...page.querySelectorAll("[data-take-words]")].map((button) => {
    const phrases = button.form.querySelector("[data-phrases]");
    const take = () => {
      const selection = getSelection(), range = selection.rangeCount && !selection.isCollapsed ? selection.getRangeAt(0) : null;
      const within = range?.commonAncestorContainer, part = within?.nodeType === Node.TEXT_NODE ? within.parentElement : within;
      if (part?.closest(".bench-text") && part.closest("section")) {
        // One selection is one phrase, over however many paragraphs it goes.
        const chosen = selection.toString().split(/\s*\n\s*/).filter(Boolean).join(" ").trim();
        phrases.value = [phrases.value.trim(), chosen].filter(Boolean).join("\n");
      }
      phrases.closest("details")?.setAttribute("open", "");
      phrases.form.querySelector("select").focus();
    };
    button.hidden = false;
    button.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the selection
    button.addEventListener("click", take);
    return [button.dataset.takeWords, take];
  }));

  const acts = {
    ...Object.fromEntries(pressed),
    ...taking,
    "?": () => {
      const help = page.querySelector("[data-keys]");
      help.scrollIntoView({ block: "center" });
      help.querySelector("button").focus();
    },
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
