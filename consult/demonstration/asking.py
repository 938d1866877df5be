"""Of the demonstration, whom the secretariat asks and what became of it; and what members of an organisation prepare inside it."""

import csv
import io
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from consult.chapters import service as chapters
from consult.consultations.models import Role
from consult.contributions import service as contributions
from consult.core import mail
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.mail import OutgoingMail
from consult.core.permissions import VISITOR
from consult.outreach import clock, service
from consult.outreach import jobs as outreach_jobs
from consult.outreach.models import LetterKind, Stakeholder, StakeholderState
from consult.outreach.reading import read_list
from consult.outreach.service import StakeholderFilter

if TYPE_CHECKING:
    from consult.demonstration import Story

HEADINGS = ("Organisation", "Catégorie", "E-mail", "Langue", "Chapitres", "Secteur", "Région", "Contact")


def plan(story: "Story", told: dict[str, Any]) -> None:
    """The acts of each row, on its day."""
    def on(day: int, name: str, act: Any, hours: float) -> None:
        story.acts.append((story.opens_at + timedelta(days=day - 1, hours=hours), f"y-{name}", act))

    for place, row in enumerate(told["lists"]):
        on(row["day"], f"list-{place}", partial(bring, story, row), 1)
    on(told["letters"]["day"], "letters", partial(write, story), 2)
    on(told["letters"]["answered_on"], "answers", partial(answer, story, told["letters"]), 3)
    for row in told["offered"]:
        on(row["day"], f"offer-{row['id']}", partial(offer, story, row), 9)
        on(row["day"], f"offer-{row['id']}-then", partial(discuss, story, row), 10)


def secretary(story: "Story") -> Any:
    return story.staff[(Role.SECRETARIAT, None)]


# Those who are asked


def bring(story: "Story", row: dict) -> None:
    """A file as the secretariat has it, gone through; the clear rows of one that is ``kept`` join the stakeholders."""
    data = file_of(story, row["rows"])
    brought = service.import_list(
        secretary(story), story.consultation, read=read_list(data, row["file"]), data=data, file_name=row["file"], source=row["source"])
    outreach_jobs.go_through_at_once(brought)
    if row["kept"]:
        service.take(secretary(story), brought)
        outreach_jobs.go_through_at_once(brought)


def file_of(story: "Story", rows: list[dict]) -> bytes:
    """As a spreadsheet writes it; each organisation by the name under which the demonstration lists it."""
    out = io.StringIO()
    table = csv.writer(out, delimiter=";")
    table.writerow(HEADINGS)
    for row in rows:
        body = story.organisations[row["organisation"]]
        category, sector, region = (getattr(body, name).value for name in ("category", "sector", "region"))
        table.writerow((body.name_fr, row.get("category", category), row["address"], row["language"], row.get("chapters", ""),
                        row.get("sector", sector), region, row.get("contact", "")))
    return out.getvalue().encode()


def write(story: "Story") -> None:
    """All of them are invited; the letters leave at once, to nobody."""
    service.send(secretary(story), story.consultation, chosen=StakeholderFilter())
    waiting = sa.select(Stakeholder).where(Stakeholder.state == StakeholderState.QUEUED).order_by(Stakeholder.id)
    for person in session.scalars(waiting).all():
        letter = clock.promise(person, LetterKind.INVITATION)
        mail.post_current(outreach_jobs.INVITING, letter.id, outreach_jobs.INVITING.word(letter.id))
    session.execute(sa.update(OutgoingMail).where(
        OutgoingMail.kind == outreach_jobs.INVITING.name, OutgoingMail.sent_at.is_(None)).values(sent_at=utcnow()))
    clock.note_outcomes()
    session.expire_all()


def answer(story: "Story", row: dict) -> None:
    """Some opened the page of their letter, one wants no more letters, one letter came back."""
    people = {one.address: one for one in session.scalars(sa.select(Stakeholder))}
    for act, addresses in ((service.open, row["opened"]), (service.refuse, row["refused"])):
        for address in addresses:
            act(VISITOR, service.list_letters(secretary(story), people[address])[-1])
    for address in row["returned"]:
        service.note_returned(secretary(story), people[address])
    clock.note_progress()


# Drafts inside an organisation


def offer(story: "Story", row: dict) -> None:
    author = story.users[row["by"]]
    block = chapters.get_block(chapters.get_chapter(story.consultation, row["chapter"]), row["block"], row["language"])
    row["offered"] = contributions.offer(author, block, form_key=f"demonstration-{row['id']}", fields={
        "body": row["body"], "kind": "recommendation", "position": row["position"], "comment_type": "technical",
        "justification": row.get("justification", "")})


def discuss(story: "Story", row: dict) -> None:
    """What is said of it, then what a representative decides."""
    offered = row["offered"]
    for place, remark in enumerate(row.get("thread", ())):
        contributions.remark_on_offered(
            story.users[remark["by"]], offered, form_key=f"demonstration-{row['id']}-{place}", body=remark["body"])
    decided = row.get("decided", {})
    if words := decided.get("returned"):
        contributions.return_offered(story.users[decided["by"]], offered, words=words)
    elif decided:
        contributions.accept_offered(story.users[decided["by"]], offered)
