"""Languages: which there are, which way they run, and how dates and numbers are written in Morocco."""

import enum
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton, format_time
from babel.numbers import format_decimal, format_percent
from flask_babel import force_locale, get_domain, get_locale
from flask_babel.speaklater import LazyString
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

__all__ = ["DEFAULT_LANGUAGE", "FORMATS", "LANGUAGES", "LANGUAGE_NAMES", "MOROCCO", "LabelledEnum", "N_", "_", "arrived", "arrived_at",
           "arrived_now", "clock_at", "counting", "day", "direction", "force_locale", "gettext", "hour", "isolate", "language_in_use",
           "language_name", "ngettext", "number", "percent", "short_day", "utcnow", "when"]

MOROCCO = ZoneInfo("Africa/Casablanca")
LANGUAGES = {"fr": "Français", "ar": "العربية", "en": "English"}
DEFAULT_LANGUAGE = "fr"
# ar_MA, not ar: Moroccan month names (غشت, not أغسطس) and Western digits.
FORMATS = {"fr": "fr_MA", "ar": "ar_MA", "en": "en_GB"}
# Placeholders that count; a version, a line or a chapter has its number for a name, which is no count.
COUNTS = frozenset({"all", "count", "most", "num", "total"})


def _written(values: dict[str, Any]) -> dict[str, Any]:
    return {name: number(value) if name in COUNTS and isinstance(value, int) else value for name, value in values.items()}


def gettext(message: str, **values: Any) -> str:
    """A sentence in the reader's language, its counts written as numbers are."""
    words = get_domain().get_translations().ugettext(message)
    return words % _written(values) if values else words


def ngettext(singular: str, plural: str, num: int, **values: Any) -> str:
    return get_domain().get_translations().ungettext(singular, plural, num) % _written({"num": num, **values})


def counting(translate: Any) -> Callable[..., str]:
    """Jinja's own ``gettext`` or ``ngettext``, with counts written as numbers are."""
    @pass_context
    def translated(context: Context, *words: Any, **values: Any) -> str:
        if len(words) == 3:
            values.setdefault("num", words[2])
        return translate(context, *words, **_written(values))
    return translated


class Message(LazyString):
    """A sentence that is translated where it is shown; the library's own would put what people wrote into a page as markup."""

    def __html__(self) -> Markup:
        return escape(str(self))


def _(message: str, **values: Any) -> Any:
    """A sentence with its values, translated where it is shown."""
    return Message(gettext, message, **values)


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "mark, do not translate yet"
    """Mark a message for the catalogues; it is translated where it is shown."""
    return message


# Each in the reader's language; LANGUAGES says each in its own. A code is for machines alone.
LANGUAGE_NAMES: dict[str, Any] = {"fr": _("French"), "ar": _("Arabic"), "en": _("English")}


def language_name(code: str) -> str:
    return str(LANGUAGE_NAMES.get(code) or Locale.parse(code).get_display_name(language_in_use()) or code)


class LabelledEnum(enum.StrEnum):
    """An enum whose members are stored by value and carry a translatable label beside it."""

    msgid: str

    def __new__(cls, value: str, label: str = ""):
        member = str.__new__(cls, value)
        member._value_ = value
        member.msgid = label
        return member

    @property
    def label(self) -> str:
        return gettext(self.msgid)


_clock: ContextVar[datetime | None] = ContextVar("clock", default=None)
_arrival: ContextVar[datetime | None] = ContextVar("arrival", default=None)


def utcnow() -> datetime:
    return _clock.get() or datetime.now(UTC)


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    """Run a block as if it were ``moment``: the demonstration tells weeks in a few seconds."""
    token = _clock.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _clock.reset(token)


def arrived_at() -> datetime:
    """When what is being done was asked for, whole: however long it waits for its turn since, that is when its author was there."""
    return _clock.get() or _arrival.get() or datetime.now(UTC)


@contextmanager
def arrived(moment: datetime | None = None) -> Iterator[None]:
    """What is done in the block was asked for at this moment; without one now, unless that is known already."""
    token = _arrival.set(moment or _arrival.get() or datetime.now(UTC))
    try:
        yield
    finally:
        _arrival.reset(token)


def arrived_now() -> None:
    """A part of what is being done arrives only now: it was not whole before."""
    _arrival.set(datetime.now(UTC))


def language_in_use() -> str:
    locale = get_locale()
    return locale.language if locale else DEFAULT_LANGUAGE


def direction(language: str) -> str:
    return "rtl" if Locale.parse(language).text_direction == "rtl" else "ltr"


def _formats() -> str:
    return FORMATS.get(language_in_use(), "fr_MA")


def when(moment: datetime | None) -> str:
    """Date and time in Morocco, in the reader's language; an empty string for None."""
    pattern = "d MMMM y، HH:mm" if language_in_use() == "ar" else "d MMMM y, HH:mm"
    return format_datetime(moment, pattern, MOROCCO, _formats()) if moment else ""


def hour(moment: datetime) -> str:
    """The time of day in Morocco."""
    return format_time(moment, "HH:mm", MOROCCO, _formats())


def day(moment) -> str:
    if isinstance(moment, datetime):
        moment = moment.astimezone(MOROCCO).date()
    return format_date(moment, "d MMMM y", _formats()) if moment else ""


def short_day(moment: datetime | None) -> str:
    return format_skeleton("dMMM", moment, MOROCCO, locale=_formats()) if moment else ""


def number(value) -> str:
    return _number(value, _formats())


@lru_cache(4096)
def _number(value: Any, formats: str) -> str:
    return format_decimal(value, locale=formats)


def isolate(words: str) -> str:
    """Words of unknown direction inside a sentence: the marks of Unicode TR9 keep the sentence's punctuation in its place."""
    return f"\u2068{words}\u2069"


def percent(value) -> str:
    return format_percent(value, locale=_formats())
