"""``consult stakeholders …``: bringing a list and seeing who is asked, with the same checks as the pages have."""

import hashlib
from pathlib import Path

import click
from flask.cli import with_appcontext

from consult.consultations import service as consultations
from consult.consultations.models import Consultation
from consult.core.db import reading, reading_first, session, unit_of_work
from consult.core.paging import each_row
from consult.core.permissions import SYSTEM
from consult.outreach import jobs, service
from consult.outreach.models import RowState, StakeholderList, StakeholderState
from consult.outreach.service import StakeholderFilter


@click.group()
def stakeholders() -> None:
    """Those who are asked for their opinion."""


@stakeholders.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="Where the addresses come from, as each letter tells it (law 09-08, article 5).")
@click.option("--keep", is_flag=True, help="Keep the rows that are understood; nobody is written to before the secretariat sends.")
@with_appcontext
def stakeholders_import(file: Path, source: str, keep: bool) -> None:
    """Read a list (.csv, .xlsx), and print what was understood and what is doubtful."""
    data = file.read_bytes()
    with reading_first():
        consultation = present_consultation()
        read = service.get_read_list(SYSTEM, consultation, data, file.name)
        brought = service.import_list(SYSTEM, consultation, read=read, data=data, file_name=file.name, source=source)
    click.echo(f"{file.name}: SHA-256 {hashlib.sha256(data).hexdigest()}")
    for heading, name in read.columns:
        click.echo(f"  {heading} → {name or 'left out'}")
    jobs.go_through(brought.id, lambda _percent: None)
    tell(brought.id)
    if keep:
        with unit_of_work():
            service.take(SYSTEM, session.get_one(StakeholderList, brought.id))
        jobs.go_through(brought.id, lambda _percent: None)
        click.echo(f"{counted(brought.id)[RowState.TAKEN]} kept; the secretariat sends the invitations from the page “Stakeholders”.")


def tell(list_id: int) -> None:
    """Each doubtful row, and how many there are of each kind."""
    for row in each_row(lambda after: service.list_rows(SYSTEM, session.get_one(StakeholderList, list_id), RowState.DOUBTFUL, after=after)):
        said = " ".join(doubt.msgid for doubt in row.found_doubts)
        click.echo(f"  line {row.number}: {row.typed.get('organisation', '')} <{row.typed.get('address', '')}>: {said}")
    counts = counted(list_id)
    click.echo(f"{sum(counts.values())} rows: " + ", ".join(f"{number} {state.value}" for state, number in counts.items() if number))


def counted(list_id: int) -> dict[RowState, int]:
    with reading():
        return service.count_rows(SYSTEM, session.get_one(StakeholderList, list_id))


@stakeholders.command("list")
@click.option("--state", type=click.Choice([state.value for state in StakeholderState]), help="Only those in this state.")
@with_appcontext
def stakeholders_list(state: str | None) -> None:
    """Print who is asked, and how far they have come."""
    chosen = StakeholderFilter(state=StakeholderState(state) if state else None)
    for one in each_row(lambda after: service.list_stakeholders(SYSTEM, present_consultation(), chosen, after=after)):
        click.echo(f"{one.address}\t{one.organisation}\t{one.category.value}\t{one.language.value}\t{one.state.value}")
    with reading():
        counts = service.count_by_state(SYSTEM, present_consultation(), chosen)
    click.echo("In all: " + (", ".join(f"{number} {one.value}" for one, number in counts.items() if number) or "nobody"))


def present_consultation() -> Consultation:
    consultation = consultations.get_current()
    if consultation is None:
        raise click.ClickException("There is no consultation yet: make one with “consult consultations add”.")
    return consultation
