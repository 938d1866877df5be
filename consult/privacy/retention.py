"""How long what is about people is kept, and why: one table, by which the worker deletes, and which the public reads.

Each model of the house stands in it, with its period or with the reason why nothing in it is about a person; the tests of the house name
one that does not. It says nothing that is not done: where nothing here ends it, ``ended_by`` says who does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from consult.accounts.models import SESSION_LASTS, Passkey, ProviderIdentity, Registration, User, UserSession
from consult.adoption.models import AdoptionDecision, DecisionNotice, Submission, SubmissionArchive, SubmissionFailure, SubmissionRequest
from consult.chapters.models import Alignment, Block, Chapter, OutdatedTranslation, Revision, TwinLexicon, WorkingDraft
from consult.consultations.models import (
    Appointment,
    Commission,
    Consultation,
    EarlyClosing,
    Extension,
    Invitation,
    Round,
    StaffLetter,
    StaffNews,
)
from consult.contributions.models import (
    KEPT_FOR_NOBODY,
    Anchor,
    Anchoring,
    AnchorTally,
    Attachment,
    AttachmentWords,
    ChapterTally,
    Contribution,
    ContributionDraft,
    ContributionWord,
    Declaration,
    DraftFile,
    DraftRemark,
    DraftWording,
    OfferedDraft,
    OrganisationTally,
    PositionEntry,
    PositionReceipt,
    PositionTally,
    ProvisionTally,
    ReactionTally,
    Receipt,
    Reply,
    ReplyTally,
    RespondentCount,
    RespondentTally,
    SuggestedAmendment,
    Support,
)
from consult.core.attempts import LONGEST, AttemptCount
from consult.core.audit import AuditEvent, AuditSeal, Checkpoint
from consult.core.beats import Beat
from consult.core.db import Base, session
from consult.core.errors import Conflict
from consult.core.i18n import N_, gettext, ngettext, utcnow
from consult.core.jobs import Job, JobState, later, name_of
from consult.core.locks import list_locked
from consult.core.mail import OutgoingMail
from consult.core.permissions import SYSTEM
from consult.core.refused import KEPT_FOR, KeptForm
from consult.core.taking_over import RecordLayout
from consult.exports import service as exports
from consult.exports.models import Export
from consult.forms import service as received_forms
from consult.forms.models import ReceivedForm, ReceivedRow
from consult.grouping.models import Fold, FoldChoice, FoldLink, FoldMember, FoldRun
from consult.journal.models import CheckpointStamp
from consult.moderation.models import (
    Appeal,
    Flag,
    ModerationDecision,
    ModerationHint,
    ModerationNotice,
    Redaction,
    Rephrasing,
    RephrasingAnswer,
    ReplyDecision,
)
from consult.news.models import ClosingNotice, Follow, NewsChoice, NewsItem
from consult.organisations.models import Mandate, MemberInvitation, Membership, Organisation, OrganisationWord
from consult.outreach import service as outreach
from consult.outreach.models import AddressMark, Stakeholder, StakeholderChapter, StakeholderLetter, StakeholderList, StakeholderRow
from consult.privacy import service
from consult.privacy.jobs import DORMANT, IN_CHARGE, is_idle, tell_idle
from consult.privacy.models import Cause, Erasure
from consult.reception import service as reception
from consult.reception.models import Batch, BroughtTable, Entry, EntryCheck
from consult.search.models import SearchKey, SearchPosting, SearchWord
from consult.synthesis.models import (
    BlockChange,
    FoldTally,
    ItemContribution,
    ItemTally,
    Point,
    Synthesis,
    SynthesisItem,
    SynthesisNotice,
    SynthesisReopening,
)

AT_ONCE = 200
UNCONFIRMED, WARNED = timedelta(days=7), timedelta(days=60)
INVITED = timedelta(days=30)
BROUGHT, SILENT = timedelta(days=30), timedelta(days=90)
LETTERS, WORK, FILES, TOLD = timedelta(days=30), timedelta(days=30), timedelta(days=90), timedelta(days=365)
OFFERED, CONTACTS = timedelta(days=365), timedelta(days=365)
BROUGHT_FORMS = timedelta(days=180)


@dataclass(frozen=True)
class Period:
    """What is kept, how long, and why; ``lasts`` is None where it is the public record, or where somebody else ends it."""

    data: str
    lasts: timedelta | None
    why: str
    models: tuple[type[Base], ...] = ()
    ends: Callable[[], int] | None = None  # deletes what is over, some of it at once; how much
    ended_by: str = ""  # where nothing here ends it: the function that does, or in words who does

    @property
    def term(self) -> str:
        if self.lasts is None:
            return gettext(self.ended_by)
        days = self.lasts.days
        if days == 0:
            minutes = self.lasts.seconds // 60
            return ngettext("%(num)s minute", "%(num)s minutes", minutes)
        if days % 365 == 0:
            return ngettext("%(num)s year", "%(num)s years", days // 365)
        return ngettext("%(num)s day", "%(num)s days", days)


# What ends by itself; each takes away so many at once that nobody has to wait for it


def end_unconfirmed() -> int:
    """Counted from the last time that the account was asked for; not while a letter is there by whose link it may be confirmed."""
    asked = sa.select(sa.func.max(Registration.created_at)).where(Registration.user_id == User.id).scalar_subquery()
    may_confirm = sa.exists().where(OutgoingMail.recipient == User.email, OutgoingMail.expires_at > utcnow())
    return _forget(sa.and_(
        User.confirmed_at.is_(None), User.forgotten_at.is_(None), ~User.is_entered, User.created_at < utcnow() - UNCONFIRMED,
        sa.func.coalesce(asked, User.created_at) < utcnow() - UNCONFIRMED, ~may_confirm, ~IN_CHARGE), Cause.UNCONFIRMED)


def end_dormant() -> int:
    """Two steps: a letter first, and those who do not sign in after it are forgotten."""
    is_on_its_way = Job.state.in_(JobState.where(is_under_way=True))
    promised = sa.exists().where(Job.name == name_of(tell_idle), Job.subject_id == User.id, is_on_its_way)
    untold = session.scalars(sa.select(User).where(is_idle(), User.warned_at.is_(None), ~promised).order_by(User.id).limit(AT_ONCE)).all()
    for user in untold:
        later(tell_idle, user)
    return len(untold) + _forget(sa.and_(is_idle(), User.warned_at < utcnow() - WARNED), Cause.DORMANT)


def _forget(which: sa.ColumnElement[bool], cause: Cause) -> int:
    """The first of them, in this unit of work; whoever confirms or signs in meanwhile stays."""
    user = session.scalar(sa.select(User).where(which).order_by(User.id).limit(1))
    if user is None:
        return 0
    try:
        service.forget(SYSTEM, user, cause=cause, while_=which)
    except Conflict:
        return 0
    return 1


def end_letters() -> int:
    """The oldest first, which are those written first: the table is not read any further."""
    oldest = session.execute(sa.select(OutgoingMail.id, OutgoingMail.created_at).order_by(OutgoingMail.id).limit(AT_ONCE))
    return _delete(OutgoingMail, [id_ for id_, created_at in oldest if created_at < utcnow() - LETTERS])


def end_work() -> int:
    under_way = JobState.where(is_under_way=True)
    oldest = session.execute(sa.select(Job.id, Job.queued_at, Job.state).order_by(Job.id).limit(AT_ONCE))
    return _delete(Job, [id_ for id_, queued_at, state in oldest if queued_at < utcnow() - WORK and state not in under_way])


def end_files() -> int:
    return exports.take_back_files(Export.ready_at < utcnow() - FILES) + exports.drop_nameless_files()


def end_invitations() -> int:
    return sum(_delete(kind, list(session.scalars(
        sa.select(kind.id).where(kind.expires_at < utcnow() - INVITED).order_by(kind.expires_at).limit(AT_ONCE))))
        for kind in (Invitation, MemberInvitation))


def end_rows() -> int:
    return outreach.let_go_of_rows(utcnow() - BROUGHT, AT_ONCE)


def end_silent() -> int:
    return outreach.let_go_of_silent(utcnow() - SILENT, AT_ONCE)


def end_received_forms() -> int:
    return received_forms.let_go(utcnow() - BROUGHT_FORMS, AT_ONCE)


def end_told() -> int:
    since = utcnow() - TOLD
    return sum(_delete(model, list(session.scalars(sa.select(model.id).where(column < since).order_by(model.id).limit(AT_ONCE))))
               for model, column in ((StaffLetter, StaffLetter.written_at), (StaffNews, StaffNews.told_at)))


def end_offered() -> int:
    """With all their wordings and remarks."""
    over = OfferedDraft.changed_at < utcnow() - OFFERED
    keys = [draft.id for draft in list_locked(OfferedDraft, OfferedDraft.id.in_(
        sa.select(OfferedDraft.id).where(over).order_by(OfferedDraft.changed_at).limit(AT_ONCE)), over)]
    for model in (DraftRemark, DraftWording):
        session.execute(sa.delete(model).where(model.offered_draft_id.in_(keys)).execution_options(synchronize_session=False))
    return _delete(OfferedDraft, keys)


def end_news() -> int:
    over = sa.select(NewsItem.id).where(NewsItem.happened_at < utcnow() - TOLD).order_by(NewsItem.happened_at).limit(AT_ONCE)
    return _delete(NewsItem, list(session.scalars(over)))


def end_contacts() -> int:
    return reception.let_go_of_contacts(utcnow() - CONTACTS, AT_ONCE)


def end_tables() -> int:
    return reception.let_go_of_tables(utcnow() - BROUGHT, AT_ONCE)


def _delete(model: type[Base], keys: list[int]) -> int:
    if keys:
        session.execute(sa.delete(model).where(model.id.in_(keys)).execution_options(synchronize_session=False))
    return len(keys)


RECORD = N_("As long as the public record: with the dossier of the Council, then in the archives of the State")
WITH_ACCOUNT = N_("As long as the account; it goes when the person is forgotten")
BY_OPERATOR = N_("30 days at most, by whoever runs the platform")

PERIODS: tuple[Period, ...] = (
    Period(
        N_("Accounts whose address nobody confirmed"), UNCONFIRMED,
        N_("Anybody may type anybody’s address: what nobody confirms is erased."), (Registration,), end_unconfirmed),
    Period(
        N_("Accounts that nobody uses any more, since the last time somebody signed in"), DORMANT,
        N_("As long as what became of a contribution may still be followed. A letter is sent first, and sixty days are left to sign in."),
        (User,), end_dormant),
    Period(
        N_("Organisations for which one speaks, and roles"), None,
        N_("To know on whose behalf a contribution is lodged, and who may decide."), (Membership, Appointment), ended_by=WITH_ACCOUNT),
    Period(
        N_("Invitations to take charge of something or to belong to an organisation, by their address, since their end"), INVITED,
        N_("To see who was invited and whether they answered. Whoever never did is let go."), (Invitation, MemberInvitation),
        end_invitations),
    Period(
        N_("Rows of lists of stakeholders, since the list was brought"), BROUGHT,
        N_("To look at what was understood before anybody is written to."), (StakeholderRow,), end_rows),
    Period(
        N_("Addresses of stakeholders who were asked and made no account, with the letters to them, since the closing"), SILENT,
        N_("To know who was asked and who stayed silent. Of those who answered it goes with their account."),
        (Stakeholder, StakeholderLetter, StakeholderChapter), end_silent),
    Period(
        N_("Digests of addresses that want no letters, or how many they got"), None,
        N_("So that a refusal is respected when the address comes again in another list, and nobody gets more than three letters."),
        (AddressMark,), ended_by=RECORD),
    Period(
        N_("That a list of stakeholders was brought: name and digest of its file, source of its addresses"), None,
        N_("To show where the addresses came from."), (StakeholderList,), ended_by=RECORD),
    Period(
        N_("Passkeys"), None, N_("To sign in with a second factor; their owner removes them."), (Passkey,), ended_by=WITH_ACCOUNT),
    Period(
        N_("Numbers by which an OpenID provider knows people"), None,
        N_("To sign in by it; their owner takes them away."), (ProviderIdentity,), ended_by=WITH_ACCOUNT),
    Period(
        N_("Browsers that are signed in"), SESSION_LASTS,
        N_("No longer than they open anything; three days where the browser is not to be remembered and is not used."), (UserSession,),
        ended_by="accounts.jobs.forget_sessions"),
    Period(
        N_("Attempts to sign in, by a digest of the network address and of the account"), LONGEST,
        N_("To slow down whoever guesses passwords. The addresses themselves are not written down."), (AttemptCount,),
        ended_by="core.attempts.SharedStorage.incr"),
    Period(
        N_("Texts kept before their author signed in, with a digest of the network address"), KEPT_FOR_NOBODY,
        N_("So that a lost session loses no word. Those of an account are kept until they are lodged, thrown away, or the account goes."),
        (ContributionDraft, DraftFile), ended_by="contributions.jobs.drop_forgotten_drafts"),
    Period(
        N_("Drafts offered to an organisation, their versions and the remarks on them, since they were changed or lodged last"), OFFERED,
        N_("So that an organisation can say how its position came about. Its members alone read them."),
        (OfferedDraft, DraftWording, DraftRemark), end_offered),
    Period(
        N_("Comment forms that were uploaded, with their rows, since they came"), BROUGHT_FORMS,
        N_("To be looked at by their author and become drafts; the file is kept as it came."), (ReceivedForm, ReceivedRow),
        end_received_forms),
    Period(
        N_("How the authors of what was typed for them can be reached, since it was typed"), CONTACTS,
        N_("To ask them what cannot be read, and to answer them. Their name stays with what they said, as that of any author."), (Entry,),
        end_contacts),
    Period(
        N_("Tables of what was said elsewhere, with their rows, since they were brought"), BROUGHT,
        N_("To enter their rows, and to see which were refused and why. What was entered stays."), (BroughtTable,), end_tables),
    Period(
        N_("Forms sent without being signed in, with a digest of the network address"), KEPT_FOR,
        N_("To be sent again after signing in."), (KeptForm,), ended_by="core.refused.drop_forgotten_forms"),
    Period(N_("Letters, sent or not"), LETTERS, N_("To find out why somebody got none."), (OutgoingMail,), end_letters),
    Period(N_("Background work, with its faults"), WORK, N_("To find out what went wrong."), (Job,), end_work),
    Period(
        N_("Files made on request for those in charge"), FILES,
        N_("They can be made again; when somebody is forgotten, or is no longer to be named, they go at once."), (Export,), end_files),
    Period(
        N_("That those in charge were told something by letter"), TOLD, N_("So that nobody is told twice."), (StaffLetter, StaffNews),
        end_told),
    Period(
        N_("What is to be told, or was, in letters of news"), TOLD, N_("So that nobody is told twice."), (NewsItem,), end_news),
    Period(
        N_("What somebody follows, and which news they chose to be sent"), None, N_("To write to them as they chose; they change it."),
        (Follow, NewsChoice), ended_by=WITH_ACCOUNT),
    Period(
        N_("Contributions, receipts, mandates with which they were signed, supports, replies, decisions and answers"), None,
        N_("They are the basis of the answers and of the Council’s decision, which everybody may check. Without the person’s name once "
           "they are forgotten."),
        (Contribution, Batch, EntryCheck, SuggestedAmendment, Attachment,
         Receipt, PositionReceipt, PositionEntry, Anchor, ModerationDecision, ModerationNotice,
         ModerationHint, Appeal, Flag, Rephrasing, RephrasingAnswer,
         FoldChoice, Point, ItemContribution, SynthesisNotice, DecisionNotice,
         Extension, EarlyClosing, Revision, WorkingDraft, OutdatedTranslation, Synthesis, SynthesisItem, SynthesisReopening,
         SubmissionRequest, Submission, AdoptionDecision, RespondentTally, Support, Reply, ReplyDecision, Redaction, Mandate, Declaration),
        ended_by=RECORD),
    Period(
        N_("The journal"), None, N_("It proves that nothing was changed unseen; it holds numbers and digests, no names."),
        (AuditEvent, AuditSeal, Checkpoint, CheckpointStamp), ended_by=RECORD),
    Period(
        N_("That somebody was forgotten"), None,
        N_("To show that it was done, and to do it again when an older backup is restored."), (Erasure,), ended_by=RECORD),
    Period(
        N_("Technical logs of the server, with network addresses where it notes them"), None, N_("To find out about faults and attacks."),
        ended_by=BY_OPERATOR),
    Period(
        N_("Backups"), None,
        N_("To restore the platform after a loss. Who was forgotten since is forgotten again when one is restored."), ended_by=BY_OPERATOR),
)

# The models that hold nothing about a person, and why.
ABOUT_NOBODY: dict[type[Base], str] = {
    Organisation: "bodies, which are no persons", OrganisationWord: "words of their names",
    Consultation: "the exercise itself", Round: "dates", ClosingNotice: "dates", Commission: "bodies of the Council",
    Chapter: "the text", Block: "the text", Alignment: "the text", BlockChange: "wordings of the commission",
    SubmissionArchive: "digests of a file", SubmissionFailure: "faults of our own programme", Anchoring: "how far a job is",
    AnchorTally: "counts", ChapterTally: "counts", ProvisionTally: "counts", ItemTally: "counts", RespondentCount: "counts",
    PositionTally: "counts", OrganisationTally: "counts", ReactionTally: "counts", ReplyTally: "counts",
    AttachmentWords: "words of a file that was lodged, by which it is found; the file has its period",
    ContributionWord: "words that stand in what was published, without their order", FoldRun: "the same as digests",
    Fold: "numbers of folds", FoldMember: "which contributions are alike", FoldLink: "the same", FoldTally: "counts",
    TwinLexicon: "words of the text",
    SearchPosting: "words that stand in what everybody reads, without their order; gone with it",
    SearchWord: "words of what everybody reads", SearchKey: "words of what everybody reads",
    Beat: "parts of the clock", RecordLayout: "names of tables",
}
