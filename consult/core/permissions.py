"""Who may do what, when: the whole policy on one page. ``@command`` asks by itself, queries say ``require``, templates ``can``."""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from consult.core.errors import NotAllowed
from consult.core.i18n import _


class Actor(Protocol):
    """Whoever acts: a user, a visitor without account, or the system itself (command line, clock)."""

    @property
    def id(self) -> int | None: ...

    @property
    def name(self) -> str: ...

    @property
    def is_authenticated(self) -> bool: ...

    @property
    def is_system(self) -> bool: ...

    @property
    def organisation_id(self) -> int | None: ...

    @property
    def organisation(self) -> Any | None: ...

    def holds(self, role: str, commission_id: int | None = None) -> bool: ...


@dataclass(frozen=True)
class Unnamed:
    """An actor without an account."""

    name: str
    is_system: bool = False
    id: None = None
    is_authenticated: bool = False
    organisation_id: None = None
    organisation: None = None
    language: str = "fr"

    def holds(self, role: str, commission_id: int | None = None) -> bool:
        return False


VISITOR = Unnamed("visitor")
SYSTEM = Unnamed("system", is_system=True)


class Action(enum.StrEnum):
    """``room.verb``: the permission, the audit event, the service function, the endpoint and the template share this name."""

    ACCOUNTS_ADD = "accounts.add"
    ACCOUNTS_CONFIRM = "accounts.confirm"
    ACCOUNTS_EDIT_PROFILE = "accounts.edit_profile"
    ACCOUNTS_REGISTER = "accounts.register"
    ADOPTION_ARCHIVE = "adoption.archive"
    ADOPTION_CALL_OFF = "adoption.call_off"
    ADOPTION_DECIDE = "adoption.decide"
    ADOPTION_REQUEST_DOSSIER = "adoption.request_dossier"
    ADOPTION_SEAL = "adoption.seal"
    ADOPTION_SUBMIT = "adoption.submit"
    CHAPTERS_CONFIRM_TRANSLATION = "chapters.confirm_translation"
    CHAPTERS_CONFIRM_TRANSLATIONS = "chapters.confirm_translations"
    CHAPTERS_CORRECT = "chapters.correct"
    CHAPTERS_DISCARD = "chapters.discard"
    CHAPTERS_IMPORT_CHAPTER = "chapters.import_chapter"
    CHAPTERS_KEEP_WORKING_DRAFT = "chapters.keep_working_draft"
    CHAPTERS_PUBLISH = "chapters.publish"
    CHAPTERS_READ = "chapters.read"
    CHAPTERS_REBASE = "chapters.rebase"
    CHAPTERS_VIEW_TRANSLATIONS = "chapters.view_translations"
    CHAPTERS_VIEW_WORKING_DRAFT = "chapters.view_working_draft"
    CONSULTATIONS_ADD = "consultations.add"
    CONSULTATIONS_APPOINT = "consultations.appoint"
    CONSULTATIONS_APPOINT_ADMINISTRATOR = "consultations.appoint_administrator"
    CONSULTATIONS_BEGIN_SYNTHESIS = "consultations.begin_synthesis"
    CONSULTATIONS_CLOSE = "consultations.close"
    CONSULTATIONS_DISMISS = "consultations.dismiss"
    CONSULTATIONS_EDIT = "consultations.edit"
    CONSULTATIONS_EXTEND = "consultations.extend"
    CONSULTATIONS_MANAGE = "consultations.manage"
    CONSULTATIONS_OPEN = "consultations.open"
    CONSULTATIONS_SCHEDULE = "consultations.schedule"
    CONTRIBUTIONS_ADDRESS_DRAFT = "contributions.address_draft"
    CONTRIBUTIONS_CLAIM_DRAFT = "contributions.claim_draft"
    CONTRIBUTIONS_CONFIRM_ANCHOR = "contributions.confirm_anchor"
    CONTRIBUTIONS_CONFIRM_CERTAIN = "contributions.confirm_certain"
    CONTRIBUTIONS_DROP_DRAFT = "contributions.drop_draft"
    CONTRIBUTIONS_KEEP_DRAFT = "contributions.keep_draft"
    CONTRIBUTIONS_LEAVE = "contributions.leave"
    CONTRIBUTIONS_LODGE = "contributions.lodge"
    CONTRIBUTIONS_READ = "contributions.read"
    CONTRIBUTIONS_READ_TRACE = "contributions.read_trace"
    CONTRIBUTIONS_REATTACH = "contributions.reattach"
    CONTRIBUTIONS_RECEIPT = "contributions.receipt"
    CONTRIBUTIONS_VIEW_ANCHORS = "contributions.view_anchors"
    CONTRIBUTIONS_WITHDRAW = "contributions.withdraw"
    CONTRIBUTIONS_WRITE = "contributions.write"
    EXPORTS_DOWNLOAD = "exports.download"
    EXPORTS_OPEN_DATA = "exports.open_data"
    EXPORTS_REQUEST = "exports.request"
    EXPORTS_VIEW_ALL = "exports.view_all"
    MODERATION_PUBLISH = "moderation.publish"
    MODERATION_RESTORE = "moderation.restore"
    MODERATION_VIEW = "moderation.view"
    MODERATION_WITHHOLD = "moderation.withhold"
    ORGANISATIONS_ADD = "organisations.add"
    ORGANISATIONS_JOIN = "organisations.join"
    ORGANISATIONS_LEAVE = "organisations.leave"
    SYNTHESIS_ADD_ITEM = "synthesis.add_item"
    SYNTHESIS_ATTACH = "synthesis.attach"
    SYNTHESIS_DETACH = "synthesis.detach"
    SYNTHESIS_DROP_ITEM = "synthesis.drop_item"
    SYNTHESIS_EDIT_ITEM = "synthesis.edit_item"
    SYNTHESIS_READ = "synthesis.read"
    SYNTHESIS_REOPEN = "synthesis.reopen"
    SYNTHESIS_VALIDATE = "synthesis.validate"
    SYNTHESIS_VIEW = "synthesis.view"


@dataclass(frozen=True)
class Rule:
    """One condition, with the sentence that a refused reader gets and what they can do."""

    holds: Callable[[Actor, Any], bool]
    refusal: Any
    remedy: Any = ""


def phase(meaning: str, sentence: Any = None) -> Rule:
    """The phase at this second means this (dates count, not only the stored state)."""
    return Rule(lambda actor, obj: getattr(consultation_of(obj).current_phase, meaning), sentence or NOT_NOW)


def before(step: str, sentence: Any = None) -> Rule:
    """The next phase is this one."""
    return Rule(lambda actor, obj: consultation_of(obj).current_phase.may_become(step), sentence or NOT_NOW)


def consultation_of(obj):
    return getattr(obj, "consultation", obj)


def holds(*roles: str) -> Rule:
    """One of these roles, in the object's commission when the role belongs to a commission."""
    def check(actor, obj):
        commission_id = getattr(obj, "commission_id", None)
        return any(actor.holds(role, commission_id) for role in roles)
    return Rule(check, _("This is reserved for the people in charge of it."))


NOT_NOW = _("This is not possible in the present phase of the consultation.")

anyone = Rule(lambda actor, obj: True, "")
nobody = Rule(lambda actor, obj: False, _("You are not allowed to do this."))
signed_in = Rule(lambda actor, obj: actor.is_authenticated, _("Please sign in first."))
system = Rule(lambda actor, obj: actor.is_system, _("This is done by the system alone."))
unowned = Rule(lambda actor, obj: getattr(obj, "author_id", None) is None, _("This belongs to somebody else."))
own = Rule(lambda actor, obj: actor.id is not None and obj.author_id == actor.id, _("This belongs to somebody else."))
at_ones_address = Rule(
    lambda actor, obj: obj.address is not None and obj.address == getattr(actor, "email", None), _("This belongs to somebody else."))
oneself = Rule(lambda actor, obj: actor.id is not None and obj.id == actor.id, _("This belongs to somebody else."))
own_request = Rule(lambda actor, obj: actor.id is not None and obj.requested_by_id == actor.id, _("This belongs to somebody else."))
public = Rule(lambda actor, obj: obj.is_public, _("This is not public."))
leaves_a_trace = Rule(
    lambda actor, obj: obj.is_traced, _("This contribution is not public."),
    _("Its author sees it after signing in; others once it is published."),
)
from_elsewhere = Rule(
    lambda actor, obj: obj.author_id != actor.id and (obj.organisation_id is None or obj.organisation_id != actor.organisation_id),
    _("It comes from yourself or from your own organisation: another moderator decides."),
)
secretariat = holds("secretariat")
administrator = holds("administrator")
by_the_secretariat = Rule(secretariat.holds, _("The whole dossier is made by the secretariat."))
by_an_administrator = Rule(administrator.holds, _("An administrator is appointed by an administrator."))
moderator = holds("moderator", "rapporteur", "chair")
rapporteur = holds("rapporteur", "chair")
chair = holds("chair")
is_open = phase(
    "receives_contributions", _("The consultation is not open: contributions are received between its opening and its closing."))
answering = phase("is_answering")
before_the_council = before("adopted", _("This is possible once the syntheses have been submitted to the Council."))
concluding = phase("is_concluding", _("This belongs to the synthesis phase, which the secretariat begins after the closing."))
revising = phase("is_revising")

# Each action: lines; a line is a tuple of rules. Allowed when all rules of any one line hold.
RULES: dict[Action, tuple[tuple[Rule, ...], ...]] = {
    Action.ACCOUNTS_ADD: ((system,), (administrator,)),
    Action.ACCOUNTS_CONFIRM: ((anyone,),),
    Action.ACCOUNTS_EDIT_PROFILE: ((signed_in, oneself),),
    Action.ACCOUNTS_REGISTER: ((anyone,),),
    Action.ADOPTION_ARCHIVE: ((secretariat,), (system,)),
    Action.ADOPTION_CALL_OFF: ((system,),),
    Action.ADOPTION_DECIDE: ((secretariat, before_the_council),),
    Action.ADOPTION_REQUEST_DOSSIER: ((by_the_secretariat,), (system,)),
    Action.ADOPTION_SEAL: ((system, concluding),),
    Action.ADOPTION_SUBMIT: ((secretariat, concluding),),
    Action.CHAPTERS_CONFIRM_TRANSLATION: ((secretariat,), (rapporteur,)),
    Action.CHAPTERS_CONFIRM_TRANSLATIONS: ((secretariat,), (rapporteur,)),
    Action.CHAPTERS_CORRECT: ((secretariat, revising), (rapporteur, revising)),
    Action.CHAPTERS_DISCARD: ((secretariat, revising), (rapporteur, revising)),
    Action.CHAPTERS_IMPORT_CHAPTER: ((secretariat, revising), (system,)),
    Action.CHAPTERS_KEEP_WORKING_DRAFT: ((signed_in, secretariat, revising), (signed_in, rapporteur, revising)),
    Action.CHAPTERS_PUBLISH: ((secretariat, revising), (chair, revising)),
    Action.CHAPTERS_READ: ((anyone,),),
    Action.CHAPTERS_REBASE: ((secretariat, revising), (rapporteur, revising)),
    Action.CHAPTERS_VIEW_TRANSLATIONS: ((secretariat,), (rapporteur,)),
    Action.CHAPTERS_VIEW_WORKING_DRAFT: ((secretariat,), (rapporteur,)),
    Action.CONSULTATIONS_ADD: ((system,), (administrator,)),
    Action.CONSULTATIONS_APPOINT: ((secretariat,), (administrator,), (system,)),
    Action.CONSULTATIONS_APPOINT_ADMINISTRATOR: ((by_an_administrator,), (system,)),
    Action.CONSULTATIONS_BEGIN_SYNTHESIS: ((secretariat, before("synthesis")),),
    Action.CONSULTATIONS_CLOSE: ((secretariat, is_open), (system,)),
    Action.CONSULTATIONS_DISMISS: ((secretariat,), (administrator,), (system,)),
    Action.CONSULTATIONS_EDIT: ((secretariat,), (administrator,), (system,)),
    Action.CONSULTATIONS_EXTEND: ((secretariat, is_open),),
    Action.CONSULTATIONS_MANAGE: ((secretariat,), (administrator,)),
    Action.CONSULTATIONS_OPEN: ((secretariat, before("open")), (system,)),
    Action.CONSULTATIONS_SCHEDULE: ((secretariat, before("open")), (system,)),
    Action.CONTRIBUTIONS_ADDRESS_DRAFT: ((unowned,),),
    Action.CONTRIBUTIONS_CLAIM_DRAFT: ((signed_in, unowned, at_ones_address), (signed_in, own, at_ones_address)),
    Action.CONTRIBUTIONS_CONFIRM_ANCHOR: ((rapporteur, revising), (secretariat, revising)),
    Action.CONTRIBUTIONS_CONFIRM_CERTAIN: ((rapporteur, revising), (secretariat, revising)),
    Action.CONTRIBUTIONS_DROP_DRAFT: ((signed_in, own), (signed_in, unowned, at_ones_address)),
    Action.CONTRIBUTIONS_KEEP_DRAFT: ((unowned,), (own,)),
    Action.CONTRIBUTIONS_LEAVE: ((rapporteur, revising), (secretariat, revising)),
    Action.CONTRIBUTIONS_LODGE: ((signed_in, is_open),),
    Action.CONTRIBUTIONS_READ: ((public,), (own,), (moderator,), (secretariat,), (system,)),
    Action.CONTRIBUTIONS_READ_TRACE: ((leaves_a_trace,),),
    Action.CONTRIBUTIONS_REATTACH: ((rapporteur, revising), (secretariat, revising)),
    Action.CONTRIBUTIONS_RECEIPT: ((signed_in, own), (moderator,), (secretariat,), (system,)),
    Action.CONTRIBUTIONS_VIEW_ANCHORS: ((rapporteur,), (secretariat,)),
    Action.CONTRIBUTIONS_WITHDRAW: ((signed_in, own, answering),),
    Action.CONTRIBUTIONS_WRITE: ((is_open,),),
    Action.EXPORTS_DOWNLOAD: ((own_request,), (secretariat,), (system,)),
    Action.EXPORTS_OPEN_DATA: ((anyone,),),
    Action.EXPORTS_REQUEST: ((secretariat,), (rapporteur,), (system,)),
    Action.EXPORTS_VIEW_ALL: ((secretariat,), (system,)),
    Action.MODERATION_PUBLISH: ((moderator, answering, from_elsewhere), (secretariat, answering, from_elsewhere)),
    Action.MODERATION_RESTORE: ((moderator, answering, from_elsewhere), (secretariat, answering, from_elsewhere)),
    Action.MODERATION_VIEW: ((moderator,), (secretariat,)),
    Action.MODERATION_WITHHOLD: ((moderator, answering, from_elsewhere), (secretariat, answering, from_elsewhere)),
    Action.ORGANISATIONS_ADD: ((signed_in,), (system,)),
    Action.ORGANISATIONS_JOIN: ((signed_in, oneself),),
    Action.ORGANISATIONS_LEAVE: ((signed_in, oneself),),
    Action.SYNTHESIS_ADD_ITEM: ((rapporteur, answering),),
    Action.SYNTHESIS_ATTACH: ((rapporteur, answering),),
    Action.SYNTHESIS_DETACH: ((rapporteur, answering),),
    Action.SYNTHESIS_DROP_ITEM: ((rapporteur, answering),),
    Action.SYNTHESIS_EDIT_ITEM: ((rapporteur, answering),),
    Action.SYNTHESIS_READ: ((public,), (rapporteur,), (secretariat,), (system,)),
    Action.SYNTHESIS_REOPEN: ((chair, concluding),),
    Action.SYNTHESIS_VALIDATE: ((chair, concluding),),
    Action.SYNTHESIS_VIEW: ((rapporteur,), (secretariat,)),
}


def broken(actor: Actor, action: Action, obj: Any) -> Rule | None:
    """None when allowed; else the first rule broken in the line that came nearest."""
    nearest, rule_broken = -1, nobody
    for line in RULES[action]:
        for passed, rule in enumerate(line or (nobody,)):
            if not rule.holds(actor, obj):
                if passed > nearest:
                    nearest, rule_broken = passed, rule
                break
        else:
            return None
    return rule_broken


def require(actor: Actor, action: Action, obj: Any) -> None:
    """Raises :class:`NotAllowed` with the sentence of the rule that was broken."""
    rule = broken(actor, action, obj)
    if rule is not None:
        raise NotAllowed(rule.refusal, rule.remedy)


def refusal(actor: Actor, action: Action, obj: Any) -> Any | None:
    """None when allowed; else the sentence of the rule that was broken."""
    rule = broken(actor, action, obj)
    return rule.refusal if rule else None


def can(actor: Actor, action: Action | str, obj: Any) -> bool:
    return broken(actor, Action(action), obj) is None
