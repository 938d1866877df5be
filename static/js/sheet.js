/* The sheet: what another page says, over the lower part of a phone or beside the text, which stays in sight. An open sheet is a step of
   the history: Back closes it, and stays on the text. Without this file its links lead to that page. */
"use strict";
const sheet = (() => {
  const text = document.querySelector(".text"), words = text?.dataset ?? {};
  const wide = matchMedia("(min-width: 75rem)");
  const body = document.createElement("div");
  let dialog = null, status = null, asked = 0;
  const NOTHING = { opener: null, block: null, range: null, address: "" };
  let now = NOTHING;

  /* Another page: its main part as it can stand inside this one, and all of it. */
  async function pageOf(answer) {
    const whole = new DOMParser().parseFromString(await answer.text(), "text/html"), main = whole.querySelector("main");
    if (!main) throw new Error("no main");
    for (const form of main.querySelectorAll("form")) {
      const { pathname, search } = new URL(form.getAttribute("action") || "", answer.url);
      form.setAttribute("action", pathname + search);
    }
    for (const a of main.querySelectorAll("a[href]:not([href^='#'])")) a.href = new URL(a.getAttribute("href"), answer.url).href;
    for (const element of main.querySelectorAll("[id]")) {
      const here = document.getElementById(element.id);
      if (here && !body.contains(here)) element.removeAttribute("id");
    }
    return { main, whole, status: answer.status };
  }
  async function pageAt(address) {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (!answer.ok && !answer.headers.get("Content-Type")?.includes("html")) throw new Error(String(answer.status));
    return { ...await pageOf(answer), isOk: answer.ok };
  }

  function make() {
    const bar = document.createElement("div"), title = document.createElement("p"), close = document.createElement("button");
    dialog = document.createElement("dialog");
    dialog.className = "sheet";
    dialog.setAttribute("aria-labelledby", "sheet-title");
    bar.className = "sheet-bar";
    title.id = "sheet-title";
    close.type = "button";
    close.className = "btn btn-quiet btn-small";
    close.textContent = words.close;
    close.addEventListener("click", leave);
    bar.append(title, close);
    body.className = "sheet-body";
    dialog.append(bar, body);
    dialog.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault();
      leave();
    });
    document.body.append(dialog);
    visualViewport?.addEventListener("resize", fit);
    addEventListener("resize", fit);
  }

  /* What is for the ear alone. */
  function say(said) {
    if (!status) {
      status = document.createElement("div");
      status.className = "visually-hidden";
      status.setAttribute("role", "status");
      document.body.append(status);
    }
    status.textContent = said;
  }

  /* Beside a wide text, the room that the text leaves; on a phone, above its keyboard. */
  function fit() {
    if (!dialog?.open) return;
    const column = text.querySelector(".block > .words")?.getBoundingClientRect(), { clientWidth } = document.documentElement;
    const isRtl = getComputedStyle(text).direction === "rtl";
    if (column) dialog.style.setProperty("--room", `${Math.floor((isRtl ? column.left : clientWidth - column.right) - 12)}px`);
    const view = window.visualViewport, covered = view && view.scale === 1 ? innerHeight - view.height - view.offsetTop : 0;
    dialog.style.setProperty("--covered", `${Math.max(0, Math.round(covered))}px`);
  }

  /* The passage, or the words of it that were selected, between what stands above the text and the sheet. */
  function keepInSight() {
    if (!now.block) return;
    const box = now.block.getBoundingClientRect(), chosen = now.range?.getBoundingClientRect();
    if (wide.matches) {
      const { top, bottom } = chosen ?? box;
      if (bottom < 0 || top > innerHeight) now.block.scrollIntoView({ block: "center", behavior: "instant" });
      return;
    }
    const head = document.querySelector(".contents")?.getBoundingClientRect().height ?? 0;
    const room = dialog.getBoundingClientRect().top - head;
    const from = chosen && chosen.bottom - box.top > room ? chosen : box;
    scrollBy({ top: from.top - head - 8, behavior: "instant" });
  }

  function mark(block) {
    now.block?.classList.remove("is-open");
    block?.classList.add("is-open");
  }

  function goBack(to) {
    to?.focus({ preventScroll: true });
    to?.scrollIntoView({ block: "nearest", behavior: "instant" });
  }
  let isLeaving = false;  // two steps back would leave the chapter
  function leave() {
    if (isLeaving) return;
    isLeaving = Boolean(history.state?.sheet);
    if (isLeaving) history.back(); else shut();
  }
  addEventListener("popstate", () => {
    isLeaving = false;
    if (!dialog?.open || history.state?.sheet) return;
    shut(location.href === now.address);  // or the reader went to another place of the text
    history.scrollRestoration = "auto";
  });
  function shut(isBack = true) {
    if (!dialog.open) return;
    asked++;
    const { opener, block, range } = now;
    dialog.dispatchEvent(new CustomEvent("left"));
    dialog.close();
    mark(null);
    body.replaceChildren();
    now = NOTHING;
    if (!isBack) return;
    if (range?.startContainer.isConnected) {
      getSelection().removeAllRanges();
      getSelection().addRange(range);
    }
    const back = opener?.isConnected ? opener : block?.querySelector(".acts a.do") ?? block?.querySelector(".tag a");
    const from = scrollY;
    goBack(back);
    setTimeout(() => {  // where the address has a fragment, a step back goes to it, and takes the focus away
      scrollTo({ top: from, behavior: "instant" });
      if (document.activeElement === document.body || document.activeElement === back) goBack(back);
    });
  }

  /* ``ready`` takes the page and puts it into the body; without it, all of its main part is shown. Whoever opens something else meanwhile
     is not shown this any more. */
  async function open({ address, opener, block, title = "", kind = "said", ready = null }) {
    if (!dialog) make();
    if (dialog.open) dialog.dispatchEvent(new CustomEvent("left"));
    const mine = ++asked, selection = getSelection();
    const range = selection.rangeCount && !selection.isCollapsed && block.contains(selection.anchorNode) ? selection.getRangeAt(0).cloneRange() : null;
    mark(block);
    now = { opener, block, range, address: location.href };
    dialog.classList.toggle("is-form", kind === "form");
    dialog.classList.toggle("is-of-a-row", block.matches("tr"));
    dialog.querySelector("#sheet-title").textContent = [title, block.querySelector(".tag")?.textContent.trim() ?? ""].filter(Boolean).join(" · ");
    body.textContent = words.waiting;
    if (!dialog.open) dialog.show();
    fit();
    dialog.querySelector("button").focus({ preventScroll: true });
    keepInSight();
    const state = { sheet: block.id, at: address };
    history.scrollRestoration = "manual";  // the passage stays where it is
    if (history.state?.sheet) history.replaceState(state, "");
    else history.pushState(state, "");
    try {
      const page = await pageAt(address);
      if (mine !== asked) return;
      if (!page.isOk && !ready) throw new Error(String(page.status));
      dialog.scrollTop = 0;
      if (ready) await ready(page);
      else body.replaceChildren(...page.main.childNodes);
      keepInSight();
    } catch (fault) {
      if (mine !== asked) return;
      document.documentElement.dataset.leads = "";
      location.href = address;
    }
  }

  return { pageOf, pageAt, open, leave, say, body, holds: (element) => body.contains(element), get dialog() { return dialog; }, get block() { return now.block; } };
})();
