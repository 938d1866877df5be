"""What the pages of earlier versions and of single passages show of contributions."""

from types import SimpleNamespace

from flask import render_template, request, url_for

from consult.chapters.models import Chapter, Revision
from consult.contributions import service
from consult.core.i18n import _
from consult.core.markup import trusted
from consult.core.web import language, slot, small_number


@slot("revision.margin")
def margin(revision: Revision) -> dict[str, SimpleNamespace]:
    """By key: how many contributions stood there, and the lines that are shown."""
    found = service.list_earlier_lines(revision, language())
    return {key: SimpleNamespace(count=at.count, lines=[line_of(line) for line in at.lines]) for key, at in found.items()}


def line_of(line: service.EarlierLine) -> SimpleNamespace:
    return SimpleNamespace(
        ref=line.ref, url=url_for("contributions.show", ref=line.ref), position=line.position,
        organisation=line.signature or _("A participant"), language=line.language, excerpt=line.excerpt,
        note=_("left on this version") if line.is_left else "",
    )


@slot("provision.parts")
def part(chapter: Chapter, key: str) -> SimpleNamespace:
    """All that was said about a passage, with the version that each spoke of; twenty at a time."""
    after = request.args.get("after", type=small_number)
    only_amendments = request.args.get("said") == "amendments"
    count, amendments = service.count_about_provision(chapter, key)
    page = service.list_about_provision(chapter, key, after=after, only_amendments=only_amendments)
    words = render_template(
        "contributions/_provision.html", chapter=chapter, key=key, said=page, count=count, amendments=amendments, after=after,
        only_amendments=only_amendments,
    )
    return SimpleNamespace(order=1, id="said", title=_("Contributions"), count=count, words=trusted(words))
