"""Those who are asked, how far they have come, and from whom nothing came: for the secretariat."""

import tempfile
from collections.abc import Iterator
from functools import partial
from typing import Any

from flask import flash, redirect, render_template, request, send_file, url_for

from consult.consultations import events as consultations_events
from consult.consultations.models import Consultation
from consult.core import events as core_events
from consult.core.errors import NotFound
from consult.core.i18n import _, gettext, utcnow, when
from consult.core.paging import Cursor
from consult.core.permissions import Action, can
from consult.core.web import actor, asked_member, language, required_consultation, room, small_number
from consult.exports import service as exports
from consult.exports.models import ExportFormat
from consult.exports.service import Column
from consult.exports.writers import CONTRIBUTIONS
from consult.organisations.models import Category, Region, Sector
from consult.outreach import service
from consult.outreach.forms import HEADINGS, ActForm
from consult.outreach.models import Stakeholder, StakeholderState
from consult.outreach.service import StakeholderFilter

bp = room("outreach")
SAMPLE = 5  # that are shown of those who are about to be written to


# What other rooms show of this one


@core_events.staff_menu.fill
def staff_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(60, "outreach.overview", _("Stakeholders"), Action.OUTREACH_VIEW, has_room=True)]


@core_events.secret_endpoints.fill
def secret_endpoints() -> tuple[str, ...]:
    return ("outreach.invitation", "outreach.refuse", "outreach.enrol", "outreach.open", "outreach.take_up")


@consultations_events.dashboard_links.fill
def dashboard_links(consultation: Consultation) -> list[core_events.Link]:
    if not can(actor(), Action.OUTREACH_VIEW, consultation):
        return []
    return [core_events.Link(str(_("Who stays silent")), url_for("outreach.radar"))]


# The list


def chosen() -> StakeholderFilter:
    return StakeholderFilter(
        state=asked_member(StakeholderState, "state"), category=asked_member(Category, "category"), sector=asked_member(Sector, "sector"),
        region=asked_member(Region, "region"), chapter=request.args.get("chapter", type=small_number))


def filter_choices() -> dict[str, Any]:
    return {"categories": Category, "sectors": Sector, "regions": Region, "commissions": required_consultation().commissions}


@bp.get("")
def overview():
    consultation, filters = required_consultation(), chosen()
    page = service.list_stakeholders(actor(), consultation, filters, after=request.args.get("after", type=Cursor.parse))
    return render_template(
        "outreach/overview.html", page=page, filters=filters, counts=service.count_by_state(actor(), consultation, filters),
        formats=FORMATS, may_send=can(actor(), Action.OUTREACH_SEND, consultation), **filter_choices(),
        links=page.links(partial(url_for, ".overview", **filters.values())))


@bp.get("/by-category")
def by_category():
    consultation = required_consultation()
    rows = service.count_by_kind(actor(), consultation, Category)
    return render_template("outreach/by_category.html", rows=rows, states=StakeholderState)


@bp.get("/radar")
def radar():
    number = request.args.get("chapter", type=small_number)
    seen = service.get_radar(actor(), required_consultation(), number)
    return render_template("outreach/radar.html", radar=seen, number=number, commissions=required_consultation().commissions)


@bp.get("/stakeholders/<int:number>")
def show(number):
    person = service.get_stakeholder(actor(), required_consultation(), number)
    return render_template("outreach/show.html", person=person, letters=service.list_letters(actor(), person),
                           chapters=service.list_chapters_of(actor(), person))


@bp.post("/stakeholders/<int:number>/returned")
def note_returned(number):
    person = service.get_stakeholder(actor(), required_consultation(), number)
    service.note_returned(actor(), person)
    flash(str(_("Noted: the letter did not arrive, and no reminder follows.")), "success")
    return redirect(url_for(".show", number=number), 303)


# Sending


@bp.route("/send", methods=["GET", "POST"])
def send():
    """Whom it goes to is shown first, then once more on the button."""
    consultation, filters, form = required_consultation(), chosen(), ActForm()
    count = service.count_to_send(actor(), consultation, filters)
    if form.validate_on_submit():
        service.send(actor(), consultation, chosen=filters)
        flash(str(_("The letters leave one after the other; this page shows how far they are.")), "success")
        return redirect(url_for(".overview", state=StakeholderState.QUEUED.value), 303)
    return render_template("outreach/send.html", form=form, count=count, filters=filters, **filter_choices(),
                           sample=service.list_sample(actor(), consultation, filters, SAMPLE)), 422 if form.errors else 200


@bp.post("/hold")
def hold():
    service.hold(actor(), required_consultation())
    flash(str(_("Letters that were not promised yet are held back.")), "success")
    return redirect(url_for(".overview"), 303)


# To take away

FORMATS = CONTRIBUTIONS.formats  # of the other table that people take away
COLUMNS = (
    Column("organisation", HEADINGS["organisation"], 40, lambda one: one.organisation),
    Column("category", HEADINGS["category"], 28, lambda one: one.category.label),
    Column("address", HEADINGS["address"], 32, lambda one: one.address),
    Column("language", HEADINGS["language"], 20, lambda one: one.language.label),
    Column("sector", HEADINGS["sector"], 24, lambda one: one.sector.label if one.sector else ""),
    Column("region", HEADINGS["region"], 24, lambda one: one.region.label if one.region else ""),
    Column("contact", HEADINGS["contact"], 28, lambda one: one.contact),
    Column("state", _("State"), 20, lambda one: one.state.label),
    Column("letters", _("Letters promised"), 10, lambda one: one.promised),
    Column("written", _("Last letter"), 24, lambda one: when(one.promised_at)),
    Column("source", _("Source of the address"), 40, lambda one: one.list.source),
)


def lines(people: Iterator[Stakeholder]) -> Iterator[list[Any]]:
    yield [str(column.heading) for column in COLUMNS]
    for one in people:
        yield [column.value(one) for column in COLUMNS]


@bp.get("/file/<string:format>")
def file(format):
    """Those of the filter, as a table."""
    consultation = required_consultation()
    found = next((one for one in FORMATS if one.value == format), None)
    people = service.list_all(actor(), consultation, chosen())
    if found is None:
        raise NotFound
    out = tempfile.TemporaryFile("w+b", prefix="consult-")  # noqa: SIM115 - closed once it is sent
    if found is ExportFormat.XLSX:
        exports.write_xlsx(lines(people), out, language=language(), title=f"{consultation.title(language())} — {gettext('Stakeholders')}",
                           created=utcnow(), columns=COLUMNS, name=gettext("Stakeholders"))
    else:
        exports.write_csv(lines(people), out, separator=";" if found is ExportFormat.EXCEL_CSV else ",")
    out.seek(0)
    name = f"{gettext('Stakeholders')}.{found.value}"
    return send_file(out, mimetype=found.content_type, as_attachment=True, download_name=name, max_age=0)
