/* The preview follows what is typed; without this file the button "Preview" does it. */
(() => {
  "use strict";
  const PAUSE = 700;
  const form = document.querySelector("form.editor");
  if (!form || !form.dataset.preview) return;
  const here = form.querySelector("[data-preview-here]");
  const said = form.querySelector("[data-said]");
  let waiting = 0;
  let asked = null;

  async function look() {
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(form.dataset.preview, { method: "POST", body: new FormData(form), credentials: "same-origin", signal: asked.signal });
      if (answer.ok && !answer.redirected) {
        const top = here.scrollTop;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        here.replaceChildren(...page.body.childNodes);
        here.scrollTop = top;
        said.textContent = "";
      } else {
        said.textContent = answer.status < 500 ? form.dataset.ended : form.dataset.offline;
      }
    } catch (error) {
      if (error.name !== "AbortError") said.textContent = form.dataset.offline;
    }
  }

  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, PAUSE);
  });
  form.querySelector("[data-preview-button]").addEventListener("click", (event) => {
    event.preventDefault();
    look();
  });
  look();
})();
