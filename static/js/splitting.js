/* Where points begin: words are selected and a key pressed, or what is proposed is ticked at once; without this file the boxes do it. */
(() => {
  "use strict";
  const page = document.querySelector(".splitting");
  const form = page?.querySelector("#cutting");
  if (!form) return;
  const cuts = [];
  for (const box of form.querySelectorAll('input[name="cut"]')) box.addEventListener("change", () => { if (box.checked) cuts.push(box); });

  const proposed = form.querySelector("[data-proposed]");
  const boxes = [...form.querySelectorAll('.is-proposed input[name="cut"]')];
  if (proposed && boxes.length) {
    proposed.hidden = false;
    proposed.addEventListener("click", () => { for (const box of boxes) { if (!box.checked) { box.checked = true; cuts.push(box); } } });
  }
  for (const help of form.querySelectorAll("[data-keys-help]")) help.hidden = false;

  /* Characters as the text counts them: one outside of the basic plane is one. */
  const length = (text) => [...text].length;

  /* Where the word begins that the selection begins in: the words of a sentence, and the characters before it. */
  function selected() {
    const selection = getSelection();
    if (!selection || !selection.rangeCount) return null;
    const range = selection.getRangeAt(0);
    const words = (range.startContainer.parentElement ?? range.startContainer).closest?.("[data-begins]");
    if (!words || !form.contains(words) || range.startContainer.nodeType !== Node.TEXT_NODE) return null;
    const before = document.createRange();
    before.setStart(words, 0);
    before.setEnd(range.startContainer, range.startOffset);
    const text = words.textContent;
    let at = before.toString().length;
    while (at < text.length && /\s/u.test(text[at])) at += 1;
    while (at > 0 && !/\s/u.test(text[at - 1])) at -= 1;
    return { words, at };
  }

  /* The sentence is parted there; what is behind has a box of its own, ticked. */
  function cut() {
    const place = selected();
    if (!place) return;
    const { words, at } = place;
    const piece = words.closest(".piece");
    if (at === 0) {
      const box = piece.querySelector('input[name="cut"]');
      if (box && !box.checked) { box.checked = true; cuts.push(box); }
      return;
    }
    const text = words.textContent;
    const begins = Number(words.dataset.begins) + length(text.slice(0, at));
    const name = `${words.dataset.part}-${begins}`;
    const behind = document.createElement("div");
    behind.className = "piece is-cut";
    const box = document.createElement("input");
    Object.assign(box, { type: "checkbox", name: "cut", value: `${words.dataset.part}:${begins}`, id: `cut-${name}`, checked: true });
    const label = document.createElement("label");
    label.htmlFor = box.id;
    const rest = words.cloneNode(false);
    rest.id = `words-${name}`;
    rest.dataset.begins = begins;
    rest.textContent = text.slice(at);
    words.textContent = text.slice(0, at);
    label.append(rest);
    behind.append(box, label);
    piece.after(behind);
    cuts.push(box);
    getSelection().removeAllRanges();
  }

  /* The last one that was ticked or cut; what was parted is put together. */
  function undo() {
    const box = cuts.pop();
    if (!box) return;
    box.checked = false;
    const piece = box.closest(".is-cut");
    if (!piece) return;
    const before = piece.previousElementSibling.querySelector("[data-begins]");
    before.textContent += piece.querySelector("[data-begins]").textContent;
    piece.remove();
  }
  bench.sendOnce(page);
  page.querySelector('[role="alert"]')?.focus();
  bench.keys(page, { s: cut, u: undo });
})();
