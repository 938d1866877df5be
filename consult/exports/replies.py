"""Replies as a table of open data: those that everybody reads, in the order of the text, apart from the contributions and their numbers."""

from collections.abc import Iterator

import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.contributions.models import Contribution, Reply
from consult.core.db import session
from consult.core.i18n import N_
from consult.exports.matrix import BATCH, name_in
from consult.exports.tables import moment
from consult.organisations.models import Organisation

# Lasting name, and what it means.
COLUMNS = (
    ("ref", N_("Reference")), ("contribution", N_("Reference of the contribution")), ("chapter", N_("Chapter")),
    ("organisation", N_("Organisation")), ("author", N_("Author who agreed to be named")), ("language", N_("Language")),
    ("body", N_("The reply")), ("submitted", N_("Submitted at (Morocco time)")),
)


def lines(consultation: Consultation, language: str) -> Iterator[list]:
    """The columns' names, then one line for each reply."""
    yield [name for name, _heading in COLUMNS]
    name = name_in(Organisation, language)
    person = sa.func.coalesce(User.name_ar, User.name) if language == "ar" else User.name
    wanted = (
        sa.select(Reply.ref, Contribution.ref, Chapter.number, sa.func.coalesce(name, ""), sa.case((User.is_name_public, person), else_=""),
                  Reply.language, Reply.body, Reply.submitted_at)
        .join(Contribution, Contribution.id == Reply.contribution_id).join(Chapter, Chapter.id == Reply.chapter_id)
        .join(User, User.id == Reply.author_id).outerjoin(Organisation, Organisation.id == Reply.organisation_id)
        .where(Chapter.consultation_id == consultation.id, Reply.is_public).order_by(Chapter.number, Reply.contribution_id, Reply.number)
    )
    for *cells, submitted_at in session.execute(wanted.execution_options(yield_per=BATCH)):
        yield [*cells, moment(submitted_at)]
