"""What was received on paper, by letter, by e-mail or at a meeting: batches, typing, comparing, stubs."""

import hmac
import secrets
from functools import partial
from typing import Any

from flask import Flask, flash, redirect, render_template, request, url_for
from flask_limiter.util import get_remote_address

from consult.core import events as core_events
from consult.core import pace
from consult.core.commands import undo
from consult.core.config import derived_key
from consult.core.errors import Conflict, Invalid
from consult.core.i18n import _
from consult.core.paging import Cursor
from consult.core.permissions import Action, can, require
from consult.core.web import actor, language, put_refusal, reads_first, required_consultation, room, small_number, takes_at_most
from consult.reception import service
from consult.reception.forms import ActForm, BringForm, ClaimForm, CorrectForm, EntryForm, MatchForm, RegisterForm, SetAsideForm
from consult.reception.models import Batch, Entry
from consult.reception.reading import FIELDS, LARGEST, ReadTable

bp = room("reception")
REMEMBERED = ("organisation", "written_in", "kind", "comment_type")  # from one slip to the next


@core_events.staff_menu.fill
def staff_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(55, "reception.overview", _("Paper"), Action.RECEPTION_VIEW, has_room=True)]


def asked_after() -> Cursor | None:
    return request.args.get("after", type=Cursor.parse)


@bp.get("")
def overview():
    page = service.list_batches(actor(), required_consultation(), after=asked_after())
    return render_template("reception/overview.html", page=page, links=page.links(partial(url_for, ".overview")),
                           may_register=can(actor(), Action.RECEPTION_REGISTER, required_consultation()))


@bp.route("/register", methods=["GET", "POST"])
def register():
    consultation = required_consultation()
    require(actor(), Action.RECEPTION_REGISTER, consultation)
    form = RegisterForm(data={"form_key": secrets.token_urlsafe(24)})
    if form.validate_on_submit():
        try:
            batch = service.register(actor(), consultation, **form.values())
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            flash(str(_("Batch %(number)s is registered. Type its slips one after the other.", number=batch.number)), "success")
            return redirect(url_for(".enter", number=batch.number), 303)
    return render_template("reception/register.html", form=form), 422 if form.errors else 200


def batch_of(number: int) -> Batch:
    return service.get_batch(actor(), required_consultation(), number)


@bp.get("/<int:number>")
def show(number: int):
    return show_batch(batch_of(number), None)


def show_batch(batch: Batch, refused: SetAsideForm | None):
    page = service.list_entries(actor(), batch, after=asked_after())
    form = refused or SetAsideForm(data={"count": batch.set_aside, "reason": batch.set_aside_reason})
    return render_template(
        "reception/show.html", batch=batch, page=page, form=form, shares=service.get_shares(actor(), batch),
        tables=service.list_tables(actor(), batch), sampled=service.list_sampled(actor(), batch),
        links=page.links(partial(url_for, ".show", number=batch.number)),
    ), 422 if refused else 200


# Typing


@bp.route("/<int:number>/enter", methods=["GET", "POST"])
def enter(number: int):
    """One field after the other, then Enter on the button: the next one begins with what is usually the same."""
    batch = batch_of(number)
    require(actor(), Action.RECEPTION_ENTER, batch)
    form = EntryForm(batch=batch, data={"form_key": secrets.token_urlsafe(24), **remembered()})
    if form.validate_on_submit():
        try:
            block = service.get_block(actor(), batch.consultation, form.passage.data or "", form.written_in.data)
            entry = service.enter(actor(), batch, block=block, **form.values())
        except Invalid as refusal:
            put_refusal(form, refusal)
        except Conflict as refusal:
            form.form_errors.append(f"{refusal.message} {refusal.remedy}")
            if isinstance(refusal, service.SameWords):
                form.is_another.data = True
                form.form_key.data = secrets.token_urlsafe(24)
            undo()
            return typing_page(batch_of(number), form), 409
        else:
            kept: dict[str, Any] = {name: "".join(form[name].raw_data or [])[:200] for name in REMEMBERED}
            return redirect(url_for(".enter", number=number, last=entry.number, **kept), 303)
    return typing_page(batch, form), 422 if form.errors else 200


def remembered() -> dict[str, str]:
    kept = {name: request.args.get(name, "").replace("\0", "")[:200] for name in REMEMBERED if request.args.get(name)}
    return {"written_in": language(), **kept}


def typing_page(batch: Batch, form: EntryForm) -> str:
    last = request.args.get("last", type=small_number) if request.method == "GET" else None
    entry = service.get_entry(actor(), batch, last) if last and last <= batch.last_number else None
    return render_template("reception/enter.html", batch=batch, form=form, last=entry)


@bp.post("/<int:number>/set-aside")
def set_aside(number: int):
    batch, form = batch_of(number), SetAsideForm()
    require(actor(), Action.RECEPTION_SET_ASIDE, batch)
    if form.validate_on_submit():
        try:
            service.set_aside(actor(), batch, count=form.count.data, reason=form.reason.data or "")
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            return redirect(url_for(".show", number=number), 303)
    return show_batch(batch, form)


@bp.post("/<int:number>/close")
def close(number: int):
    service.close(actor(), batch_of(number))
    flash(str(_("Batch %(number)s balances and is closed.", number=number)), "success")
    return redirect(url_for(".show", number=number), 303)


# Many at once


@bp.route("/<int:number>/bring", methods=["GET", "POST"])
@reads_first
@takes_at_most(LARGEST + 1_000_000)
def bring(number: int):
    """A table is read here; its columns are named on the next page, and its rows entered by the worker."""
    batch, form = batch_of(number), BringForm()
    require(actor(), Action.RECEPTION_BRING, batch)
    if form.validate_on_submit():
        data, name = form.file.data.read(), form.file.data.filename or ""
        try:
            table = service.get_read_table(actor(), batch, data, name)
            brought = service.bring(actor(), batch, table=table, data=data, file_name=name)
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            return redirect(url_for(".enter_table", number=number, table=brought.id), 303)
    return render_template("reception/bring.html", batch=batch, form=form), 422 if form.errors else 200


@bp.route("/<int:number>/tables/<int:table>", methods=["GET", "POST"])
def enter_table(number: int, table: int):
    """Which column holds what; then how far the worker is, and which rows were refused."""
    batch = batch_of(number)
    brought = service.get_table(actor(), batch, table)
    guessed = dict.fromkeys(FIELDS, -1) | ReadTable(brought.columns, []).guesses()
    form = MatchForm(columns=brought.columns, data={**guessed, "written_in": language()})
    if request.method == "POST":
        require(actor(), Action.RECEPTION_ENTER_TABLE, brought)
    if form.validate_on_submit():
        try:
            service.enter_table(actor(), brought, mapping=form.mapping(), passage=form.for_all.data or "", language=form.written_in.data)
        except Invalid as refusal:
            if refusal.field == "passage" and not form.mapping().get("passage"):
                refusal.field = "for_all"
            put_refusal(form, refusal)
        else:
            return redirect(url_for(".enter_table", number=number, table=table), 303)
    return render_template("reception/enter_table.html", batch=batch, table=brought, form=form), 422 if form.errors else 200


# Comparing


def entry_of(number: int, entry: int) -> Entry:
    return service.get_entry(actor(), batch_of(number), entry)


@bp.route("/<int:number>/compare/<int:entry>", methods=["GET", "POST"])
def check(number: int, entry: int):
    """Beside the paper: the same, or what it says instead."""
    one = entry_of(number, entry)
    require(actor(), Action.RECEPTION_CHECK, one)
    form = ActForm()
    if form.validate_on_submit():
        service.check(actor(), one)
        return redirect(url_for(".show", number=number), 303)
    return comparing_page(one, CorrectForm(formdata=None, data=typed_in(one)))


@bp.post("/<int:number>/correct/<int:entry>")
def correct(number: int, entry: int):
    one, form = entry_of(number, entry), CorrectForm()
    require(actor(), Action.RECEPTION_CORRECT, one)
    if form.validate_on_submit():
        try:
            block = service.get_block(actor(), one.consultation, form.passage.data or "", form.written_in.data)
            done = service.correct(actor(), one, block=block, note=form.note.data or "", **form.said())
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            flash(str(_("It is entered as the paper has it, under %(ref)s.", ref=done.entry.contribution.ref)), "success")
            return redirect(url_for(".show", number=number), 303)
    return comparing_page(one, form), 422


def typed_in(entry: Entry) -> dict[str, object]:
    """Without its words where moderators keep any of them back: these are typed anew from the paper."""
    said = entry.contribution
    words = {} if said.state.is_silent or said.is_redacted else {
        "body": said.lodged_body, "replacement": said.amendment.lodged_replacement if said.amendment else "",
        "justification": said.lodged_justification}
    return {**words, "passage": said.block_key, "position": said.position.value, "kind": said.kind.value,
            "comment_type": said.comment_type.value, "written_in": said.language}


def comparing_page(entry: Entry, form: CorrectForm) -> str:
    return render_template("reception/check.html", entry=entry, batch=entry.batch, form=form, act=ActForm(formdata=None),
                           words=service.get_words(actor(), entry))


# Stubs


@core_events.personal_menu.fill
def personal_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(36, "reception.claim", _("I have a stub"))]


@bp.route("/claim", methods=["GET", "POST"])
def claim():
    """By the code on the stub what was typed for somebody becomes theirs."""
    if request.method == "POST":
        require(actor(), Action.RECEPTION_CLAIM, required_consultation())  # or the code that was typed would be lost on the way
    elif not actor().is_authenticated:
        return redirect(url_for(core_events.sign_in_endpoint(), next=url_for(".claim")), 303)
    form = ClaimForm()
    if form.validate_on_submit():
        try:
            entry = service.claim(actor(), required_consultation(), code=form.code.data or "")
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            flash(str(_("It is among your contributions now: you follow it, and are told what becomes of it.")), "success")
            return redirect(url_for("contributions.receipt", ref=entry.contribution.ref), 303)
    return render_template("reception/claim.html", form=form), 422 if form.errors else 200


def init_app(app: Flask) -> None:
    """Whoever guesses codes is slowed down: each account, and each network, tries so many in an hour."""
    limiter, secret = app.extensions["consult_limiter"], derived_key(app.config["SECRET_KEY"], "attempts").encode()

    def by_account() -> str:
        return hmac.digest(secret, f"stub {actor().id}".encode(), "sha256").hex()  # the counters may stand in a storage of others

    def by_network() -> str:
        return hmac.digest(secret, f"stub {pace.network(get_remote_address())}".encode(), "sha256").hex()

    for amount, scope, key in (("10 per hour", "stub-account", by_account), ("60 per hour", "stub-network", by_network)):
        limit = limiter.shared_limit(amount, scope, key_func=key, methods=["POST"])
        app.view_functions["reception.claim"] = limit(app.view_functions["reception.claim"])


@bp.get("/<int:number>/stubs")
def stubs(number: int):
    """To be printed, cut and handed to their authors."""
    batch = batch_of(number)
    page = service.list_stubs(actor(), batch, after=asked_after())
    return render_template("reception/stubs.html", batch=batch, page=page, links=page.links(partial(url_for, ".stubs", number=number)))
