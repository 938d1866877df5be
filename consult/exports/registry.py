"""Every export is registered once: of what it is made, who may ask for it, how its data are read, what writes each format.

From this come the forms, the names of files and of ``consult export``, what the worker runs and the permission that is asked; the
content type stands beside its format. :func:`check` fails at start where something was forgotten.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import IO, Any

from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.core.errors import RegistrationError
from consult.core.i18n import LANGUAGES, force_locale, gettext
from consult.core.permissions import Action
from consult.exports.models import ExportFormat, ExportKind

Progress = Callable[[int], None]
Writer = Callable[[Any, IO[bytes], Progress], None]
Reader = Callable[[int, str], AbstractContextManager[Any]]
READ = 20  # per cent of the work that reading is taken for
WRITE_IT = "put @….writes(ExportFormat.{}) above the function that does"


def silent(_percent: int) -> None:
    """For whoever does not watch."""


def between(progress: Progress, start: int, end: int) -> Progress:
    """A part of the whole: 0–100 of it are ``start``–``end`` of the whole."""
    return lambda percent: progress(start + (end - start) * percent // 100)


def by_itself(subject_id: int, _language: str) -> AbstractContextManager[int]:
    """For a writer that reads what it needs while it writes."""
    return nullcontext(subject_id)


@dataclass(frozen=True, kw_only=True, eq=False)
class Definition:
    """One kind of export: a document about each chapter, or about a consultation."""

    name: str
    of: type[Chapter] | type[Consultation]
    action: Action
    about: str
    file_title: str
    stem: str
    languages: Sequence[str]
    command_format: ExportFormat | None
    read: Reader
    writers: dict[ExportFormat, Writer] = field(default_factory=dict)

    @property
    def kind(self) -> ExportKind:
        """Raises :class:`ValueError` for what is taken away at once: nobody asks for it."""
        return ExportKind(self.name)

    @property
    def formats(self) -> tuple[ExportFormat, ...]:
        """In the order in which they were registered: the first is the one that a form proposes."""
        return tuple(self.writers)

    @property
    def is_by_chapter(self) -> bool:
        return self.of is Chapter

    def writes(self, format: ExportFormat) -> Callable[[Writer], Writer]:
        """Register ``writer(what was read, out, progress)`` for one format; it runs in the language of the document."""
        def register_writer(writer: Writer) -> Writer:
            if format in self.writers:
                both = f"{self.writers[format].__qualname__} and {writer.__qualname__}"
                raise RegistrationError(f"The export “{self.name}” as {format.value} is written twice, by {both}: take one away.")
            self.writers[format] = writer
            return writer
        return register_writer

    def title(self, chapter: Chapter | None) -> str:
        """What a reader's folder shows it as, in the language in force."""
        return gettext(self.file_title, number=chapter.number if chapter else None)

    def file_name(self, format: ExportFormat) -> str:
        return f"{self.stem}.{format.value}"

    def write(self, subject_id: int, out: IO[bytes], *, format: ExportFormat, language: str, progress: Progress = silent) -> None:
        """One format, outside of any unit of work: it opens its own short ones."""
        self.write_each(subject_id, lambda _format: nullcontext(out), formats=[format], language=language, progress=progress)

    def write_each(
        self, subject_id: int, opened: Callable[[ExportFormat], AbstractContextManager[IO[bytes]]], *, formats: Sequence[ExportFormat],
        language: str, progress: Progress = silent,
    ) -> None:
        """Each format into what ``opened(format)`` opens, all from one reading of the data."""
        with force_locale(language), self.read(subject_id, language) as what_was_read:
            progress(READ)
            for number, format in enumerate(formats):
                start, end = (READ + (100 - READ) * done // len(formats) for done in (number, number + 1))
                with opened(format) as out:
                    self.writers[format](what_was_read, out, between(progress, start, end))


DEFINITIONS: dict[str, Definition] = {}


def register(
    name: str, *, of: type[Chapter] | type[Consultation], action: Action, about: str = "", file_title: str = "", stem: str = "",
    languages: Sequence[str] = tuple(LANGUAGES), command_format: ExportFormat | None = None, read: Reader = by_itself,
) -> Definition:
    """A member of :class:`ExportKind`, which is asked for and kept, or the name of what is only ever taken away at once.

    ``about`` says on the page of exports what it holds, ``file_title`` what the file is (both are messages); ``stem`` begins the file's
    name on the command line, where ``command_format`` is written when none is named; no ``languages``: all of them are in it.
    """
    if name in DEFINITIONS:
        raise RegistrationError(f"The export “{name}” is registered twice: take one register(…) away.")
    if name in list(ExportKind) and not (about and file_title):
        raise RegistrationError(f"The export “{name}” has no words: write register(…, about=N_(…), file_title=N_(…)).")
    definition = Definition(
        name=str(name), of=of, action=action, about=about, file_title=file_title, stem=stem or str(name), languages=languages,
        command_format=command_format, read=read,
    )
    DEFINITIONS[definition.name] = definition
    return definition


def check() -> None:
    """Raises :class:`RegistrationError` where a kind or a format that can be asked for is made by nobody."""
    for kind in ExportKind:
        if kind.value not in DEFINITIONS:
            raise RegistrationError(f"ExportKind.{kind.name} is registered by nobody: register(ExportKind.{kind.name}, …) in its room.")
    for definition in DEFINITIONS.values():
        if not definition.writers:
            raise RegistrationError(f"Nothing writes the export “{definition.name}”: {WRITE_IT.format('…')}.")
    written = {format for definition in DEFINITIONS.values() for format in definition.writers}
    for format in ExportFormat:
        if format not in written:
            raise RegistrationError(f"Nothing writes ExportFormat.{format.name}: {WRITE_IT.format(format.name)}.")
        if "/" not in format.content_type:
            raise RegistrationError(f"ExportFormat.{format.name} has no content type: write says(content_type=…), such as “text/csv”.")


def get(name: str) -> Definition:
    """Raises :class:`KeyError` for a name that nobody registered."""
    return DEFINITIONS[name]


def command_names() -> dict[str, tuple[Definition, tuple[ExportFormat, ...]]]:
    """What ``consult export NAME`` writes: by its name all formats of what goes into a folder, or one; and each format by its own."""
    return {name: (definition, formats) for definition in DEFINITIONS.values() for name, formats in names_of(definition)}


def names_of(definition: Definition) -> Iterator[tuple[str, tuple[ExportFormat, ...]]]:
    yield definition.name, definition.formats if definition.is_by_chapter else (definition.command_format or definition.formats[0],)
    if len(definition.formats) > 1:
        yield from ((f"{definition.name}.{format.value}", (format,)) for format in definition.formats)
