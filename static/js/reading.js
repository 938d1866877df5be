/* The chapter page made pleasant; without this file everything still works by links. */
(() => {
  "use strict";
  const text = document.querySelector(".text");
  if (!text) return;
  const chapter = document.querySelector(".chapter");
  const wide = matchMedia("(min-width: 75rem)");
  const words = text.dataset;

  for (const hint of chapter.querySelectorAll("[data-scripted]")) hint.hidden = false;

  /* Margin: each block's notes stand beside it, and give way downwards when the block is shorter than its notes. */
  const asides = text.getElementsByClassName("notes");
  const tables = [...text.querySelectorAll("table")];
  let waiting = 0;
  function align() {
    waiting = 0;
    chapter.classList.toggle("has-margin", wide.matches);
    for (const aside of asides) aside.style.transform = "";
    if (!wide.matches) return;
    const places = [...asides].map((aside) => aside.getBoundingClientRect());
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
      const { main } = await sheet.pageAt(link.href);
      whole.append(...main.querySelector("[data-words]").childNodes, ...main.querySelectorAll(".thread .reply:not(.quiet)"));
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
    label.textContent = words.copied;
    sheet.say(words.copied);
    setTimeout(() => { label.textContent = before; link.classList.remove("copied"); }, 1600);
  });

  /* All that was said about a passage, without leaving the text. */
  text.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-sheet]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    sheet.open({ address: link.href, opener: link, block: link.closest(".block") });
  });
})();
