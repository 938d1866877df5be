/* The chapter page made pleasant; without this file everything still works by links. */
(() => {
  "use strict";
  const text = document.querySelector(".text");
  if (!text) return;
  const chapter = document.querySelector(".chapter");
  const wide = matchMedia("(min-width: 75rem)");
  const words = text.dataset;

  for (const hint of chapter.querySelectorAll("[data-scripted]")) hint.hidden = false;

  /* What another page says, to be shown inside this one. */
  async function pageAt(address) {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
    if (!page) throw new Error("no main");
    for (const form of page.querySelectorAll("form")) form.action = new URL(form.getAttribute("action") || "", answer.url).href;
    for (const a of page.querySelectorAll("a[href]")) a.href = new URL(a.getAttribute("href"), answer.url).href;
    for (const element of page.querySelectorAll("[id]")) if (document.getElementById(element.id)) element.removeAttribute("id");
    return page;
  }

  /* Margin: each block's notes stand beside it, and give way downwards when the block is shorter than its notes. */
  const asides = [...text.querySelectorAll(".notes")];
  const tables = [...text.querySelectorAll("table")];
  let waiting = 0;
  function align() {
    waiting = 0;
    chapter.classList.toggle("has-margin", wide.matches);
    for (const aside of asides) aside.style.transform = "";
    if (!wide.matches) return;
    const places = asides.map((aside) => aside.getBoundingClientRect());
    const walls = places.length ? tables.map((table) => table.getBoundingClientRect()).filter((wall) => reachesInto(wall, places[0])) : [];
    let floor = -Infinity;
    places.forEach((place, i) => {
      let top = Math.max(floor, place.top);
      for (const wall of walls) if (top < wall.bottom && wall.top < top + place.height) top = wall.bottom + 8;
      const shift = top - place.top;
      if (shift) asides[i].style.transform = `translateY(${Math.ceil(shift)}px)`;
      floor = place.bottom + shift + 8;
    });
  }
  function reachesInto(wall, place) { return wall.left < place.right && place.left < wall.right; }
  function alignSoon() { waiting ||= requestAnimationFrame(align); }
  align();
  addEventListener("resize", alignSoon);
  text.addEventListener("toggle", alignSoon, true);
  text.addEventListener("lines", alignSoon);
  document.fonts?.ready.then(alignSoon);

  /* A line of the margin opens to all that was said: the first words stand there at once, the whole follows. */
  text.addEventListener("toggle", async (event) => {
    const line = event.target.closest(".said"), link = line?.querySelector("a[data-whole]");
    if (!line?.open || line.querySelector(".whole")) return;
    const whole = document.createElement("div");
    whole.className = "whole";
    line.querySelector("summary").after(whole);
    try {
      const said = (await pageAt(link.href)).querySelector("[data-words]");
      whole.append(...said.childNodes);
      line.classList.add("is-whole");
    } catch { whole.remove(); }
    alignSoon();
  }, true);

  /* Contents: open beside a wide text, folded above a narrow one; the current section is named. */
  const contents = chapter.querySelector(".contents");
  const where = contents?.querySelector("[data-where]");
  const links = new Map([...(contents?.querySelectorAll("nav a") ?? [])].map((a) => [decodeURIComponent(a.hash.slice(1)), a]));
  function fold() {
    if (!contents) return;
    contents.open = wide.matches;
    contents.classList.toggle("is-folding", wide.matches);
  }
  fold();
  wide.addEventListener("change", () => { fold(); alignSoon(); });
  contents?.addEventListener("click", (event) => { if (event.target.closest("nav a") && !wide.matches) contents.open = false; });

  const heads = [...text.querySelectorAll(".block")].filter((block) => links.has(block.id));
  let current = null;
  function mark() {
    let here = heads[0];
    for (const head of heads) {
      if (head.getBoundingClientRect().top > innerHeight * 0.3) break;
      here = head;
    }
    if (!here || here === current) return;
    contents.querySelector(".is-here")?.classList.remove("is-here");
    if (current) links.get(current.id).removeAttribute("aria-current");
    current = here;
    const link = links.get(here.id);
    link.setAttribute("aria-current", "location");
    contents.querySelector(`nav > ol > li:has(a[aria-current])`)?.classList.add("is-here");
    if (where) where.textContent = [...link.childNodes].filter((n) => !n.classList?.contains("visually-hidden")).map((n) => n.textContent).join("");
    if (wide.matches) {
      const box = contents.getBoundingClientRect(), line = link.getBoundingClientRect();
      if (line.top < box.top + 60 || line.bottom > box.bottom - 60) contents.scrollTop += line.top - box.top - box.height / 3;
    }
  }
  let marking = 0;
  addEventListener("scroll", () => { marking ||= requestAnimationFrame(() => { marking = 0; mark(); }); }, { passive: true });
  mark();

  /* A block's number copies its lasting address. */
  text.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-copy]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !navigator.clipboard) return;
    try { await navigator.clipboard.writeText(link.href); } catch { return; }
    const label = link.firstElementChild, before = label.textContent;
    if (link.classList.contains("copied")) return;
    link.classList.add("copied");
    label.textContent = said.textContent = words.copied;
    setTimeout(() => { label.textContent = before; said.textContent = ""; link.classList.remove("copied"); }, 1600);
  });
  const said = document.createElement("div");
  said.className = "visually-hidden";
  said.setAttribute("role", "status");
  document.body.append(said);

  /* The sheet: a block's contributions over the lower part of a phone, or beside the text. */
  let sheet, opener, asked = 0;
  function make() {
    sheet = document.createElement("dialog");
    sheet.className = "sheet";
    sheet.setAttribute("aria-labelledby", "sheet-title");
    const bar = document.createElement("div"), title = document.createElement("p"), close = document.createElement("button");
    bar.className = "sheet-bar";
    title.id = "sheet-title";
    close.type = "button";
    close.className = "btn btn-quiet btn-small";
    close.textContent = words.close;
    close.addEventListener("click", leave);
    bar.append(title, close);
    const body = document.createElement("div");
    body.className = "sheet-body";
    sheet.append(bar, body);
    sheet.addEventListener("keydown", (event) => { if (event.key === "Escape") leave(); });
    document.body.append(sheet);
  }
  /* An open sheet is a step of the history: Back closes it, and stays on the text. */
  const leave = () => { if (history.state?.sheet) history.back(); else shut(); };
  addEventListener("popstate", () => { if (sheet?.open && !history.state?.sheet) shut(); });
  function shut() {
    sheet.close();
    opener?.closest(".block")?.classList.remove("is-open");
    opener?.focus({ preventScroll: true });
  }
  async function open(link) {
    if (!sheet) make();
    opener?.closest(".block")?.classList.remove("is-open");
    opener = link;
    const block = link.closest(".block"), body = sheet.lastElementChild, mine = ++asked;
    block.classList.add("is-open");
    sheet.querySelector("#sheet-title").textContent = block.querySelector(".tag")?.textContent ?? "";
    body.textContent = words.waiting;
    if (!sheet.open) sheet.show();
    sheet.querySelector("button").focus({ preventScroll: true });
    if (!wide.matches) block.scrollIntoView({ block: "start" });
    if (history.state?.sheet) history.replaceState({ sheet: block.id }, "");
    else history.pushState({ sheet: block.id }, "");
    try {
      const page = await pageAt(link.href);
      if (mine !== asked) return;
      body.replaceChildren(...page.childNodes);
      sheet.scrollTop = 0;
    } catch {
      document.documentElement.dataset.leads = "";
      location.href = link.href;
    }
  }
  text.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-sheet]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    open(link);
  });
  const reopened = history.state?.sheet && document.getElementById(history.state.sheet)?.querySelector("a[data-sheet]");
  if (reopened) open(reopened);
})();
