"""Writing a contribution, its receipt and public page, what was said about a passage, and one's own page."""

from contextlib import suppress
from functools import partial

from flask import flash, redirect, render_template, request, url_for

from consult.chapters import service as chapters
from consult.chapters.models import Block
from consult.contributions import events, service
from consult.contributions.forms import ConfirmForm, ContributionForm, without_controls
from consult.contributions.models import MAX_FILES, REPLY_REF, Contribution, ContributionDraft, Reply
from consult.contributions.statement import MAX_EXACT
from consult.contributions.views.attaching import LARGEST_FORM, change_files
from consult.contributions.views.drafts import (
    address_of,
    asked_draft,
    draft_of,
    drafts_here,
    is_from_elsewhere,
    keep,
    kept_draft,
    new_key,
    tokens,
)
from consult.core import left_out
from consult.core.errors import Invalid, NotAllowed
from consult.core.i18n import _
from consult.core.markup import Markup, marked
from consult.core.paging import Cursor
from consult.core.permissions import Action, can, require
from consult.core.refused import is_ours
from consult.core.web import (
    actor,
    csrf,
    has_token,
    is_complete,
    language,
    put_refusal,
    reads_first,
    required_consultation,
    room,
    small_number,
    takes_at_most,
)
from consult.text import normalising
from consult.text.quotes import Quote, find
from consult.text.redline import redline

bp = room("contributions")
SESSION_ENDED = _("Your session had ended before you sent this. Your text is still here: check it and send it again.")
MAX_ASKED = 2 * MAX_EXACT  # characters of an address that are looked at, so that what is too long is said to be
bp.app_template_global("redline_of")(redline)
bp.app_template_test("from_elsewhere")(is_from_elsewhere)


# Writing


@bp.route("/lodge/<int:number>/<string:key>", methods=["GET", "POST"])
@csrf.exempt  # the form checks its own token, and keeps the text when the token is lost
@reads_first
@takes_at_most(LARGEST_FORM)
def lodge(number: int, key: str):
    seen = request.form.get("block_id", type=small_number)
    block = service.get_seen_block(number, key, seen) or block_of(number, key)
    if not can(actor(), Action.CONTRIBUTIONS_WRITE, block):
        return closed(block, a_form(block))
    if request.method == "GET":
        draft = asked_draft(block)
        block = draft.block if draft else block  # its proposed change is of the words that it was written on
        form = a_form(block, draft)
        said_of_the_words(block, form)
        return page(block, form)
    form = a_form(block)
    form.take_sentence(block)
    form.form_key.data = form.form_key.data or new_key()
    if actor().is_authenticated and has_token(form, SESSION_ENDED):
        try:
            if (with_files := change_files(block, form)) is not None:
                return with_files
        except Invalid as refusal:
            return refused(block, form, refusal)
    lodging = lodge_form if actor().is_authenticated else ask_to_sign_in
    act = {"draft": save_draft, "preview": preview, "offer": offer}.get(request.form.get("act", ""), lodging)
    return act(block, form)


def closed(block: Block, form: ContributionForm):
    """What comes too late is shown to its author, and kept among their drafts where it can be."""
    is_kept = False
    if request.method == "POST" and (is_ours(request) or has_token(form, SESSION_ENDED)):
        form.form_key.data = form.form_key.data or new_key()
        with suppress(Invalid):
            is_kept = bool(keep(block, form))
    return page(block, form, closed=True, is_kept=is_kept), 403


def block_of(number: int, key: str) -> Block:
    """As the reader reads it now."""
    return chapters.get_block(chapters.get_chapter(required_consultation(), number), key, language())


def save_draft(block: Block, form: ContributionForm):
    if not has_token(form, SESSION_ENDED):
        return refused(block, form)
    try:
        draft = keep(block, form)
    except Invalid as refusal:
        return refused(block, form, refusal)
    if request.form.get("back") == "position":
        return redirect(url_for(".position", _anchor=f"draft-{draft.id}"), 303)
    return redirect(address_of(draft, drafts_here(block), block), 303)


def offer(block: Block, form: ContributionForm):
    """To the organisation of which one is a member; a visitor, or somebody whose session ended, signs in first."""
    if not actor().is_authenticated:
        return ask_to_sign_in(block, form)
    if not has_token(form, SESSION_ENDED):
        return refused(block, form)
    try:
        offered = service.offer(actor(), block, form_key=form.form_key.data or "", fields=form.typed(), draft=kept_draft(form, block),
                                expected_digest=form.expected_digest.data)
    except Invalid as refusal:
        return refused(block, form, refusal)
    except service.OfferedOtherwise as known:
        form.form_key.data = new_key()
        return page(block, form, offered_before=known.offered, lacks_files=known.lacks_files), 409
    flash(str(_("It is offered to your organisation. Its representatives are told by letter; you see here how it stands.")), "success")
    return redirect(url_for(".show_offered", offered_id=offered.id), 303)


def preview(block: Block, form: ContributionForm):
    if not is_complete(form, SESSION_ENDED):
        return refused(block, form)
    try:
        service.check_words(**{name: form[name].data or "" for name in service.MAX_LENGTHS if name in form})
        form.quote = quote_of(block, form)
    except Invalid as refusal:
        return refused(block, form, refusal)
    return page(block, form, previewed=True)


def ask_to_sign_in(block: Block, form: ContributionForm):
    """A visitor, or somebody whose session ended, and its token with it: what was typed on a page of ours is kept and waits for them."""
    if not is_ours(request) and not has_token(form, SESSION_ENDED):
        return refused(block, form)
    try:
        keep(block, form)
    except Invalid as refusal:
        return refused(block, form, refusal)
    left_out.say()  # on this very page
    return page(block, form, must_sign_in=True)


def lodge_form(block: Block, form: ContributionForm):
    if not is_complete(form, SESSION_ENDED):
        return refused(block, form)
    try:
        contribution = service.lodge(
            actor(), block, **form.values(), draft=kept_draft(form, block),
            expected_digest=form.expected_digest.data, expected_files=form.files_shown.data or "", language=language())
    except Invalid as refusal:
        return refused(block, form, refusal)
    except service.LodgedOtherwise as found:
        return show_earlier(block, form, found.contribution)
    except NotAllowed:
        if can(actor(), Action.CONTRIBUTIONS_WRITE, block):
            raise
        return closed(block, form)  # while this waited for its turn
    if not service.is_what_was_lodged(contribution, block, **form.statement()):
        return show_earlier(block, form, contribution)
    return redirect(url_for(".receipt", ref=contribution.ref), 303)


def show_earlier(block: Block, form: ContributionForm, earlier: Contribution):
    """What was lodged already, above a form that may be sent again as another contribution."""
    form.form_key.data, form.shown_ref.data = new_key(), earlier.ref
    return page(block, form, earlier=earlier), 409


def refused(block: Block, form: ContributionForm, refusal: Invalid | None = None):
    if refusal is not None:
        put_refusal(form, refusal)
    return page(block, form), 422


def a_form(block: Block, draft: ContributionDraft | None = None) -> ContributionForm:
    given = {"replacement": block.lead, "form_key": new_key(), **(draft.fields if draft else {}), "block_id": block.id, **selected()}
    organisation = actor().organisation if actor().is_authenticated else None
    form = ContributionForm(data=given, block=block, organisation=organisation, language=language(), is_known=actor().is_authenticated)
    if draft is not None:
        form.go_on_with(draft)
        if form.speak_as and is_from_elsewhere(draft):
            form.speak_as.data = None  # whoever typed it speaks for nobody yet
    return form


def selected() -> dict[str, str]:
    """The words that the reader selected in the text before coming to the form."""
    if not request.args.get("exact"):
        return {}
    return {name: without_controls(request.args.get(name))[:MAX_ASKED] for name in ("exact", "prefix", "suffix")}


def quote_of(block: Block, form: ContributionForm) -> Quote:
    return service.quote_in(block, form.quote.exact, form.quote.prefix, form.quote.suffix)


def said_of_the_words(block: Block, form: ContributionForm) -> None:
    """Whether the words that came with the address are taken; if not, why, before anything is written."""
    try:
        form.quote = quote_of(block, form)
    except Invalid as refusal:
        put_refusal(form, refusal)


def place_in(block: Block, form: ContributionForm) -> tuple[int, int]:
    """Where the words concerned stand in the passage; (0, 0) when there are none, or they are not taken."""
    try:
        found = find(block.text, quote_of(block, form))
    except Invalid:
        return 0, 0
    return (found[0].start, found[0].end) if found else (0, 0)


def parts_of(block: Block, start: int, end: int) -> list[tuple[str, Markup]]:
    """The passage as it is shown: number, sentence and facts, with the words from ``start`` to ``end`` marked."""
    first = max(0, block.text.find(block.lead))
    last = first + len(block.lead)
    parts = (("number", 0, first), ("lead", first, last), ("facts", last, len(block.text)))
    return [(name, marked(block.text[a:b], start - a, end - a)) for name, a, b in parts if a < b]


def page(block: Block, form: ContributionForm, **extra) -> str:
    """The form with its passage, what is kept of it, and what else its author is writing about this passage."""
    drafts = drafts_here(block)
    draft = draft_of(form, drafts)
    replacement = form.replacement.data or ""
    newest = chapters.get_newest_revision(block.chapter, block.revision.language)
    start, end = place_in(block, form)
    reads = draft is not None and can(actor(), Action.CONTRIBUTIONS_READ_DRAFT_FILE, draft)
    files = service.list_draft_files(actor(), draft) if draft is not None and reads else ()
    form.files_shown.data = service.get_files_digest(files)
    return render_template(
        "contributions/lodge.html", block=block, chapter=block.chapter, form=form, draft=draft, files=files, max_files=MAX_FILES,
        as_organisation=form.as_organisation,
        proposes=service.is_amendment(block, replacement), segments=redline(block.lead, replacement) if extra.get("previewed") else (),
        written_in=normalising.language_of(form.body.data or "", language()),
        said_here=chapters.tallies(block.chapter).get(block.key, 0),
        is_outdated=newest is not None and newest.id != block.revision_id,
        parts=parts_of(block, start, end), quoted=block.text[start:end],
        came_from=request.full_path if selected() else address_of(draft, drafts, block),
        others=[(other, address_of(other, drafts, block)) for other in drafts if other is not draft], **extra,
    )


@bp.post("/drop-draft/<int:draft_id>")
def drop_draft(draft_id: int):
    service.drop_draft(actor(), service.get_own_draft(actor(), draft_id), expected_digest=request.form.get("expected_digest", ""))
    return redirect(url_for(".position" if request.form.get("back") == "position" else ".mine"), 303)


# Reading


@bp.get("/receipt/<string:ref>")
def receipt(ref: str):
    if not actor().is_authenticated:
        return sign_in()
    contribution = service.get_own(actor(), ref)
    drafts = drafts_here(contribution.block) if actor().wrote(contribution.author_id) else ()
    return render_template("contributions/receipt.html", contribution=contribution, receipt=contribution.receipt,
                           others=[(draft, address_of(draft, drafts, contribution.block)) for draft in drafts])


@bp.get("/<string:ref>")
def show(ref: str):
    if ref != ref.upper():  # typed by hand, or by a programme that knows no capitals
        return redirect(url_for(".show", ref=ref.upper()), 308)
    if REPLY_REF in ref:
        return redirect(address_of_reply(service.get_reply(actor(), ref)), 302)
    try:
        contribution = service.get_contribution(actor(), ref)
    except NotAllowed:
        return render_template("contributions/trace.html", trace=service.get_trace(ref))
    thread = None
    if contribution.is_public:  # the thread goes with it
        thread = service.list_thread(contribution, after=request.args.get("replies_after", type=Cursor.parse))
    reactions, own_support = service.get_support(actor(), contribution)
    return render_template(
        "contributions/show.html", contribution=contribution, answer=events.answer(contribution), thread=thread,
        decided=events.decided(contribution),
        marked=events.marked_words(contribution), further=[link for found in events.links(contribution) for link in found],
        thread_links=thread and thread.links(partial(url_for, ".show", ref=ref, _anchor="replies"), "replies_after"),
        reactions=reactions, own_support=own_support, file_words=file_words(contribution),
    )


def file_words(contribution: Contribution) -> dict[int, str]:
    """What the platform read of its files, for whoever answers it."""
    may_read = contribution.files_count and can(actor(), Action.CONTRIBUTIONS_READ_FILE_WORDS, contribution)
    return service.list_file_words(actor(), contribution) if may_read else {}


def address_of_reply(reply: Reply) -> str:
    """Its place in the thread; one that is not there is among one's own."""
    if not reply.is_public:
        return url_for(".mine", _anchor="replies")
    after = Cursor((reply.number - 1,)) if reply.number > 1 else None
    return url_for(".show", ref=reply.contribution.ref, replies_after=after, _anchor=reply.ref)


@bp.get("/discussion/<int:number>/<string:key>")
def discussion(number: int, key: str):
    """What was said about a passage of the present text, then what stays on earlier versions of it; each list has its own pages."""
    block = block_of(number, key)
    chapter = block.chapter
    after, left_after = (request.args.get(name, type=Cursor.parse) for name in ("after", "left_after"))
    require(actor(), Action.CHAPTERS_READ, chapter)
    newest = {revision.language: revision.number for revision in chapters.list_newest_revisions(chapter)}
    said, left = service.list_for_block(chapter, key, after=after), service.list_left_of(chapter, key, after=left_after)
    here = partial(url_for, ".discussion", number=number, key=block.key)
    return render_template(
        "contributions/discussion.html", chapter=chapter, block=block, said=said, left=left, said_links=said.links(here),
        left_links=left.links(partial(here, _anchor="earlier"), "left_after"),
        newest=newest, is_dropped=newest[block.revision.language] != block.revision.number,
    )


@bp.get("/mine")
def mine():
    if not actor().is_authenticated:
        return sign_in()
    said = service.list_mine(actor(), after=request.args.get("after", type=Cursor.parse))
    replied = service.list_own_replies(actor(), after=request.args.get("replies_after", type=Cursor.parse))
    written = [] if said.after else service.list_drafts(actor(), tokens())
    return render_template(
        "contributions/mine.html", said=said, answers=events.answers(said.rows), drafts=written, form=ConfirmForm(),
        links=said.links(partial(url_for, ".mine")), replied=replied,
        reply_links=replied.links(partial(url_for, ".mine", _anchor="replies"), "replies_after"),
    )


@bp.get("/own-lines/<int:number>")
def own_lines(number: int):
    """Of the reader's own, those that wait for a moderator: the page of the chapter is everybody's, and puts them in."""
    lodged = service.list_own_waiting(actor(), chapters.get_chapter(required_consultation(), number)) if actor().is_authenticated else []
    return render_template("contributions/own_lines.html", lodged=lodged)


@bp.route("/withdraw/<string:ref>", methods=["GET", "POST"])
def withdraw(ref: str):
    if request.method == "GET" and not actor().is_authenticated:
        return sign_in()
    contribution = service.get_contribution(actor(), ref)
    require(actor(), Action.CONTRIBUTIONS_WITHDRAW, contribution)
    form = ConfirmForm()
    if form.validate_on_submit():
        service.withdraw(actor(), contribution)
        return redirect(url_for(".show", ref=ref), 303)
    return render_template("contributions/withdraw.html", contribution=contribution, form=form)


def sign_in():
    """To the sign-in page and back."""
    return redirect(url_for("security.login", next=request.full_path.rstrip("?")), 303)


