/* While something is under way, its list and progress come again every three seconds; without this file the link "Look again" does it. */
(() => {
  "use strict";
  const PERIOD = 3000;
  const line = document.querySelector("[data-under-way]");
  if (!line) return;
  const said = line.querySelector("[role=status]");
  const again = line.querySelector("a");

  /* Takes what changed, and leaves the keyboard on the link where it was. */
  function take(page) {
    const fresh = page.querySelectorAll("[data-progress]");
    document.querySelectorAll("[data-progress]").forEach((part, n) => {
      if (!fresh[n] || part.innerHTML === fresh[n].innerHTML) return;
      const held = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      part.replaceChildren(...fresh[n].childNodes);
      if (held) [...part.querySelectorAll("a[href]")].find((link) => link.getAttribute("href") === held)?.focus();
    });
    const status = page.querySelector("[data-under-way] [role=status]");
    const words = status ? status.textContent : said.dataset.done;
    if (said.textContent !== words) said.textContent = words;
    again.hidden = true;
    return Boolean(status);
  }

  async function look() {
    if (document.hidden) return true;
    try {
      const answer = await fetch(again.href, { credentials: "same-origin" });
      if (answer.ok && !answer.redirected) return take(new DOMParser().parseFromString(await answer.text(), "text/html"));
      again.hidden = false;
      return answer.status >= 500;
    } catch {
      again.hidden = false; /* no network: the link is there, and the next look may succeed */
      return true;
    }
  }

  async function follow() {
    if (await look()) setTimeout(follow, PERIOD);
  }
  setTimeout(follow, PERIOD);
})();
