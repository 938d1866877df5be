/* Words of a passage: selected in a chapter they lead to the form with them; quoted by others they are underlined, without a change
   of the page; in the form they are chosen by mouse or keyboard. Without this file the form takes them as they are typed or pasted. */
(() => {
  "use strict";
  const AROUND = 32, MOST = 1000, WAIT = 250;
  const INLINE = new Set("A ABBR B CITE CODE DEL EM I INS KBD MARK Q S SMALL SPAN STRONG SUB SUP U".split(" "));

  /* The text of elements as the server keeps it (one space between words, no footnote numbers), and where each letter stands. */
  function reading(roots) {
    const nodes = [], places = [];
    let text = "", gap = false;
    function walk(element) {
      for (const child of element.childNodes) {
        if (child.nodeType === Node.TEXT_NODE) {
          for (let i = 0; i < child.data.length; i++) {
            if (/\s/.test(child.data[i])) { gap = true; continue; }
            if (gap && text) { text += " "; nodes.push(child); places.push(i); }
            gap = false;
            text += child.data[i];
            nodes.push(child);
            places.push(i);
          }
        } else if (child.nodeType === Node.ELEMENT_NODE && !(child.matches("a.footnote-ref") && /^\d+$/.test(child.textContent))) {
          const apart = !INLINE.has(child.tagName);
          gap ||= apart;
          walk(child);
          gap ||= apart;
        }
      }
    }
    for (const root of roots) { gap = true; walk(root); }
    return { text, nodes, places };
  }
  function wordsOf(block) {
    return block.matches("tr") ? [...block.cells].filter((cell) => !cell.matches(".acts")) : [...block.querySelectorAll(":scope > .words")];
  }
  function around(text, start, end) {
    return {
      exact: text.slice(start, end), prefix: [...text.slice(0, start)].slice(-AROUND).join(""),
      suffix: [...text.slice(end, end + 2 * AROUND)].slice(0, AROUND).join(""),
    };
  }
  function inside(read, range) {
    let first = -1, last = -1;
    read.nodes.forEach((node, i) => {
      const place = read.places[i];
      if (read.text[i] === " " || range.comparePoint(node, place) || range.comparePoint(node, place + 1)) return;
      if (first < 0) first = i;
      last = i;
    });
    return first < 0 ? null : around(read.text, first, last + 1);
  }

  /* Letters for comparing: without capitals, vowel signs and forms, as the server compares them. */
  const ALIKE = { "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ؤ": "و", "ئ": "ي", "ة": "ه", "’": "'", "‘": "'", "ʼ": "'", "´": "'", "`": "'",
    "“": '"', "”": '"', "«": '"', "»": '"', "–": "-", "—": "-", "‑": "-", "‐": "-", "−": "-", "œ": "oe", "æ": "ae" };
  const SIGNS = /[\p{Mn}\u0640\u200b-\u200f\u2060\ufeff\u00ad]/gu;
  function folded(text) {
    const places = [];
    let letters = "", place = 0;
    for (const character of text) {
      const one = /\s/.test(character) ? " " : [...character.toLowerCase()].map((c) => ALIKE[c] ?? c).join("").normalize("NFKD")
        .replace(SIGNS, "").replace(/./gu, (c) => ALIKE[c] ?? c);
      if (one !== " " || !letters.endsWith(" ")) for (const unit of one.split("")) { letters += unit; places.push(place); }
      place += character.length;
    }
    return { letters, places };
  }
  function alike(a, b) { let n = 0; while (n < a.length && n < b.length && a[n] === b[n]) n++; return n; }
  function backwards(text) { return [...text].reverse().join(""); }

  /* The range of quoted words in a passage, the likeliest by what stands around them; null when they are not there. */
  function locate(read, quote) {
    const own = folded(read.text), words = folded(quote.exact).letters.trim();
    const before = backwards(folded(quote.prefix).letters), after = folded(quote.suffix).letters;
    let best = -1, most = -1;
    for (let at = words ? own.letters.indexOf(words) : -1; at >= 0; at = own.letters.indexOf(words, at + 1)) {
      const similarity = alike(before, backwards(own.letters.slice(Math.max(0, at - before.length), at)))
        + alike(after, own.letters.slice(at + words.length, at + words.length + after.length))
        + (!after && before && !own.letters.slice(at + words.length).trim() || !before && after && !own.letters.slice(0, at).trim() ? 0.5 : 0);
      if (similarity > most) { best = at; most = similarity; }
    }
    if (best < 0) return null;
    const first = own.places[best];
    let last = own.places[best + words.length - 1];
    do last += String.fromCodePoint(read.text.codePointAt(last)).length; while (last < read.text.length && /^\p{Mn}/u.test(read.text.slice(last)));
    const range = document.createRange();
    range.setStart(read.nodes[first], read.places[first]);
    range.setEnd(read.nodes[last - 1], read.places[last - 1] + 1);
    return range;
  }
  const paints = typeof Highlight === "function" && CSS.highlights;
  function brush(name, priority) {
    const highlight = new Highlight();
    highlight.priority = priority;
    CSS.highlights.set(name, highlight);
    return highlight;
  }

  const text = document.querySelector(".text[data-comment-words]");
  if (text) { selecting(text); if (paints) (window.requestIdleCallback ?? setTimeout)(() => underline(text)); }
  const chooser = document.querySelector("[data-choose-words]");
  if (chooser) choosing(chooser);
  document.addEventListener("shown", (event) => {
    const another = event.target.querySelector("[data-choose-words]");
    if (another) choosing(another, document.querySelector(".block.is-open"));
  });
  if (paints) for (const over of ["parted", "sent"]) document.addEventListener(over, () => CSS.highlights.delete("quoted-mine"));

  /* In a chapter: selected words bring a link to the form, near them, or at the foot of a screen that is touched. */
  function selecting(text) {
    const said = text.dataset, act = document.createElement("div"), link = document.createElement("a"), note = document.createElement("p");
    const status = document.createElement("div");
    act.className = "quote-act";
    link.className = "btn btn-primary btn-small";
    link.textContent = said.commentWords;
    link.rel = "nofollow";
    link.setAttribute("aria-keyshortcuts", "Control+Alt+M");
    act.append(link, note);
    status.className = "visually-hidden";
    status.setAttribute("role", "status");
    document.body.append(status);
    let by = matchMedia("(pointer: coarse)").matches ? "touch" : "mouse", isPressed = false, waiting = 0;

    function hide() { act.remove(); status.textContent = ""; }
    function chosen(range) {
      let found = null;
      for (const block of text.querySelectorAll(".block")) {
        if (!range.intersectsNode(block)) continue;
        const quote = inside(reading(wordsOf(block)), range);
        if (quote && found) return { ...found, isFirstOnly: true };
        if (quote) found = { block, quote };
      }
      return found;
    }
    function look() {
      const selection = getSelection();
      if (act.contains(document.activeElement)) return;
      const range = selection.rangeCount && !selection.isCollapsed ? selection.getRangeAt(0) : null;
      const found = range && range.intersectsNode(text) ? chosen(range) : null;
      const form = found?.block.querySelector(".acts a.do");
      if (!form || isTaken(found)) { hide(); return; }
      offer(found, form, range);
    }
    /* The form beside the text speaks of these very words already. */
    function isTaken({ block, quote }) {
      return block.matches(".is-open") && document.querySelector("dialog[open] form [name=exact]")?.value === quote.exact;
    }
    function offer({ block, quote, isFirstOnly }, form, range) {
      const isTooLong = [...quote.exact].length > MOST;
      const to = new URL(form.href);
      to.search = new URLSearchParams(quote);
      link.href = to.href;
      link.hidden = isTooLong;
      note.textContent = isTooLong ? said.tooLong : isFirstOnly ? said.firstOnly.replace("%", block.querySelector(".tag").textContent.trim()) : "";
      note.hidden = !note.textContent;
      (block.matches("tr") ? block.querySelector("td.acts").lastElementChild : wordsOf(block)[0]).after(act);
      act.classList.toggle("is-bar", by === "touch" || innerWidth < 768);
      act.style.left = act.style.top = "";
      if (!act.classList.contains("is-bar")) place(range);
      const words = by === "keyboard" ? [isTooLong ? "" : said.selected, note.textContent].join(" ").trim() : note.textContent;
      if (status.textContent !== words) status.textContent = words;
    }
    function place(range) {
      const boxes = range.getClientRects(), box = boxes[boxes.length - 1] ?? range.getBoundingClientRect();
      const ground = (act.offsetParent ?? document.body).getBoundingClientRect(), own = act.getBoundingClientRect();
      const column = act.previousElementSibling.getBoundingClientRect(), isRtl = getComputedStyle(text).direction === "rtl";
      const x = Math.min(Math.max((isRtl ? box.left : box.right - own.width), column.left), Math.max(column.left, column.right - own.width));
      act.style.left = `${x - ground.left}px`;
      act.style.top = `${box.bottom + 6 - ground.top}px`;
    }
    document.addEventListener("pointerdown", (event) => { if (!act.contains(event.target)) { by = event.pointerType; isPressed = by === "mouse"; } });
    document.addEventListener("pointerup", () => { isPressed = false; clearTimeout(waiting); waiting = setTimeout(look, 10); });
    document.addEventListener("selectionchange", () => {
      clearTimeout(waiting);
      if (!isPressed) waiting = setTimeout(look, WAIT);
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && act.isConnected) { getSelection().collapseToStart(); hide(); }
      if (event.shiftKey) by = "keyboard";
      if (event.key === "Tab" && !event.shiftKey && act.isConnected && !link.hidden && document.activeElement === document.body) {
        event.preventDefault();
        link.focus();
      }
      const isOurs = event.altKey && (event.ctrlKey || event.metaKey) && (event.code === "KeyM" || event.key.toLowerCase() === "m");
      if (isOurs) {
        event.preventDefault();
        clearTimeout(waiting);
        look();
        if (act.isConnected && !link.hidden) link.click();
      }
    });
    act.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the selection
    addEventListener("pageshow", hide);
    document.addEventListener("shown", hide);
  }

  /* What others quote is underlined; stronger while their line in the margin is open or under the pointer. */
  function underline(text) {
    const all = brush("quoted", 0), now = brush("quoted-now", 1), ranges = new Map(), reads = new Map();
    function add(lines) {
      for (const words of lines.querySelectorAll(".said q[data-prefix]")) show(words);
    }
    function show(words) {
      const block = words.closest(".block"), said = words.dataset;
      if (!reads.has(block)) reads.set(block, reading(wordsOf(block)));
      const range = locate(reads.get(block), { exact: said.exact ?? words.textContent, prefix: said.prefix, suffix: said.suffix });
      if (range) { ranges.set(words.closest(".said"), range); all.add(range); }
    }
    add(text);
    text.addEventListener("lines", (event) => add(event.target));
    let pointed = null;
    function strengthen() {
      now.clear();
      for (const [line, range] of ranges) if (line.open || line === pointed) now.add(range);
    }
    function point(event) {
      const line = event.type === "pointerleave" || event.type === "focusout" ? null : event.target.closest?.(".said") ?? null;
      if (line !== pointed) { pointed = line; strengthen(); }
    }
    for (const kind of ["pointerover", "pointerleave", "focusin", "focusout"]) text.addEventListener(kind, point);
    text.addEventListener("toggle", strengthen, true);
    strengthen();
  }

  /* In the form: the passage to select in, and a button that takes what is selected there. A form beside the text shows the words in it. */
  function choosing(box, block = null) {
    const passage = document.getElementById("passage"), form = box.closest("form"), { exact, prefix, suffix, sentence } = form.elements;
    const said = box.dataset, whole = reading([passage]).text;
    const view = document.createElement("textarea"), label = document.createElement("label"), take = document.createElement("button");
    const status = document.createElement("p"), fold = document.createElement("details"), title = document.createElement("summary");
    view.id = "passage-view";
    view.setAttribute("aria-readonly", "true"); // with readonly itself, arrow keys would not select
    view.inputMode = "none";
    view.addEventListener("beforeinput", (event) => event.preventDefault());
    view.rows = Math.min(8, 2 + Math.ceil(whole.length / 80));
    view.value = whole;
    view.lang = passage.lang;
    view.dir = passage.dir;
    view.className = "words";
    label.htmlFor = view.id;
    label.textContent = said.chooseWords;
    take.type = "button";
    take.className = "btn btn-quiet btn-small";
    take.textContent = said.take;
    status.className = "small";
    status.setAttribute("role", "status");
    title.textContent = said.choose;
    fold.append(title, label, view, take, status);
    box.className = "field";
    box.append(fold);
    box.hidden = false;

    const now = paints ? brush(block ? "quoted-mine" : "quoted-now", 2) : null, shown = block ? wordsOf(block) : [passage];
    function show() {
      for (const mark of passage.querySelectorAll("mark")) mark.replaceWith(...mark.childNodes);
      now?.clear();
      const range = locate(reading(shown), { exact: exact.value, prefix: prefix.value, suffix: suffix.value });
      if (range) now?.add(range);
    }
    function put(quote) {
      exact.value = quote.exact;
      prefix.value = quote.prefix;
      suffix.value = quote.suffix;
      form.dispatchEvent(new CustomEvent("input"));
      show();
    }
    function selected() {
      if (view.selectionStart !== view.selectionEnd) return around(whole, ...trimmed(whole, view.selectionStart, view.selectionEnd));
      const selection = getSelection(), range = selection.rangeCount && !selection.isCollapsed ? selection.getRangeAt(0) : null;
      return range?.intersectsNode(passage) ? inside(reading([passage]), range) : null;
    }
    take.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the selection
    take.addEventListener("click", () => {
      const quote = selected(), isTooLong = quote && [...quote.exact].length > MOST;
      if (quote?.exact && !isTooLong) { put(quote); if (sentence) sentence.value = ""; }
      status.textContent = isTooLong ? said.tooLong : quote?.exact ? said.taken : said.none;
    });
    form.addEventListener("words", show);
    if (block) show();
    exact.addEventListener("input", () => { prefix.value = suffix.value = ""; if (sentence) sentence.value = ""; show(); });
    passage.addEventListener("pointerdown", () => view.setSelectionRange(0, 0));
    sentence?.addEventListener("change", () => {
      const [start, end] = sentence.value.split("-").map((place) => [...whole].slice(0, Number(place)).join("").length);
      put(sentence.value ? around(whole, start, end) : around(whole, 0, 0));
    });
  }
  function trimmed(text, start, end) {
    while (start < end && /\s/.test(text[start])) start++;
    while (end > start && /\s/.test(text[end - 1])) end--;
    return [start, end];
  }
})();
