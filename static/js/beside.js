/* Writing beside the text: the form's own page, shown in the margin, or in the sheet of a phone. It is sent to where that page sends it,
   and what answers is shown in the same place. Without this file its links lead to that page. */
(() => {
  "use strict";
  const text = document.querySelector(".text[data-write]");
  if (!text) return;
  const said = text.dataset;
  let saving = Promise.resolve(), languages = new Map(), isTouched = false;

  /* The passage that a link to a form is about. */
  function passageOf(link) {
    const block = document.getElementById(decodeURIComponent(link.pathname.split("/").pop()));
    return block?.querySelector(".acts a.do")?.pathname === link.pathname && link.origin === location.origin ? block : null;
  }
  const form = () => sheet.body.querySelector("form[data-saves]");
  const tell = (element, name, detail = {}) => element.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));

  addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (sheet.holds(link) && link.getAttribute("href").startsWith("#")) {
      event.preventDefault();
      sheet.body.querySelector(`[id="${CSS.escape(link.hash.slice(1))}"]`)?.focus();
    } else if (sheet.holds(link) && link.matches("[data-go-on]")) {
      event.preventDefault();
      sheet.leave();
    } else if (text.contains(link) || sheet.holds(link)) {
      const block = passageOf(link);
      if (!block) return;
      event.preventDefault();
      if (!takeWords(link, block)) write(link.href, block, sheet.holds(link) ? null : link);
    }
  });

  /* Other words of the passage whose form is open become the words concerned. */
  function takeWords(link, block) {
    const open = form(), asked = new URL(link.href).searchParams;
    if (!open || sheet.block !== block || !asked.has("exact")) return false;
    for (const name of ["exact", "prefix", "suffix"]) open.elements.namedItem(name).value = asked.get(name) ?? "";
    open.elements.sentence.value = "";
    tell(open, "input");
    tell(open, "words");
    open.elements.body.focus({ preventScroll: true });
    return true;
  }

  async function write(address, block, opener) {
    leaveForm();
    await Promise.race([saving, new Promise((soon) => { setTimeout(soon, 3000); })]);
    isTouched = false;
    sheet.open({
      address, block, opener, kind: "form", title: said.write,
      async ready(page) {
        if (!page.main.querySelector("[data-beside]")) throw new Error("no form");
        languages = new Map([...page.whole.querySelectorAll(".languages a[hreflang]")].map((a) => [a.hreflang, new URL(a.getAttribute("href"), address).href]));
        await fetched(page.whole);
        put(page);
        sheet.dialog.addEventListener("left", leaveForm, { once: true });
      },
    });
  }

  /* What the form's page brings along and this one lacks. */
  async function fetched(whole) {
    const waits = [];
    for (const part of whole.querySelectorAll("script[src], link[rel=stylesheet]:not([media]), template[id]")) {
      if (part.matches("template")) {
        if (!document.getElementById(part.id)) document.body.append(document.importNode(part, true));
        continue;
      }
      const name = part.matches("script") ? "src" : "href", address = new URL(part.getAttribute(name), location.href);
      const known = [...document.querySelectorAll(`${part.localName}[${name}]`)].find((one) => new URL(one.getAttribute(name), location.href).pathname === address.pathname);
      if (known && (known.dataset.reader ?? "") !== (part.dataset.reader ?? "")) throw new Error("another reader");
      if (known) continue;
      const own = document.createElement(part.localName);
      for (const { name: attribute, value } of part.attributes) own.setAttribute(attribute, value);
      if (part.matches("script")) own.async = false;
      waits.push(new Promise((ready, fail) => { own.addEventListener("load", ready); own.addEventListener("error", fail); }));
      document.head.append(own);
    }
    await Promise.all(waits);
  }

  /* The form, or what answers it. */
  function put(page, pressed = null) {
    sheet.body.replaceChildren(...page.main.childNodes);
    sheet.dialog.scrollTop = 0;
    const own = form();
    if (own) {
      const concerned = own.querySelector(".words-concerned"), quoted = own.querySelector("[data-quoted]");
      if (quoted && !concerned.querySelector(".error")) concerned.open = false;
      own.addEventListener("input", () => touch(own));
      own.addEventListener("change", () => touch(own));
      own.dataset.reader = page.whole.querySelector("script[data-reader]")?.dataset.reader ?? "";  // who it is may have changed meanwhile
      tell(own, "shown");
    }
    focus(own, pressed);
  }
  function touch(own) {
    if (!isTouched) history.replaceState({ ...history.state, at: new URL(own.getAttribute("action"), location.href).href }, "");
    isTouched = true;
    const quoted = own.querySelector("[data-quoted]"), words = quoted?.querySelector("q");
    if (!words) return;
    words.textContent = own.elements.exact.value;
    quoted.hidden = !words.textContent;
  }
  function focus(own, pressed) {
    const again = pressed && own?.querySelector(`button[name="${pressed.name}"][value="${pressed.value}"]`);
    const news = sheet.body.querySelector(sheet.body.querySelector("[data-lodged]") ? "h1" : ".error-summary, [role=alert], .preview");
    const chosen = own?.querySelector("[name=position]:checked");
    const first = news ?? again ?? (chosen ? own.elements.body : own?.querySelector("[name=position]")) ?? sheet.body.querySelector("h2, h1");
    if (!first) return;
    if (!first.matches("input, textarea, button")) first.tabIndex = -1;
    first.focus();
  }

  /* What was typed is saved when the form is left; nothing of it stays behind in this page. */
  function leaveForm() {
    const own = form();
    if (!own) return;
    const waits = [];
    tell(own, "parted", { waits });
    saving = Promise.allSettled(waits);
  }

  /* Sent to where the page of the form sends it. */
  document.addEventListener("submit", (event) => {
    const own = event.target;
    if (!sheet.holds(own) || !own.matches("[data-saves]") || event.submitter?.formAction.includes("carry=")) return;
    event.preventDefault();
    if (own.getAttribute("aria-busy") !== "true") send(own, event.submitter);
  });
  async function send(own, button) {
    const parts = new FormData(own, button);
    const holdsFile = [...parts.values()].some((value) => typeof value !== "string" && value.size);
    const sent = holdsFile ? parts : new URLSearchParams([...parts].filter(([, value]) => typeof value === "string"));
    const pressed = button && { name: button.name, value: button.value };
    own.setAttribute("aria-busy", "true");
    own.querySelector(".unsent")?.remove();
    sheet.say(said.sending);
    const waits = [];
    tell(own, "sending", { waits });
    await Promise.allSettled(waits);
    try {
      const answer = await fetch(own.getAttribute("action"), { method: "POST", body: sent, credentials: "same-origin" });
      const page = await sheet.pageOf(answer);
      if (!own.isConnected) return arrived(page, own, false);
      if (!page.main.querySelector("[data-beside]")) return refuse(own, [...page.main.querySelectorAll("h1, h1 ~ p")].map((one) => one.textContent.trim()));
      return arrived(page, own, true, pressed);
    } catch {
      return refuse(own, [said.unsent]);
    } finally {
      own.removeAttribute("aria-busy");
    }
  }
  function arrived(page, own, isShown, pressed) {
    const lodged = page.main.querySelector("[data-lodged]");
    tell(own, "sent", { isLodged: Boolean(lodged) });
    sheet.say("");
    const block = sheet.block;
    if (isShown) {
      put(page, pressed);
      if (!lodged && form()) tell(form(), "input");
    }
    if (lodged) sheet.say([...sheet.body.querySelectorAll("h1, .big-ref")].map((one) => one.textContent.trim()).join(" "));
    if (lodged && block) beside(block, lodged);
  }
  function refuse(own, sentences) {
    const alert = document.createElement("div");
    alert.className = "notice notice-error unsent";
    alert.setAttribute("role", "alert");
    alert.append(...sentences.map((words) => Object.assign(document.createElement("p"), { textContent: words })));
    sheet.say("");
    own.querySelector(".form-acts").before(alert);
    alert.scrollIntoView({ block: "nearest" });
    tell(own, "input");
  }

  async function linesOf(key, part) {
    const answer = await fetch(said.margin.replace(/\d+$/, part));
    const page = new DOMParser().parseFromString(answer.ok ? await answer.text() : "", "text/html");
    return [...page.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key);
  }

  /* What was lodged stands beside its passage: for everybody once it is published, for its author at once. */
  async function beside(block, lodged) {
    const line = lodged.querySelector("[data-mine]");
    if (!line) return;
    if (block.matches("tr")) return putOwn(block, line);
    const place = [...text.querySelectorAll(".block")].indexOf(block);
    const passage = await linesOf(block.id, Math.floor(place / Number(said.part))).catch(() => null);
    const notes = block.querySelector(":scope > .notes");
    if (passage) {
      const fresh = document.importNode(passage.querySelector(".notes"), true);
      fresh.prepend(...notes?.querySelectorAll(".mine") ?? []);
      if (notes) notes.replaceWith(fresh);
      else block.append(fresh);
    }
    const acts = block.querySelector(".acts"), { count, discussion } = passage?.dataset ?? {};
    if (count && !acts.querySelector(".count")) {
      const all = Object.assign(document.createElement("a"), { className: "count", href: discussion });
      all.dataset.sheet = "";
      acts.querySelector(".past").before(all);
    }
    if (count) acts.querySelector(".count").textContent = count;
    putOwn(block, line);
  }

  /* A row of a table has no margin: its lines stand in the cell of what can be done with it. */
  function putOwn(block, given) {
    let notes = block.matches("tr") ? block.querySelector(".acts") : block.querySelector(":scope > .notes");
    if (!notes) {
      notes = document.createElement("aside");
      notes.className = "notes";
      notes.setAttribute("aria-label", said.about.replace("%", block.querySelector(".tag").textContent.trim()));
      block.append(notes);
    }
    const isThere = [...notes.querySelectorAll("a[data-whole], .mine a")].some((a) => a.textContent.includes(given.dataset.ref));
    if (isThere) return;
    const line = document.importNode(given, true);
    line.hidden = false;
    line.removeAttribute("data-mine");
    notes[block.matches("tr") ? "append" : "prepend"](line);
    tell(notes, "lines");
  }

  /* Those that its reader lodged before, and nobody else reads yet. */
  async function putAllOwn() {
    if (!said.own || !document.querySelector(".account .sign-out")) return;
    const answer = await fetch(said.own, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const line of [...page.querySelectorAll("[data-mine]")].reverse()) {
      const block = document.getElementById(line.dataset.at);
      if (block && text.contains(block)) putOwn(block, line);
    }
  }

  /* Another language takes along what was typed, to the form's page in that language: this page has no such form of its own. */
  addEventListener("click", (event) => {
    const link = event.target.closest?.(".languages a");
    if (link && isTouched && form() && languages.has(link.hreflang)) link.href = languages.get(link.hreflang);
  }, true);

  /* Who loads the page again, or comes back to this step of the history, finds open what was. */
  function reopen() {
    const { sheet: key, at } = history.state ?? {}, block = key && document.getElementById(key);
    if (!block || !at || sheet.dialog?.open) return;
    const link = Object.assign(document.createElement("a"), { href: at });
    if (passageOf(link) === block) write(link.href, block, null);
    else sheet.open({ address: link.href, opener: block.querySelector("a[data-sheet]"), block });
  }
  addEventListener("popstate", reopen);
  reopen();
  putAllOwn();
})();
