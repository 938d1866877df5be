"""The journal for everybody, its feed, and its events for those in charge."""

import tempfile
from functools import partial
from typing import Any

from flask import Response, render_template, request, send_file, url_for

from consult.accounts.models import User
from consult.chapters import events as chapters_events
from consult.chapters.models import Chapter
from consult.core import atom, audit
from consult.core import events as core_events
from consult.core.audit import AuditEvent
from consult.core.db import Base
from consult.core.errors import Invalid
from consult.core.i18n import _, gettext
from consult.core.markup import Markup, trusted
from consult.core.paging import Cursor, each_row
from consult.core.permissions import Action, can
from consult.core.web import actor, language, link, required_consultation, room
from consult.exports import service as exports
from consult.journal import service
from consult.journal.stamping import REPLY
from consult.journal.words import ACTS, about_in_words, act_in_words

bp = room("journal")
FILE = "journal"


# What other rooms show of this one


@core_events.footer_menu.fill
def footer_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(50, "journal.read", _("Journal"))]


@core_events.staff_menu.fill
def staff_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(60, "journal.view_events", _("Journal"), Action.JOURNAL_VIEW_EVENTS)]


@core_events.journal_of.fill
def journal_of(thing: Base) -> Markup | None:
    acts = service.list_acts_on(actor(), thing, filter(None, core_events.told_with(thing)))
    return drawn(acts, author_id=getattr(thing, "author_id", None))


@chapters_events.provision_parts.fill
def provision_part(chapter: Chapter, key: str) -> chapters_events.ProvisionPart | None:
    words = drawn(service.list_acts_on_passage(actor(), chapter, key))
    return chapters_events.ProvisionPart(order=9, id="journal", title=_("Journal"), count=None, words=words) if words else None


def drawn(acts: list[tuple[AuditEvent, User | None]], author_id: int | None = None) -> Markup | None:
    """Acts in a list; who did them by name only for those who may look for events, and in what capacity for everybody."""
    if not acts:
        return None
    with_names = can(actor(), Action.JOURNAL_VIEW_EVENTS, required_consultation())
    lines = [(event, act_in_words(event.action, event.subject),
              by_whom(event, person) if with_names else in_capacity(event, person, author_id)) for event, person in acts]
    return trusted(render_template("journal/_acts.html", lines=lines, latest=service.LATEST))


def in_capacity(event: AuditEvent, person: User | None, author_id: int | None) -> str:
    """Who acted, without their name."""
    if event.actor_id is None:
        return by_whom(event, None)
    is_author = event.actor_id == author_id or person is not None and person.wrote(author_id)
    return gettext("its author") if is_author else gettext("somebody in charge")


# For everybody


@bp.get("")
def read():
    told, refusal = [], None
    if text := request.args.get("told", ""):
        try:
            told = service.check_told(actor(), text)
        except Invalid as invalid:
            refusal = invalid
    page = service.list_checkpoints(actor(), after=request.args.get("after", type=Cursor.parse))
    return render_template("journal/read.html", checkpoints=page.rows, stamps=service.list_stamps(page.rows),
                           links=page.links(partial(url_for, ".read")), head=audit.head(), told=told,
                           refusal=refusal, text=text, most=service.MAX_TOLD), 422 if refusal else 200


@bp.get("/feed")
def feed():
    """The newest checkpoints: whoever keeps the feed keeps what shows that the journal was not written anew."""
    shown, here = required_consultation(), link("journal.read")
    entries = [atom.Entry(f"{shown.slug}/journal/{one.chain_position}",
                          gettext("The journal stands at %(position)s", position=one.chain_position),
                          f"{here}#{one.chain_position}", one.at, f"{one.chain_position}:{one.chain_digest}")
               for one in service.list_checkpoints(actor()).rows]
    whole = atom.Feed(f"{shown.slug}/journal/{language()}", gettext("Journal"), shown.controller or shown.title(language()), language(),
                      link("journal.feed"), here, shown.created_at, entries)
    return atom.answer(whole)


@bp.get("/stamps/<int:position>")
def stamp(position: int):
    """What the authority answered (RFC 3161), as it came."""
    response = service.get_stamp(actor(), position).response
    return Response(response, mimetype=REPLY, headers={"Content-Disposition": f"attachment; filename={position}.tsr"})


# For those in charge


@bp.get("/events")
def view_events():
    consultation = required_consultation()
    act, address = request.args.get("act", ""), request.args.get("address", "")
    refusal = None
    try:
        wanted = service.get_filter(actor(), consultation, act, address)
    except Invalid as invalid:
        wanted, refusal = service.get_filter(actor(), consultation, act, ""), invalid
    page = service.list_events(actor(), consultation, wanted, after=request.args.get("after", type=Cursor.parse))
    values: dict[str, Any] = {"act": wanted.act.value if wanted.act else None, "address": address or None}
    return render_template(
        "journal/view_events.html", events=page.rows, links=page.links(partial(url_for, ".view_events", **values)), wanted=wanted,
        address=address, refusal=refusal, acts=sorted(ACTS, key=lambda one: gettext(ACTS[one])), words_of=act_in_words,
        about=about_in_words, by_whom=by_whom, file_url=url_for(".events_file", **values)), 422 if refusal else 200


@bp.get("/events/file")
def events_file():
    """The same as a table (CSV), from the newest on."""
    consultation = required_consultation()
    person = actor()
    wanted = service.get_filter(person, consultation, request.args.get("act", ""), request.args.get("address", ""))
    rows = each_row(lambda after: service.list_events(person, consultation, wanted, after=after))
    out = tempfile.TemporaryFile("w+b", prefix="consult-")  # noqa: SIM115 - closed once it is sent
    heading = [gettext("Number"), gettext("Date"), gettext("Act"), gettext("About"), gettext("By")]
    exports.write_csv([heading, *([event.id, event.at.isoformat(), act_in_words(event.action, event.subject), about_in_words(event.details),
                                  by_whom(event, who)] for event, who in rows)], out)
    out.seek(0)
    return send_file(out, mimetype="text/csv", as_attachment=True, download_name=f"{FILE}.csv", max_age=0)


@bp.get("/permissions")
def view_permissions():
    """For auditors: the one table of who may do what, as it is asked at each act."""
    consultation = required_consultation()
    return render_template("journal/view_permissions.html", lines=service.list_permissions(actor(), consultation))


def by_whom(event, person) -> str:
    """The person's name, or what acted without an account."""
    if person is not None:
        return person.name or gettext("A participant")
    return {"system": gettext("the system"), "visitor": gettext("a visitor")}.get(event.actor, event.actor)
