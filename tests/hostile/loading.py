"""What is kept of a text, loaded by a real Chromium without any policy of content: nothing may run, load, lead away or be sent."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from playwright.sync_api import Error, Page, Route

from consult.chapters.parsing import ParsedBlock, read_file
from consult.core import markup
from consult.core.errors import Invalid
from consult.text.normalising import UNSEEN_SIGN

PLACE = "http://hostile.test/"
ELEMENTS = sorted({*markup.TAGS, "html", "head", "body", "title"})
PAGE = "<!doctype html><title>x</title><script class=ours>hits = 0; ran = alert = prompt = confirm = () => {{ hits += 1; }};</script>{}"
# What the browser made of it: names of elements, handlers, addresses as it reads them itself.
SEEN = """(elements) => {
  const faults = [], known = new Set(elements);
  for (const element of document.querySelectorAll("*:not(script.ours)")) {
    if (!known.has(element.localName)) faults.push(`<${element.localName}>`);
    for (const { name } of element.attributes) {
      if (/^on|^style$|^src|^formaction$|^http-equiv$/i.test(name)) faults.push(`${name}=`);
    }
    if (element.hasAttribute("href") && !/^(https?|mailto):$/.test(element.protocol)) faults.push(String(element.protocol));
  }
  return faults;
}"""
SETTLED = "new Promise((settled) => setTimeout(() => requestAnimationFrame(() => settled(hits)), 30))"


@dataclass
class Watch:
    """A page that is given texts, and all that it asks for or goes to."""

    page: Page
    html: str = ""
    asked: list[str] = field(default_factory=list)
    went: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.route("**/*", self.answer)
        self.page.on("framenavigated", lambda frame: self.went.append(frame.url))
        self.page.on("dialog", lambda dialog: dialog.dismiss())

    def answer(self, route: Route) -> None:
        if route.request.url == PLACE and not self.asked:
            self.asked.append(PLACE)
            route.fulfill(body=self.html, content_type="text/html; charset=utf-8")
        else:
            self.asked.append(route.request.url)
            route.abort()

    def faults(self, html: str) -> list[str]:
        """What this HTML does, once the page and whatever it began had time."""
        self.html, self.asked, self.went = PAGE.format(html), [], []
        try:
            self.page.goto(PLACE)
            hits = self.page.evaluate(SETTLED)
            seen = self.page.evaluate(SEEN, ELEMENTS)
        except Error as error:  # it was left while it was looked at
            told = [f"was left: {error.message.splitlines()[0]}", *self.asked[1:]]
            self.rest()
            return told
        told = [f"ran {hits} times"] * bool(hits) + [f"asked for {address}" for address in self.asked[1:]]
        told += [f"went to {address}" for address in self.went[1:]] + sorted(set(seen))
        if told:
            self.rest()
        return told

    def rest(self) -> None:
        """What the last page began is over before the next one."""
        for _time in range(3):
            with suppress(Error):
                self.page.goto("about:blank")


def kept_of(source: str) -> list[ParsedBlock]:
    """The passages that would be kept; none where the text is refused."""
    try:
        return read_file(source.encode()).blocks
    except Invalid:
        return []


def laid_out(block: ParsedBlock) -> str:
    """A passage as pages show it, and by itself."""
    within = f"<table><tr>{block.html}</tr></table>" if block.kind == "row" else f"<div>{block.opens}{block.html}{block.closes}</div>"
    return f"<section>{within}</section><section>{block.html}</section><section>{markup.without_addresses(block.html)}</section>"


def whole(sources: Sequence[str]) -> tuple[str, int]:
    """All that is kept of these texts in one page, and of how many something is kept."""
    kept = [blocks for source in sources if (blocks := kept_of(source))]
    html = "".join(laid_out(block) for blocks in kept for block in blocks)
    if found := UNSEEN_SIGN.search(html):
        raise AssertionError(f"a control that is not seen was kept: {ascii(found[0])}")
    return html, len(kept)


def culprits(watch: Watch, sources: Sequence[str]) -> list[str]:
    """Which of these texts do something, each with what it does."""
    html, _count = whole(sources)
    found = watch.faults(html)
    if not found:
        return []
    if len(sources) == 1:
        return [f"{sources[0]!r}: {', '.join(found)}"]
    middle = len(sources) // 2
    return culprits(watch, sources[:middle]) + culprits(watch, sources[middle:])
