"""A passage's own page: all its versions, and what was said, proposed, answered and decided about it."""

from itertools import groupby
from operator import attrgetter
from types import SimpleNamespace

from flask import render_template, url_for

from consult.chapters import events, service
from consult.chapters.comparison import Piece, differing
from consult.chapters.models import BlockFate
from consult.chapters.service import Step, Version
from consult.chapters.views.history import read_chapter
from consult.chapters.views.pages import bp
from consult.core.i18n import LANGUAGES
from consult.core.web import language, link
from consult.text.redline import redline


@bp.get("/chapters/<int:number>/provisions/<string:key>")
def provision(number: int, key: str):
    """All versions of the passage, and the parts that the rooms above add."""
    chapter = read_chapter(number)
    versions = service.list_versions(chapter, key)
    steps = service.list_steps(versions)
    texts = [Text(list(of), steps) for _code, of in groupby(versions, key=lambda version: version.language)]
    texts.sort(key=lambda text: text.language != language())
    return render_template(
        "chapters/provision.html", chapter=chapter, key=key, label=versions[0].label or key, kind=versions[0].kind, texts=texts,
        is_dropped=all(not text.last.is_newest for text in texts), languages=LANGUAGES,
        parts=sorted(filter(None, events.provision_parts(chapter, key)), key=attrgetter("order")),
        address=link("chapters.provision", number=number, key=key), url_text=url_for(".read", number=number, _anchor=key),
    )


class Text:
    """A passage in one language: as it reads now, or last did, and how it came to that, newest first."""

    def __init__(self, versions: list[Version], steps: list[Step]) -> None:
        self.language, self.last = versions[0].language, versions[0]
        self.piece = Piece.of(self.last)
        self.into = [step for step in steps if step.old_id == self.last.block_id and step.new_key != self.last.key]
        came: dict[int | None, list[Step]] = {}
        for step in steps:
            came.setdefault(step.new_id, []).append(step)
        self.stages: list[SimpleNamespace] = []
        until: Version | None = self.last
        for version in versions:
            stage = stage_of(version, came.get(version.block_id, []))
            if not stage.change.is_kept or stage.segments or stage.is_first or stage.origins:
                stage.until = until
                olds = {step.old_id for step in stage.steps}
                stage.parted = [step for step in steps if step.old_id in olds and step.new_key not in ("", version.key)]
                self.stages.append(stage)
                until = None
            until = until or next((v for v in versions if v.number < version.number), None)


def stage_of(version: Version, steps: list[Step]) -> SimpleNamespace:
    """What one version made of the passage: the change, how sure, word by word."""
    main = min(steps, key=lambda step: (step.old_key != version.key, step.old_id or 0), default=None)
    olds = [step for step in steps if step.old_id is not None]
    before = " ".join(step.old_text for step in olds)
    return SimpleNamespace(
        version=version, steps=olds, is_first=main is None, change=main.change if main else BlockFate.NEW,
        has_moved=bool(main and main.has_moved), confidence=main.confidence if main else 1.0, is_by_hand=bool(main and main.is_by_hand),
        segments=differing(redline(before, version.text)) if olds and before != version.text else (),
        origins=[step for step in olds if step.old_key != version.key], renumbered_from=renumbered(version, main),
    )


def renumbered(version: Version, main: Step | None) -> str:
    return main.old_label if main and main.old_id and main.old_label != version.label and main.change != BlockFate.SPLIT else ""
