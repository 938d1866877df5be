"""``consult users …``: accounts, and who was forgotten, from the command line."""

from datetime import datetime
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from consult.accounts import service as accounts
from consult.consultations import service as consultations
from consult.consultations.models import COMMISSION_ROLES, Commission, Consultation, Role
from consult.core.course import hold_course
from consult.core.db import reading, unit_of_work
from consult.core.errors import ConsultError
from consult.core.permissions import SYSTEM
from consult.exports import files
from consult.privacy import service as privacy
from consult.privacy.models import Cause


@click.group()
def users() -> None:
    """The accounts."""


@users.command("add")
@click.argument("email")
@click.option("--name", required=True)
@click.option("--role", type=click.Choice([role.value for role in Role]), help="None: a participant.")
@click.option("--commission", type=int, help="Number of the commission, for its roles.")
@click.option("--language", default="fr", show_default=True)
@click.option("--password", help="Asked for when missing; an empty answer: sign-in by link only.", prompt=True, hide_input=True, default="")
@with_appcontext
def users_add(email: str, name: str, role: str | None, commission: int | None, language: str, password: str) -> None:
    """Make a confirmed account, with a role or none."""
    shortest = current_app.config["SECURITY_PASSWORD_LENGTH_MIN"]
    if password and len(password) < shortest:
        raise click.ClickException(f"The password needs {shortest} characters at least.")
    with unit_of_work():
        hold_course()  # to appoint, if asked
        user = accounts.add(SYSTEM, None, email=email, name=name, language=language, password=password or None)
        if role:
            consultation = present_consultation()
            body = commission_for(consultation, Role(role), commission)
            consultations.appoint(SYSTEM, consultation, user=user, role=Role(role), commission=body)
    click.echo(f"{user.email}: account made{f', {role}' if role else ''}")


@users.command("invite")
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--commission", type=int, help="Number of the commission, for its roles.")
@click.option("--language", default="fr", show_default=True, help="Of the letter.")
@with_appcontext
def users_invite(email: str, role: str, commission: int | None, language: str) -> None:
    """Write to somebody who is to hold a role: they make their account, or use the one they have, by the link of the letter."""
    with unit_of_work():
        consultation = present_consultation()
        body = commission_for(consultation, Role(role), commission)
        asked = consultations.invite(SYSTEM, consultation, email=email, role=Role(role), commission=body, language=language)
    click.echo(f"{asked.address}: invited, {role}, until {asked.expires_at:%Y-%m-%d %H:%M} UTC (invitation {asked.id})")


@users.command("invitations")
@with_appcontext
def users_invitations() -> None:
    """List who was invited, and what became of it: the newest first."""
    with reading():
        page = consultations.list_invitations(SYSTEM, present_consultation())
        lines = [f"{one.id} {one.address} {one.role.value}{f' of commission {one.commission.number}' if one.commission else ''}: "
                 f"{one.current_state.value}, until {one.expires_at:%Y-%m-%d %H:%M} UTC" for one in page.rows]
    click.echo("\n".join(lines) or "Nobody is invited.")


@users.command("invite-again")
@click.argument("number", type=int)
@with_appcontext
def users_invite_again(number: int) -> None:
    """Send another letter; the link of the former one ends."""
    with unit_of_work():
        asked = consultations.invite_again(SYSTEM, consultations.get_invitation(SYSTEM, present_consultation(), number))
    click.echo(f"{asked.address}: written to once more, until {asked.expires_at:%Y-%m-%d %H:%M} UTC (invitation {asked.id})")


@users.command("withdraw-invitation")
@click.argument("number", type=int)
@with_appcontext
def users_withdraw_invitation(number: int) -> None:
    """Its link opens nothing any more."""
    with unit_of_work():
        asked = consultations.withdraw_invitation(SYSTEM, consultations.get_invitation(SYSTEM, present_consultation(), number))
    click.echo(f"{asked.address}: the invitation is withdrawn")


def present_consultation() -> Consultation:
    consultation = consultations.get_current()
    if consultation is None:
        raise click.ClickException("There is no consultation yet to hold a role in: make one with “consult consultations add”.")
    return consultation


def commission_for(consultation: Consultation, role: Role, number: int | None) -> Commission | None:
    """Of a role that belongs to one."""
    if role not in COMMISSION_ROLES:
        return None
    if number is None:
        raise click.ClickException(f"The role {role.value} belongs to a commission: add --commission NUMBER.")
    return consultations.get_commission(consultation, number)


@users.command("reset-factors")
@click.argument("email")
@with_appcontext
def users_reset_factors(email: str) -> None:
    """Take away the second factor of somebody who lost it, and their recovery codes; an administrator does it in the browser."""
    with unit_of_work():
        user = accounts.reset_factors(SYSTEM, accounts.get_user_by_email(email))
    click.echo(f"{user.email}: signs in without a second factor until they set up another, and is told by mail")


@users.command("end-sessions")
@click.argument("email")
@with_appcontext
def users_end_sessions(email: str) -> None:
    """Sign somebody out everywhere; an administrator does it in the browser."""
    with unit_of_work():
        user = accounts.end_sessions_of(SYSTEM, accounts.get_user_by_email(email))
    click.echo(f"{user.email}: signed out everywhere")


@users.command("forgotten")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="Keep it beside the backups, outside of them.")
@with_appcontext
def users_forgotten(out: Path) -> None:
    """Write who was forgotten, by number: for after an older backup is restored. The list names nobody."""
    with reading():
        lines = [f"{number} {created_at.isoformat()}" for number, created_at in privacy.list_forgotten()]
    with files.replacing(out) as file:
        file.write("".join(f"{line}\n" for line in lines).encode())
    click.echo(f"{out}: {len(lines)} forgotten")


@users.command("forget-again")
@click.argument("path", type=click.Path(exists=True, path_type=Path, dir_okay=False))
@with_appcontext
def users_forget_again(path: Path) -> None:
    """After a restore, before anybody is let in: forget those of a list who are there again."""
    lines = [line.split() for line in path.read_text("utf-8").splitlines() if line.strip()]
    try:
        listed = [(int(number), datetime.fromisoformat(created_at)) for number, created_at in lines]
    except ValueError as error:
        raise click.ClickException(f"{path} is no list of “consult users forgotten”: {error}") from error
    again, refused = 0, []
    for number, created_at in listed:
        try:
            again += forget_again(number, created_at)
        except ConsultError as error:
            refused.append(f"account {number}: {error.message}")
    click.echo(f"{again} forgotten again, of {len(listed)}")
    if refused:
        raise click.ClickException("\n".join(("These are not forgotten; mend it, and run this again.", *refused)))


def forget_again(number: int, created_at: datetime) -> bool:
    """One person, in a unit of work of their own; whether they were there again."""
    with unit_of_work():
        hold_course()
        user = privacy.get_restored(number, created_at)
        if user is not None:
            privacy.forget(SYSTEM, user, cause=Cause.RESTORED)
        return user is not None
