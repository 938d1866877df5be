"""Where something about a person is held, and what becomes of it when they are forgotten: one table of all rooms, the point of this one.

By it a person reads what goes and what stays, downloads all of it, and is forgotten; the register of processing and the page on
retention are read out of it. A reference to a person that has no line here stops the tests of the house, which name it.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from consult.accounts.models import Passkey, ProviderIdentity, Registration, User, UserSession
from consult.adoption.models import AdoptionDecision, DecisionNotice, Submission, SubmissionRequest
from consult.chapters.models import OutdatedTranslation, Revision, WorkingDraft
from consult.consultations.models import Appointment, EarlyClosing, Extension, Invitation, StaffLetter, StaffNews
from consult.contributions.models import (
    Anchor,
    Attachment,
    Contribution,
    ContributionDraft,
    Declaration,
    DraftFile,
    DraftRemark,
    DraftWording,
    OfferedDraft,
    PositionEntry,
    PositionReceipt,
    Receipt,
    Reply,
    SuggestedAmendment,
    Support,
)
from consult.core.audit import AuditEvent
from consult.core.db import Base, session
from consult.core.i18n import N_, LabelledEnum
from consult.core.jobs import Job
from consult.core.mail import OutgoingMail
from consult.core.paging import in_batches
from consult.core.refused import KeptForm
from consult.exports.models import Export
from consult.forms.models import ReceivedForm, ReceivedRow
from consult.grouping.models import FoldChoice
from consult.moderation.models import Appeal, Flag, ModerationDecision, ModerationHint, Rephrasing, RephrasingAnswer, ReplyDecision
from consult.news.models import Follow, NewsChoice, NewsItem
from consult.organisations.models import Mandate, MemberInvitation, Membership
from consult.outreach.models import Stakeholder, StakeholderChapter, StakeholderLetter, StakeholderList, StakeholderRow
from consult.privacy.models import Erasure
from consult.reception.models import Batch, BroughtTable, Entry, EntryCheck
from consult.synthesis.models import ItemContribution, Point, Synthesis, SynthesisItem, SynthesisNotice, SynthesisReopening
from consult.text.addresses import MAX_TYPED, likeness, spelt

MAX_SPELLINGS = 20  # of one address in one form: nobody types more


class Fate(LabelledEnum):
    """What becomes of it when the person is forgotten."""

    GOES = "goes", N_("It goes")
    EMPTIED = "emptied", N_("It is emptied")
    STAYS = "stays", N_("It stays, and names nobody")


class Subject(LabelledEnum):
    """What of a person it is about."""

    ACCOUNT = "account", N_("Account: name, address, function, language, password, second factor, consent to be named")
    REGISTRATION = "registration", N_("What was typed to ask for the account")
    SESSIONS = "sessions", N_("Browsers that are signed in: name of the browser and of its system, when they were used")
    PASSKEYS = "passkeys", N_("Passkeys: their names, when they were made and used last")
    IDENTITIES = "identities", N_("By what number an OpenID provider knows the person, and when they signed in by it last")
    MEMBERSHIPS = "memberships", N_("Organisations to which the person belongs or belonged, with dates and what they said to be accepted")
    MANDATES = "mandates", N_("Mandates to sign for an organisation, with dates")
    ROLES = "roles", N_("Roles held in the consultation")
    INVITED = "invited", N_("That the person was asked for their opinion: organisation, address, its source, letters, what became of them")
    LETTERS = "letters", N_("Letters written to the person, and that they were told")
    FOLLOWS = "follows", N_("What the person follows, and which news they chose to be sent")
    DRAFTS = "drafts", N_("Texts and forms that were typed and not lodged")
    OFFERED = "offered", N_("Drafts offered to an organisation, what was written in them, and remarks on them")
    FAULTS = "faults", N_("Faults of background work that quote the address")
    CONTRIBUTIONS = "contributions", N_("Contributions, with their receipts and their places in the text")
    ELSEWHERE = "elsewhere", N_("What the person said elsewhere and was typed for them: name, how they can be reached, code of the stub")
    REPLIES = "replies", N_("Replies to contributions")
    SUPPORTS = "supports", N_("Supports given to contributions, and taken back")
    FLAGS = "flags", N_("What the person flagged to the moderators, with the words to them")
    ANSWERS = "answers", N_("What was decided on these contributions and replies")
    ACTS = "acts", N_("What the person decided or asked for in charge of the consultation")
    JOURNAL = "journal", N_("Events of the journal: number of the account, act and moment")
    ERASURES = "erasures", N_("That a person was forgotten: number of the account, moment and cause")


# Why each stays, and under which name.
REASONS = {
    Subject.ELSEWHERE: N_("That something was typed stays, with its number in its batch, so that the batch still balances."),
    Subject.ACCOUNT: N_("An account without name, address or any way in stays, so that what points to it still holds."),
    Subject.CONTRIBUTIONS: N_("They are a part of the public record on which the answers and the Council’s decision rest. They are shown "
                              "under “A participant”, or under the organisation for which they were lodged. What their words say is not "
                              "changed."),
    Subject.REPLIES: N_("They are a part of the public record, and are shown under “A participant”, or under the organisation for which "
                        "they were lodged. What their words say is not changed."),
    Subject.MANDATES: N_("What was signed for an organisation points to the mandate with which it was signed. The number of an account "
                         "that is emptied stays, and the mandate is over."),
    Subject.OFFERED: N_("They were given to the organisation, which works on them. Its members alone read them, under “A participant”, and "
                        "they go a year after they were changed last."),
    Subject.SUPPORTS: N_("They are counted, and who gave them is shown to nobody. The number of an account that is emptied stays."),
    Subject.FLAGS: N_("The moderators decided by them. They alone read them, and who flagged it is shown to nobody. The number of an "
                      "account that is emptied stays."),
    Subject.ANSWERS: N_("They are the commission’s answers, which everybody may check."),
    Subject.ACTS: N_("A decision of a public body stays with its reasons. It is shown under “A former member of the commission”."),
    Subject.JOURNAL: N_("The journal proves that nothing was changed unseen. It holds numbers and digests; the secret with which a name "
                        "could be tried against them is destroyed."),
    Subject.ERASURES: N_("It shows that the request was carried out, and has it carried out again when an older backup is restored."),
}


@dataclass(frozen=True)
class Holding:
    """Rows about a person: those of ``model`` whose ``column`` holds their number or address, or (``is_within``) a text with the address.

    The column of another model is reached by the one way that leads to it. What is ``is_within`` goes and is handed to nobody: whoever
    typed an address need not be its owner.
    """

    subject: Subject
    model: type[Base]
    column: InstrumentedAttribute[Any]
    fate: Fate
    is_within: bool = False

    @property
    def name(self) -> str:
        """Of its part in the file of one's own data."""
        own = f"{self.model.__tablename__}.{self.column.key}"
        return own if self.column.class_ is self.model else f"{own}.of_contribution"

    def is_of(self, user: User) -> sa.ColumnElement[bool]:
        if self.is_within:
            key = next(iter(self.model.__table__.primary_key.columns))
            return key.in_(self._with_address(user.email))
        return self.column == (user.email if self.column.key in ADDRESSES else user.id)

    def _with_address(self, address: str) -> list[int]:
        """Those that hold this whole address; the database finds those that may, where JSON writes other letters by their numbers too."""
        box = address.rpartition("@")[0]
        near = sa.or_(*(self.column.icontains(text, autoescape=True) for text in ((box,) if box.isascii() else (box, r"\u"))))
        holds = is_typed if self.column.class_ is KeptForm else is_quoted
        asked = sa.select(next(iter(self.model.__table__.primary_key.columns)), self.column).where(near)
        return [key for key, text in session.execute(asked) if holds(address, text)]

    def rows(self, user: User) -> sa.Select[Any]:
        chosen = sa.select(self.model) if self.column.class_ is self.model else sa.select(self.model).join(self.column.class_)
        return chosen.where(self.is_of(user)).order_by(*self.model.__table__.primary_key)

    def counted(self, user: User) -> sa.Select[Any]:
        """What another row leads to is counted row by row of that one: there are few of them, and PostgreSQL would read all of these."""
        owner = self.column.class_
        if owner is self.model:
            return sa.select(sa.func.count()).select_from(self.model).where(self.is_of(user))
        leads = next(key.parent for key in self.model.__table__.foreign_keys if key.column.table is owner.__table__)
        each = sa.select(sa.func.count()).where(leads == owner.id).correlate(owner).scalar_subquery()
        return sa.select(sa.func.coalesce(sa.func.sum(each), 0)).select_from(owner).where(self.is_of(user))


def is_typed(address: str, fields: str) -> bool:
    """Whether a field of a kept form is this address, however it was typed. Anybody may send such a form, and all who write wait
    meanwhile: what is like no spelling of it is not spelt.
    """
    sought = likeness(address)
    typed = {value for _name, value in json.loads(fields) if "@" in value and len(value) <= MAX_TYPED}
    return any(spelt(value) == address for value in islice((value for value in typed if likeness(value) == sought), MAX_SPELLINGS))


def is_quoted(address: str, text: str) -> bool:
    """Whether a text holds it, and not only as a part of another one."""
    return re.search(rf"(?<![\w.+-]){re.escape(address)}(?![\w-]|\.\w)", text, re.IGNORECASE) is not None


ADDRESSES = frozenset({"address", "recipient", "fields", "error"})  # columns that hold an address, or text


def _lines(subject: Subject, fate: Fate, *columns: InstrumentedAttribute[Any]) -> Iterator[Holding]:
    return (Holding(subject, cast(type[Base], column.class_), column, fate, column.key in ("fields", "error")) for column in columns)


HOLDINGS: tuple[Holding, ...] = (
    *_lines(Subject.ACCOUNT, Fate.EMPTIED, User.id),
    *_lines(Subject.ELSEWHERE, Fate.EMPTIED, User.person_id),
    Holding(Subject.ELSEWHERE, Entry, Contribution.author_id, Fate.EMPTIED),
    *_lines(Subject.REGISTRATION, Fate.GOES, Registration.user_id),
    *_lines(Subject.SESSIONS, Fate.GOES, UserSession.user_id),
    *_lines(Subject.PASSKEYS, Fate.GOES, Passkey.user_id),
    *_lines(Subject.IDENTITIES, Fate.GOES, ProviderIdentity.user_id),
    *_lines(Subject.MEMBERSHIPS, Fate.GOES, Membership.user_id),
    *_lines(Subject.MANDATES, Fate.STAYS, Mandate.user_id),
    *_lines(Subject.ROLES, Fate.GOES, Appointment.user_id),
    *_lines(Subject.LETTERS, Fate.GOES, OutgoingMail.recipient, Invitation.address, MemberInvitation.address, StaffLetter.user_id,
            StaffNews.user_id, NewsItem.user_id),
    *_lines(Subject.FOLLOWS, Fate.GOES, Follow.user_id, NewsChoice.user_id),
    *(Holding(Subject.INVITED, model, Stakeholder.address, Fate.GOES) for model in (StakeholderLetter, StakeholderChapter)),
    *_lines(Subject.INVITED, Fate.GOES, Stakeholder.address, StakeholderRow.address),
    Holding(Subject.DRAFTS, ReceivedRow, ReceivedForm.author_id, Fate.GOES),
    *_lines(Subject.DRAFTS, Fate.GOES, ReceivedForm.author_id, ContributionDraft.author_id, ContributionDraft.address, KeptForm.fields),
    Holding(Subject.DRAFTS, DraftFile, ContributionDraft.author_id, Fate.GOES),
    Holding(Subject.OFFERED, DraftFile, OfferedDraft.author_id, Fate.STAYS),
    *_lines(Subject.OFFERED, Fate.STAYS, OfferedDraft.author_id, DraftWording.author_id, DraftRemark.author_id),
    *_lines(Subject.FAULTS, Fate.EMPTIED, Job.error),
    *_lines(Subject.CONTRIBUTIONS, Fate.STAYS, Contribution.author_id, PositionReceipt.author_id),
    *(Holding(Subject.CONTRIBUTIONS, model, Contribution.author_id, Fate.STAYS)
      for model in (SuggestedAmendment, Attachment, Receipt, Declaration, Anchor, PositionEntry)),
    *_lines(Subject.REPLIES, Fate.STAYS, Reply.author_id),
    *_lines(Subject.FLAGS, Fate.STAYS, Flag.flagged_by_id),
    *_lines(Subject.SUPPORTS, Fate.STAYS, Support.supporter_id),
    *(Holding(Subject.ANSWERS, model, Contribution.author_id, Fate.STAYS)
      for model in (ModerationDecision, FoldChoice, Point, ItemContribution, Appeal, Rephrasing, RephrasingAnswer)),
    *(Holding(Subject.ANSWERS, model, Reply.author_id, Fate.STAYS) for model in (ReplyDecision, Appeal, Rephrasing, RephrasingAnswer)),
    *_lines(Subject.ANSWERS, Fate.STAYS, SynthesisNotice.author_id, DecisionNotice.author_id),
    *_lines(Subject.ACTS, Fate.STAYS, Invitation.invited_by_id, MemberInvitation.invited_by_id, Extension.decided_by_id,
            EarlyClosing.decided_by_id,
            Revision.published_by_id, WorkingDraft.edited_by_id, OutdatedTranslation.confirmed_by_id, Anchor.decided_by_id,
            ModerationDecision.moderator_id, ReplyDecision.moderator_id,
            ModerationHint.dismissed_by_id, Synthesis.validated_by_id, SynthesisItem.edited_by_id,
            SynthesisReopening.reopened_by_id, StakeholderList.imported_by_id, Export.requested_by_id,
            SubmissionRequest.requested_by_id, Submission.submitted_by_id,
            AdoptionDecision.recorded_by_id, Batch.registered_by_id, BroughtTable.brought_by_id,
            Entry.typed_by_id, EntryCheck.checked_by_id, Erasure.decided_by_id, FoldChoice.chosen_by_id, Point.made_by_id),
    *_lines(Subject.JOURNAL, Fate.STAYS, AuditEvent.actor_id),
    *_lines(Subject.ERASURES, Fate.STAYS, Erasure.user_id),
)


@dataclass(frozen=True)
class Held:
    """How much of one subject is held on a person, as far as it is counted."""

    subject: Subject
    fate: Fate
    count: int

    @property
    def reason(self) -> str:
        return REASONS.get(self.subject, "")


def summary_of(user: User) -> list[Held]:
    """What there is on a person, subject by subject, in one question; texts in which an address may stand are not read through for it."""
    counted = [holding for holding in HOLDINGS if not holding.is_within]
    counts = session.execute(sa.select(*(holding.counted(user).scalar_subquery() for holding in counted))).one()
    found: dict[Subject, Held] = {}
    for holding, count in zip(counted, counts, strict=True):
        before = found.get(holding.subject, Held(holding.subject, holding.fate, 0)).count
        found[holding.subject] = Held(holding.subject, holding.fate, before + count)
    return [held for held in found.values() if held.count]


def rows_of(user: User) -> Iterator[tuple[Holding, Iterator[Any]]]:
    """Every row on a person, table by table, as it is read; what a commission prepares is nobody's to read before it is published."""
    published = ItemContribution.item.has(SynthesisItem.synthesis.has(Synthesis.is_public))
    split = sa.exists().where(ItemContribution.point_id == Point.id, published)
    shown_by = {ItemContribution: published, Point: split}
    for holding in (one for one in HOLDINGS if not one.is_within):
        is_prepared = holding.subject == Subject.ANSWERS and holding.model in shown_by
        chosen = holding.rows(user).where(shown_by[holding.model]) if is_prepared else holding.rows(user)
        yield holding, in_batches(chosen, *holding.model.__table__.primary_key)
