/* What was said beside passages further on: the page brings the lines of the first ones, those of the others come when a reader is near.
   Without this file the way to all that was said on a passage stands in their place. */
(() => {
  "use strict";
  const text = document.querySelector(".text[data-margin]");
  const empty = [...(text?.querySelectorAll(".notes[data-part]") ?? [])];
  if (!empty.length || !("IntersectionObserver" in window)) return;
  const asked = new Set();

  /* The lines stand before the way to all of them, which stays the same link: somebody may have come to it already. */
  function put(aside, lines) {
    const all = aside.querySelector(".all"), more = lines.querySelector(".all");
    all.before(...lines.querySelectorAll(".said"));
    if (more) all.textContent = more.textContent;
    else {
      if (document.activeElement === all) aside.querySelector("summary")?.focus({ preventScroll: true });
      all.remove();
    }
    delete aside.dataset.part;
    aside.dispatchEvent(new CustomEvent("lines", { bubbles: true }));
  }
  async function ask(part) {
    if (asked.has(part)) return;
    asked.add(part);
    try {
      const answer = await fetch(text.dataset.margin.replace(/\d+$/, part));
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const passage of page.querySelectorAll("[data-key]")) {
        const aside = document.getElementById(passage.dataset.key)?.querySelector(":scope > .notes[data-part]");
        if (aside) { near.unobserve(aside.parentElement); put(aside, passage); }
      }
    } catch { asked.delete(part); }
  }
  const near = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) {
      const part = isIntersecting && target.querySelector(":scope > .notes[data-part]")?.dataset.part;
      if (part) ask(part);
    }
  }, { rootMargin: "100% 0px" });
  for (const aside of empty) near.observe(aside.parentElement);
})();
