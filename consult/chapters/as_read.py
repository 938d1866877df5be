"""What the readers of Word and LibreOffice documents share: taking an element out, and saying what went."""

import re
from collections.abc import Iterable

from consult.core.i18n import _, ngettext

SAID = 12  # words, at most


def words_of(elements: Iterable) -> list[str]:
    """The words of elements, paragraphs kept apart."""
    return re.findall(r"\w+", " ".join(" ".join(part for part in element.itertext()) for element in elements))


def drop(element) -> None:
    """Out of its tree; the words after it stay."""
    parent = element.getparent()
    if parent is None:
        return
    before = element.getprevious()
    if element.tail and before is not None:
        before.tail = (before.tail or "") + element.tail
    elif element.tail:
        parent.text = (parent.text or "") + element.tail
    parent.remove(element)


class Remarks(list):
    """One sentence for each thing that a document held and a chapter does not."""

    def add(self, sentence, words: list[str], **values) -> None:
        if words:
            shown = " ".join(words[:SAID]) + (" …" if len(words) > SAID else "")
            self.append(sentence(words=shown, **values))

    def hidden(self, words: list[str]) -> None:
        self.add(lambda words: _("Hidden text is not taken over: %(words)s", words=words), words)

    def contents(self, words: list[str]) -> None:
        self.add(lambda words: _("The automatic table of contents is left out: each chapter has one of its own."), words)

    def changes(self, *, out: list[str], into: list[str]) -> None:
        self.add(lambda words: _("Tracked changes are taken as accepted; these words go: %(words)s", words=words), out)
        self.add(lambda words: _("Tracked changes are taken as accepted; these words are added: %(words)s", words=words), into)

    def comments(self, count: int, words: list[str]) -> None:
        self.add(lambda words: ngettext(
            "%(num)s comment is not taken over: %(words)s", "%(num)s comments are not taken over: %(words)s", count, words=words), words)

    def margins(self, words: list[str]) -> None:
        if any(not word.isdecimal() for word in words):
            self.add(lambda words: _("Headers and footers are not taken over: %(words)s", words=words), list(dict.fromkeys(words)))

    def fields(self, names: list[str]) -> None:
        self.add(lambda words: _("Fields keep the words they last showed: read them over (%(words)s).", words=words),
                 list(dict.fromkeys(names)))
