/* Words that were typed and not sent: leaving the page by a link, a language, a key or another form of it asks first.
   Without this file the browser does as it is told; acts beside a form then submit that form, and its words come back with the answer. */
(() => {
  "use strict";
  const question = document.currentScript.dataset.question;
  const WORDS = "textarea, input:is([type=text], [type=email], [type=url], [type=tel], [type=number], [type=date], [type=datetime-local], :not([type]))";
  let isSending = false;

  /* A form that came back refused, or was only previewed, is unsaved as it stands (`data-unsaved`, or its summary of errors). */
  const isUnsaved = (form) => !form.querySelector("[type=password]") && (
    "unsaved" in form.dataset || form.querySelector(".error-summary")
    || [...form.elements].some((field) => field.matches(WORDS) && !field.readOnly && field.value !== field.defaultValue));
  const unsaved = (but) => [...document.querySelectorAll('form[method="post"], div[data-unsaved]')]
    .filter((words) => words !== but && isUnsaved(words));

  /* Before the page's own scripts: a form that is not sent after all must not count as sent. */
  addEventListener("submit", (event) => {
    const first = unsaved(event.target)[0];
    if (first && !confirm(question)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      first.querySelector(WORDS)?.focus();
      return;
    }
    isSending = true;
    setTimeout(() => { if (event.defaultPrevented) isSending = false; });
  }, true);
  addEventListener("input", () => { isSending = false; });
  addEventListener("pageshow", () => { isSending = false; });
  addEventListener("beforeunload", (event) => { if (!isSending && unsaved().length) event.preventDefault(); });
})();
