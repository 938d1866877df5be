"""The receipt of a position as a document to print: what one author lodged together, when, for whom, with which declarations.

Called under ``force_locale(language)``, as :mod:`report` is.
"""

from collections.abc import Iterable

from consult.contributions.models import Contribution, Interest, PositionReceipt
from consult.core.i18n import day, direction, gettext, number, when
from consult.exports.documents.parts import QUIET, Composer, Report, printable, ref
from consult.text.redline import redline


def compose(receipt: PositionReceipt, lodged: list[Contribution], language: str) -> Report:
    page = Composer(direction(language))
    introduce(page, receipt, lodged, language)
    page.heading(1, gettext("What you lodged"))
    for one in lodged:
        tell(page, one)
    over, title = printable(receipt.consultation.title(language)), gettext("Receipt")
    return Report(
        title=title, over=over, under=receipt.ref, language=language, direction=page.direction, running=f"{title} · {receipt.ref}",
        page_words=gettext("Page %(page)s of %(pages)s", page="{page}", pages="{pages}"), moment=receipt.lodged_at, parts=page.parts,
        annex=None)


def introduce(page: Composer, receipt: PositionReceipt, lodged: list[Contribution], language: str) -> None:
    bodies = {one.organisation_id: one.organisation for one in lodged if one.organisation is not None}
    signed_for = [body.name(language) for body in bodies.values()] + [
        gettext("yourself") for _one in lodged[:1] if any(one.organisation is None for one in lodged)]
    page.table([], [
        (gettext("Lodged on"), f"{when(receipt.lodged_at)} {gettext('(Morocco time)')}"),
        (gettext("Lodged by"), printable(receipt.author.name)),
        (gettext("On behalf of"), printable(" · ".join(signed_for))),
        (gettext("Contributions"), number(len(lodged))),
        (gettext("Digest (SHA-256)"), ref(receipt.digest)),
        (gettext("The journal then stood at"), ref(f"{receipt.chain_position}:{receipt.chain_digest}")),
    ], [28, 72])
    page.say((QUIET, gettext("The digest of the whole changes if a single character of any of them does.") + " " + gettext(
        "With this place, anybody can check on the page “Journal” that nothing recorded before it was changed or removed.")))


def tell(page: Composer, one: Contribution) -> None:
    """A contribution with the passage that it speaks of, in its author's words."""
    page.heading(2, f"{one.ref} · {gettext('Chapter %(number)s', number=one.chapter.number)} · {one.block.label or one.block.key}")
    page.quote(one.block.lead, "quote")
    page.say(f"{gettext('Position')}: {one.position.label}", style="label")
    lodged = one.as_lodged  # what the digest is of, whatever others read of it
    page.quote(lodged.body)
    if lodged.amendment is not None:
        page.say(gettext("Proposed change"), style="label")
        page.redline(redline(one.block.lead, lodged.amendment.replacement))
    for heading, words in lodged.further_texts:
        page.say(heading, style="label")
        page.quote(words)
    for said in declared(one):
        page.say((QUIET, said))
    if one.declaration is not None and one.declaration.interests:
        page.say(gettext("Interest declared:"), style="label")
        page.quote(one.declaration.interests)
    if one.attachments:
        page.say(gettext("Files"), style="label")
    for file in one.attachments:
        page.quote(gettext("Confidential annex") if file.is_confidential else file.name)
        page.say((QUIET, f"{gettext('Digest (SHA-256)')} "), ref(file.sha256))
    if one.receipt is not None:
        page.say((QUIET, f"{gettext('Digest (SHA-256)')} "), ref(one.receipt.digest))


def declared(one: Contribution) -> Iterable[str]:
    """With which mandate it was signed, and what was said of interests, in the words of its page."""
    if one.organisation_id is None:
        return
    if one.declaration is None:
        yield gettext("Lodged before mandates were asked for: whoever lodged it had said that they belong to the organisation.")
        return
    held = one.declaration.mandate
    yield gettext("Signed with mandate %(number)s of the organisation, in force from %(date)s.", number=held.id, date=day(held.begins_at))
    if held.ends_at:
        yield gettext("Its term ends on %(date)s.", date=day(held.ends_at))
    if one.declaration.interest == Interest.NONE:
        yield gettext("No interest in the matter was declared.")
    elif one.declaration.interest is None:
        yield gettext("Interests were not asked for then.")
