/* Words that were typed and not sent: leaving the page by a link, a key or another form of it asks first; another language takes them
   along; whoever comes back to the page, or loads it again, finds them as they were.
   Without this file the browser does as it is told; acts beside a form then submit that form, and its words come back with the answer. */
(() => {
  "use strict";
  const said = document.currentScript.dataset;
  const WORDS = "textarea, input:is([type=text], [type=email], [type=url], [type=tel], [type=number], [type=date], [type=datetime-local], :not([type]))";
  let isSending = false, isForgotten = false;

  /* A form that came back refused, or was only previewed, is unsaved as it stands (`data-unsaved`, or its summary of errors). What saved
     itself (drafts.js) is not unsaved, but still what was typed here: `data-written`, or another value than the page came with. */
  const differs = (form, from) => [...form.elements].some((field) => field.matches(WORDS) && !field.readOnly && field.value !== from(field));
  const isTyped = (form) => "unsaved" in form.dataset || form.querySelector(".error-summary")
    || differs(form, (field) => field.keptValue ?? field.defaultValue);
  const isWritten = (form) => "written" in form.dataset || isTyped(form) || differs(form, (field) => field.defaultValue);
  const isUnsaved = (form) => !form.querySelector("[type=password]") && isTyped(form);
  const isChosen = (form) => [...form.elements].some((field) => field.matches("[type=radio], [type=checkbox]")
    ? field.checked !== field.defaultChecked
    : [...(field.options ?? [])].some((one) => one.selected !== one.defaultSelected && (one.index > 0 || one.defaultSelected)));
  const posted = () => [...document.querySelectorAll('form[method="post"]')];
  const unsaved = (but) => [...posted(), ...document.querySelectorAll("div[data-unsaved]")].filter((words) => words !== but && isUnsaved(words));

  function mayLeave(but) {
    const first = unsaved(but)[0];
    if (!first || confirm(said.question)) return true;
    first.querySelector(WORDS)?.focus();
    return false;
  }

  /* Another language: the page in that language, with what was typed. */
  addEventListener("click", (event) => {
    const link = event.target.closest?.(".languages a");
    const form = posted().find(isWritten) ?? posted().find(isChosen);
    if (!link || !form || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const button = document.createElement("button"), address = new URL(link.href);
    address.searchParams.set("carry", form.getAttribute("action") ?? "");
    Object.assign(button, {
      hidden: true, formAction: address.href, formMethod: "post", formNoValidate: true, formEnctype: "application/x-www-form-urlencoded",
    });
    form.append(button);
    form.requestSubmit(button);
    button.remove();
  });

  /* Before the page's own scripts: a form that is not sent after all must not count as sent. */
  addEventListener("submit", (event) => {
    if (!mayLeave(event.target)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    if (address(event.target).endsWith("/logout")) forget();
    else if (!event.submitter?.formAction.includes("carry=")) sessionStorage.setItem("sent", here);
    isSending = true;
    setTimeout(() => { if (event.defaultPrevented) isSending = false; });
  }, true);
  addEventListener("input", () => { isSending = false; });
  addEventListener("pageshow", () => { isSending = false; });
  addEventListener("beforeunload", (event) => { if (!isSending && unsaved().length) event.preventDefault(); });

  /* Back, and loading again. The answer to a form stands in the history as the page that it is about: it can be opened again. */
  if (said.address) history.replaceState(history.state, "", said.address + location.hash);
  const here = `typed ${said.reader} ${location.pathname}${location.search}`;
  const address = (form) => form.getAttribute("action") ?? "";
  const fields = (form) => [...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "csrf_token");
  function forget() {
    sessionStorage.clear();
    try { for (const key of Object.keys(localStorage)) if (key.startsWith(`draft ${said.reader} `)) localStorage.removeItem(key); } catch { /* refused */ }
    isForgotten = true;
  }
  function keep() {
    if (isForgotten) return;
    const written = posted().filter((form) => !form.querySelector("[type=password]") && isWritten(form));
    const forms = written.map((form) => [address(form), fields(form)]);
    if (forms.length) sessionStorage.setItem(here, JSON.stringify(forms));
    else sessionStorage.removeItem(here);
  }
  function put(form, typed) {
    const waiting = new Map();
    for (const [name, value] of typed) waiting.set(name, [...(waiting.get(name) ?? []), value]);
    for (const field of form.elements) {
      const values = waiting.get(field.name) ?? [];
      if (!field.name || field.name === "csrf_token" || field.matches("[type=file], [type=password], [type=submit], button")) continue;
      if (field.matches("[type=radio], [type=checkbox]")) field.checked = values.includes(field.value);
      else if (field.matches("select")) for (const option of field.options) option.selected = values.includes(option.value);
      else if (values.length) field.value = values.shift();
      if (field.matches(WORDS) && field.value !== field.defaultValue) field.closest("details")?.setAttribute("open", "");
    }
  }
  const sent = sessionStorage.getItem("sent"), kept = sessionStorage.getItem(here);
  sessionStorage.removeItem("sent");
  if (performance.getEntriesByType("navigation")[0]?.type === "navigate") {
    if (sent && !(sent === here && unsaved().length)) sessionStorage.removeItem(sent);
  } else if (kept && !posted().some(isUnsaved)) {
    for (const [action, typed] of JSON.parse(kept)) {
      const form = posted().find((one) => address(one) === action);
      if (form) put(form, typed);
    }
  }
  addEventListener("pagehide", keep);
})();
