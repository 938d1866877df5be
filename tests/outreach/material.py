"""Lists of stakeholders, and the work of the clock and the workers on them."""

import io
from typing import Any

import openpyxl
import sqlalchemy as sa

from consult.accounts.service import token_hash
from consult.core import jobs as core_jobs
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.mail import OutgoingMail
from consult.organisations.models import Category
from consult.outreach import clock, jobs, service
from consult.outreach.models import LetterLanguage, Stakeholder, StakeholderLetter, StakeholderList, StakeholderState
from consult.outreach.reading import read_list
from tests import factories

HEADINGS = ("Organisation", "Catégorie", "E-mail", "Langue", "Chapitres", "Secteur", "Région", "Contact")


def csv_of(*rows: tuple[str, ...], headings: tuple[str, ...] = HEADINGS, separator: str = ";") -> bytes:
    return "\r\n".join(separator.join(row) for row in (headings, *rows)).encode()


def book_of(fill: Any) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    fill(book.active)
    book.save(out)
    return out.getvalue()


def bring(actor, consultation, data: bytes, name: str = "liste.csv", source: str = "Annuaire de la fédération") -> StakeholderList:
    """Read without a process of its own, and gone through."""
    brought = service.import_list(actor, consultation, read=read_list(data, name), data=data, file_name=name, source=source)
    go_through(brought)
    return brought


def go_through(brought: StakeholderList) -> list[int]:
    heard: list[int] = []
    session.commit()
    jobs.go_through(brought.id, heard.append)
    session.expire_all()
    return heard


def a_list(consultation, **over: Any) -> StakeholderList:
    values = {"file_name": "liste.csv", "digest": "a" * 64, "source": "Annuaire", "columns": [], "rows_count": 1, "state": "read"}
    return factories.saved(StakeholderList(consultation=consultation, **{**values, **over}))


def a_stakeholder(consultation, **over: Any) -> Stakeholder:
    n = next(factories.counter)
    values = {
        "list": over.get("list") or a_list(consultation), "organisation": f"Coopérative {n}", "category": Category.COMPANY,
        "address": f"stakeholder-{n}@example.org", "language": LetterLanguage.FR, "state": StakeholderState.LISTED,
    }
    return factories.saved(Stakeholder(consultation=consultation, **{**values, **over}))


def a_letter_to(consultation, key: str = "a-key", **over: Any) -> StakeholderLetter:
    """One that left."""
    person = a_stakeholder(consultation, **{"state": StakeholderState.SENT, "promised": 1, "promised_at": utcnow(), **over})
    return factories.saved(StakeholderLetter(stakeholder=person, kind="invitation", token_hash=token_hash(key), written_at=utcnow(),
                                             outcome="sent"))


def tick(seconds: int = 1) -> None:
    """What the clock and the workers do in so many seconds, in which a minute may pass elsewhere."""
    for _second in range(seconds):
        session.commit()
        clock.promise_letters()
        session.commit()
        core_jobs.run_pending()
        clock.note_outcomes()
        session.commit()
        session.expire_all()


def letters_to(address: str) -> list[OutgoingMail]:
    return list(session.scalars(sa.select(OutgoingMail).where(OutgoingMail.recipient == address).order_by(OutgoingMail.id)))
