/* What others said that is near to what is being written: looked for once it is saved and enough was written since, and shown under the form,
   so that nothing moves where one types. Without this file a link beside the saved draft leads to the same page. */
(() => {
  "use strict";
  const FEWEST = 5, MORE = 6, PAUSE = 4000;
  const known = new WeakMap();
  const count = (form) => form.elements.body.value.match(/[\p{L}\p{N}]{3,}/gu)?.length ?? 0;

  function look(form, address) {
    const place = form.closest("[data-beside]")?.querySelector("[data-near]");
    if (!place) return;
    const state = known.get(form) ?? { words: 0, at: 0, timer: 0 };
    known.set(form, state);
    clearTimeout(state.timer);
    const words = count(form);
    if (words < FEWEST || Math.abs(words - state.words) < MORE) return;
    state.timer = setTimeout(async () => {
      Object.assign(state, { words: count(form), at: Date.now() });
      const found = await page(address);
      if (found && form.isConnected) show(form, place, found);
    }, Math.max(0, state.at + PAUSE - Date.now()));
  }

  async function page(address) {
    const answer = await fetch(address, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-similar]");
  }

  function show(form, place, found) {
    const has = Number(found.dataset.count) > 0, told = form.querySelector(".near-told");
    place.closest(".near").hidden = told.hidden = !has;
    told.querySelector("a").textContent = found.dataset.told.trim();
    place.replaceChildren(...document.importNode(found, true).childNodes);
    place.querySelector("[data-go-on-writing]")?.addEventListener("click", (event) => {
      event.preventDefault();
      event.stopPropagation();
      form.elements.body.focus();
    });
  }

  document.addEventListener("saved", ({ target, detail }) => look(target, detail.near));
})();
