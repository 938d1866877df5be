"""Who may do what, when: the whole policy on one page. ``@command`` asks by itself, queries say ``require``, templates ``can``."""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from consult.core.actions import Action as Action
from consult.core.actors import SYSTEM as SYSTEM
from consult.core.actors import VISITOR as VISITOR
from consult.core.actors import Actor as Actor
from consult.core.errors import NotAllowed
from consult.core.i18n import _, arrived_at


class Reads(enum.Enum):
    """What a rule asks that somebody else's act may change meanwhile: a command asks it again once it has its turn."""

    COURSE = enum.auto()  # dates and phase of the consultation
    ROLES = enum.auto()  # what the actor is appointed to, and for whom they speak


@dataclass(frozen=True)
class Rule:
    """One condition, with the sentence that a refused reader gets and what they can do."""

    holds: Callable[[Actor, Any], bool]
    refusal: Any
    remedy: Any = ""
    reads: frozenset[Reads] = frozenset()
    words: Any = ""  # what must hold, for whoever reads the table
    roles: tuple[str, ...] = ()  # one of which must be held
    phases: Callable[[Any], bool] | None = None  # in which of them it holds
    is_of_staff: bool = False  # it holds for whoever is in charge of something, and so only with a second factor where that is required


def phase(meaning: str, sentence: Any = None) -> Rule:
    """The phase at this second means this (dates count, not only the stored state)."""
    return Rule(lambda actor, obj: getattr(consultation_of(obj).current_phase, meaning), sentence or NOT_NOW, reads=COURSE,
                phases=lambda one: getattr(one, meaning))


def before(step: str, sentence: Any = None) -> Rule:
    """The next phase is this one."""
    return Rule(lambda actor, obj: consultation_of(obj).current_phase.may_become(step), sentence or NOT_NOW, reads=COURSE,
                phases=lambda one: one.may_become(step))


def consultation_of(obj):
    return getattr(obj, "consultation", obj)


def holds(*roles: str) -> Rule:
    """One of these roles, in the object's commission when the role belongs to a commission."""
    def check(actor, obj):
        commission_id = getattr(obj, "commission_id", None)
        return any(actor.holds(role, commission_id) for role in roles)
    return Rule(check, _("This is reserved for the people in charge of it."), reads=ROLES, roles=roles, is_of_staff=True)


def is_declaration(number: str) -> bool:
    """Signs alone, seen or not, are no number of the CNDP."""
    return any(sign.isalnum() for sign in number)


COURSE, ROLES = frozenset({Reads.COURSE}), frozenset({Reads.ROLES})
NOT_NOW = _("This is not possible in the present phase of the consultation.")
ANOTHERS = _("This belongs to somebody else.")

anyone = Rule(lambda actor, obj: True, "", words=_("anybody"))
nobody = Rule(lambda actor, obj: False, _("You are not allowed to do this."), words=_("nobody"))
signed_in = Rule(lambda actor, obj: actor.is_authenticated, _("Please sign in first."), words=_("whoever is signed in"))
system = Rule(lambda actor, obj: actor.is_system, _("This is done by the system alone."),
              words=_("the platform itself: its clock, its command line"))
unowned = Rule(lambda actor, obj: getattr(obj, "author_id", None) is None, ANOTHERS, words=_("what belongs to no account yet"))
own = Rule(lambda actor, obj: actor.id is not None and obj.author_id == actor.id, ANOTHERS, words=_("what is their own"))
at_ones_address = Rule(lambda actor, obj: obj.address is not None and obj.address == getattr(actor, "email", None), ANOTHERS,
                       words=_("what was kept for their address"))
invited = Rule(lambda actor, obj: obj.address == getattr(actor, "email", None), _("This invitation was written to somebody else."),
               _("Sign out, and sign in as the person to whom the letter was written."), words=_("an invitation to their address"))
oneself = Rule(lambda actor, obj: actor.id is not None and obj.id == actor.id, ANOTHERS, words=_("their own account"))
own_request = Rule(lambda actor, obj: actor.id is not None and obj.requested_by_id == actor.id, ANOTHERS, words=_("what they asked for"),
                   is_of_staff=True)
public = Rule(lambda actor, obj: obj.is_public, _("This is not public."), words=_("what is public"))
no_annex = Rule(lambda actor, obj: not obj.is_confidential, _("This is a confidential annex: the commission and the secretariat read it."),
                words=_("what is no confidential annex"))
anothers = Rule(lambda actor, obj: obj.author_id != actor.id, _("Nobody supports a contribution of their own."), words=_("somebody else’s"))
nobody_for_themselves = Rule(
    lambda actor, obj: obj.id != actor.id, _("Nobody gives a role to themselves, or ends their own."),
    _("Ask somebody else who may appoint."), words=_("somebody else’s"))
somebody_else = Rule(
    lambda actor, obj: obj.id != actor.id, _("Nobody does this for themselves."),
    _("Ask another administrator, or whoever runs the server."), words=_("somebody else’s"))
represents = Rule(
    lambda actor, obj: actor.organisation_id is not None and obj.organisation_id == actor.organisation_id,
    _("Only whoever holds a mandate of this organisation does this, or the secretariat."),
    _("Ask one of its mandated representatives."), reads=ROLES, words=_("for the organisation for which they hold a mandate"))
within = Rule(
    lambda actor, obj: actor.member_of_id is not None and obj.organisation_id == actor.member_of_id,
    _("Only members of the organisation do this."), _("Ask one of its representatives to accept you as a member."),
    reads=ROLES, words=_("within the organisation of which they are a member"))
of_a_body = Rule(
    lambda actor, obj: actor.member_of_id is not None, _("You are not a member of an organisation."),
    _("Join yours on the page “My organisation”. Until then you speak for yourself."),
    reads=ROLES, words=_("a member of an organisation"))
signing = Rule(
    represents.holds, _("Only whoever holds a mandate of this organisation does this."), _("Ask one of its mandated representatives."),
    reads=ROLES, words=represents.words)
of_anothers = Rule(
    lambda actor, obj: obj.user_id != actor.id, _("Nobody does this for themselves."),
    _("Ask another representative of the organisation, or the secretariat."), words=_("somebody else’s"))
protected = Rule(
    lambda actor, obj: not actor.lacks_factor, _("Whoever is in charge of something signs in with a second factor."),
    _("Set up yours: it takes two minutes, with a telephone or a security key."), words=_("with a second factor"))
leaves_a_trace = Rule(
    lambda actor, obj: obj.is_traced, _("This contribution is not public."),
    _("Its author sees it after signing in; others once it is published."), words=_("what was withheld or withdrawn, without its words"))
from_elsewhere = Rule(
    lambda actor, obj: obj.author_id != actor.id and not (
        obj.organisation_id is not None and actor.belonged_to(obj.organisation.body_id, obj.submitted_at)),
    _("It comes from yourself, or from an organisation that is yours or was when it was lodged or since: another moderator decides."),
    reads=ROLES, words=_("what comes neither from themselves nor from an organisation that was theirs when it was lodged or since"))
declared = Rule(
    lambda actor, obj: is_declaration(consultation_of(obj).cndp_number),
    _("The CNDP number is missing: law 09-08 requires it before any data is collected."),
    _("Enter it in the settings of the consultation."), reads=COURSE, words=_("once the CNDP number is entered"),
)
secretariat = holds("secretariat")
administrator = holds("administrator")
by_the_secretariat = Rule(secretariat.holds, _("The whole dossier is made by the secretariat."), reads=ROLES, roles=secretariat.roles,
                          is_of_staff=True)
by_an_administrator = Rule(administrator.holds, _("An administrator is appointed, and dismissed, by an administrator."), reads=ROLES,
                           roles=administrator.roles, is_of_staff=True)
moderator = holds("moderator", "rapporteur", "chair")
rapporteur = holds("rapporteur", "chair")
chair = holds("chair")
NOT_OPEN = _("The consultation is not open: contributions are received between its opening and its closing.")
is_open = phase("receives_contributions", NOT_OPEN)
in_time = Rule(lambda actor, obj: consultation_of(obj).received_contributions(arrived_at()), NOT_OPEN, reads=COURSE,
               words=_("what arrived whole before the closing"), phases=lambda one: one.receives_contributions)
answering = phase("is_answering")
under_way = phase("is_under_way", _("The consultation is over: no role is given in it any more."))
before_the_council = before("adopted", _("This is possible once the syntheses have been submitted to the Council."))
concluding = phase("is_concluding", _("This belongs to the synthesis phase, which the secretariat begins after the closing."))
revising = phase("is_revising")
once_opened = phase("has_opened")

# Each action: lines; a line is a tuple of rules. Allowed when all rules of any one line hold.
RULES: dict[Action, tuple[tuple[Rule, ...], ...]] = {
    Action.ACCOUNTS_ADD: ((system,), (administrator,)),
    Action.ACCOUNTS_ADD_PASSKEY: ((signed_in, oneself),),
    Action.ACCOUNTS_BIND_IDENTITY: ((signed_in, oneself),),
    Action.ACCOUNTS_CONFIRM: ((anyone,),),
    Action.ACCOUNTS_EDIT_PROFILE: ((signed_in, oneself),),
    Action.ACCOUNTS_END_SESSIONS: ((signed_in, oneself),),
    Action.ACCOUNTS_END_SESSIONS_OF: ((administrator, somebody_else), (system,)),
    Action.ACCOUNTS_REGISTER: ((anyone,),),
    Action.ACCOUNTS_REGISTER_BY_PROVIDER: ((anyone,),),
    Action.ACCOUNTS_REMOVE_AUTHENTICATOR: ((signed_in, oneself),),
    Action.ACCOUNTS_REMOVE_PASSKEY: ((signed_in, oneself),),
    Action.ACCOUNTS_RENEW_RECOVERY_CODES: ((signed_in, oneself),),
    Action.ACCOUNTS_RESET_FACTORS: ((administrator, somebody_else), (system,)),
    Action.ACCOUNTS_SET_UP_AUTHENTICATOR: ((signed_in, oneself),),
    Action.ACCOUNTS_UNBIND_IDENTITY: ((signed_in, oneself),),
    Action.ACCOUNTS_USE_RECOVERY_CODE: ((signed_in, oneself),),
    Action.ADOPTION_ARCHIVE: ((secretariat,), (system,)),
    Action.ADOPTION_CALL_OFF: ((system,),),
    Action.ADOPTION_DECIDE: ((secretariat, before_the_council),),
    Action.ADOPTION_KEEP_ARCHIVE: ((system,),),
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
    Action.CONSULTATIONS_ACCEPT_INVITATION: ((signed_in, invited, under_way),),
    Action.CONSULTATIONS_ADD: ((system,), (administrator,)),
    Action.CONSULTATIONS_APPOINT: ((secretariat,), (administrator,), (system,)),
    Action.CONSULTATIONS_APPOINT_ADMINISTRATOR: ((by_an_administrator,), (system,)),
    Action.CONSULTATIONS_BEGIN_SYNTHESIS: ((secretariat, before("synthesis")),),
    Action.CONSULTATIONS_CHANGE_ROLES_OF: ((secretariat, nobody_for_themselves), (administrator, nobody_for_themselves), (system,)),
    Action.CONSULTATIONS_CLOSE: ((secretariat, is_open), (system,)),
    Action.CONSULTATIONS_DISMISS: ((secretariat,), (administrator,), (system,)),
    Action.CONSULTATIONS_EDIT: ((secretariat,), (administrator,), (system,)),
    Action.CONSULTATIONS_ENROL: ((anyone, under_way),),
    Action.CONSULTATIONS_EXTEND: ((secretariat, is_open),),
    Action.CONSULTATIONS_INVITE: ((secretariat, under_way), (administrator, under_way), (system, under_way)),
    Action.CONSULTATIONS_INVITE_AGAIN: ((secretariat, under_way), (administrator, under_way), (system, under_way)),
    Action.CONSULTATIONS_LET_GO: ((secretariat,),),
    Action.CONSULTATIONS_MANAGE: ((secretariat,), (administrator,)),
    Action.CONSULTATIONS_OPEN: ((secretariat, before("open"), declared), (system, declared)),
    Action.CONSULTATIONS_SCHEDULE: ((secretariat, before("open"), declared), (system, declared)),
    Action.CONSULTATIONS_SEND_AGAIN: ((secretariat,),),
    Action.CONSULTATIONS_WITHDRAW_INVITATION: ((secretariat,), (administrator,), (system,)),
    Action.CONTRIBUTIONS_ACCEPT_OFFERED: ((signed_in, signing, in_time),),
    Action.CONTRIBUTIONS_ADDRESS_DRAFT: ((unowned,),),
    Action.CONTRIBUTIONS_ATTACH: ((signed_in, own),),
    Action.CONTRIBUTIONS_CLAIM_DRAFT: ((signed_in, unowned, at_ones_address), (signed_in, own, at_ones_address)),
    Action.CONTRIBUTIONS_CONFIRM_ANCHOR: ((rapporteur, revising), (secretariat, revising)),
    Action.CONTRIBUTIONS_CONFIRM_CERTAIN: ((rapporteur, revising), (secretariat, revising)),
    Action.CONTRIBUTIONS_DETACH: ((signed_in, own),),
    Action.CONTRIBUTIONS_DROP_DRAFT: ((signed_in, own), (signed_in, unowned, at_ones_address)),
    Action.CONTRIBUTIONS_EDIT_OFFERED: ((signed_in, signing, in_time), (signed_in, within, own, in_time)),
    Action.CONTRIBUTIONS_FIND_PLACES: ((system,),),
    Action.CONTRIBUTIONS_KEEP_DRAFT: ((unowned,), (own,)),
    Action.CONTRIBUTIONS_KEEP_FILE_WORDS: ((system,),),
    Action.CONTRIBUTIONS_LEAVE: ((rapporteur, revising), (secretariat, revising)),
    Action.CONTRIBUTIONS_LODGE: ((signed_in, in_time),),
    Action.CONTRIBUTIONS_LODGE_POSITION: ((signed_in, in_time),),
    Action.CONTRIBUTIONS_OFFER: ((signed_in, of_a_body, in_time),),
    Action.CONTRIBUTIONS_OFFER_AGAIN: ((signed_in, within, own, in_time),),
    Action.CONTRIBUTIONS_OPEN_ANNEX: ((rapporteur,), (secretariat,)),
    Action.CONTRIBUTIONS_READ: ((public,), (own,), (moderator,), (secretariat,), (system,)),
    Action.CONTRIBUTIONS_READ_DRAFT_FILE: ((signed_in, own), (signed_in, within)),
    Action.CONTRIBUTIONS_READ_FILE: ((public,), (own,), (moderator, no_annex), (secretariat, no_annex), (system,)),
    Action.CONTRIBUTIONS_READ_FILE_WORDS: ((rapporteur,), (secretariat,)),
    Action.CONTRIBUTIONS_READ_OFFERED: ((signed_in, within),),
    Action.CONTRIBUTIONS_READ_TRACE: ((leaves_a_trace,),),
    Action.CONTRIBUTIONS_REATTACH: ((rapporteur, revising), (secretariat, revising)),
    Action.CONTRIBUTIONS_RECEIPT: ((signed_in, own), (moderator,), (secretariat,), (system,)),
    Action.CONTRIBUTIONS_REMARK_ON_OFFERED: ((signed_in, within),),
    Action.CONTRIBUTIONS_REPLY: ((signed_in, public, in_time),),
    Action.CONTRIBUTIONS_RETURN_OFFERED: ((signed_in, signing),),
    Action.CONTRIBUTIONS_SUPPORT: ((signed_in, public, anothers, in_time),),
    Action.CONTRIBUTIONS_TAKE_BACK_OFFERED: ((signed_in, within, own),),
    Action.CONTRIBUTIONS_TAKE_BACK_SUPPORT: ((signed_in, answering),),
    Action.CONTRIBUTIONS_VIEW_ANCHORS: ((rapporteur,), (secretariat,)),
    Action.CONTRIBUTIONS_WITHDRAW: ((signed_in, own, answering),),
    Action.CONTRIBUTIONS_WITHDRAW_REPLY: ((signed_in, own, answering),),
    Action.CONTRIBUTIONS_WRITE: ((in_time,),),
    Action.EXPORTS_DOWNLOAD: ((own_request,), (secretariat,), (system,)),
    Action.EXPORTS_OPEN_DATA: ((anyone,),),
    Action.EXPORTS_REQUEST: ((secretariat,), (rapporteur,), (system,)),
    Action.EXPORTS_VIEW_ALL: ((secretariat,), (system,)),
    Action.FORMS_DISCARD: ((signed_in, own),),
    Action.FORMS_DOWNLOAD: ((anyone,),),
    Action.FORMS_LEAVE_ROW: ((signed_in, own),),
    Action.FORMS_MAKE_DRAFTS: ((signed_in, own, in_time),),
    Action.FORMS_PLACE_ROW: ((signed_in, own),),
    Action.FORMS_READ: ((signed_in, own),),
    Action.FORMS_RECEIVE: ((signed_in, in_time),),
    Action.GROUPING_JOIN: ((rapporteur, answering),),
    Action.GROUPING_PART: ((rapporteur, answering),),
    Action.GROUPING_VIEW: ((rapporteur,), (secretariat,)),
    Action.JOURNAL_READ: ((anyone,),),
    Action.JOURNAL_VIEW_EVENTS: ((secretariat,), (administrator,)),
    Action.JOURNAL_VIEW_PERMISSIONS: ((secretariat,), (administrator,)),
    Action.MODERATION_APPEAL: ((signed_in, own, answering),),
    Action.MODERATION_DISMISS_HINT: ((moderator, answering, from_elsewhere), (secretariat, answering, from_elsewhere)),
    Action.MODERATION_PUBLISH: ((moderator, answering, from_elsewhere), (secretariat, answering, from_elsewhere)),
    Action.MODERATION_READ_ORIGINAL: ((moderator,), (secretariat,)),
    Action.MODERATION_REDACT: ((moderator, answering, from_elsewhere), (secretariat, once_opened, from_elsewhere)),
    Action.MODERATION_REOPEN: ((moderator, answering, from_elsewhere), (secretariat, answering, from_elsewhere)),
    Action.MODERATION_RESTORE: ((moderator, answering, from_elsewhere), (secretariat, answering, from_elsewhere)),
    Action.MODERATION_SHOW_ALL: ((moderator, answering, from_elsewhere), (secretariat, answering, from_elsewhere)),
    Action.MODERATION_UPHOLD: ((secretariat, answering, from_elsewhere),),
    Action.MODERATION_VIEW: ((moderator,), (secretariat,)),
    Action.MODERATION_WITHHOLD: ((moderator, answering, from_elsewhere), (secretariat, once_opened, from_elsewhere)),
    Action.NEWS_CHOOSE: ((signed_in, oneself),),
    Action.NEWS_FOLLOW: ((signed_in,),),
    Action.NEWS_STOP: ((anyone,),),
    Action.NEWS_UNFOLLOW: ((signed_in,),),
    Action.ORGANISATIONS_ACCEPT: ((signed_in, represents, of_anothers), (secretariat, of_anothers), (system,)),
    Action.ORGANISATIONS_ACCEPT_INVITATION: ((signed_in, invited),),
    Action.ORGANISATIONS_ADD: ((signed_in,), (system,)),
    Action.ORGANISATIONS_CONFIRM: ((secretariat,),),
    Action.ORGANISATIONS_CORRECT: ((secretariat,),),
    Action.ORGANISATIONS_END_MANDATE: ((signed_in, represents), (secretariat,), (system,)),
    Action.ORGANISATIONS_END_MEMBERSHIP: ((signed_in, represents, of_anothers), (secretariat, of_anothers), (system,)),
    Action.ORGANISATIONS_ENROL: ((anyone,),),
    Action.ORGANISATIONS_INVITE: ((signed_in, represents), (secretariat,), (system,)),
    Action.ORGANISATIONS_INVITE_AGAIN: ((signed_in, represents), (secretariat,), (system,)),
    Action.ORGANISATIONS_JOIN: ((signed_in, oneself),),
    Action.ORGANISATIONS_LEAVE: ((signed_in, oneself),),
    Action.ORGANISATIONS_MANDATE: ((signed_in, represents, of_anothers), (secretariat, of_anothers), (system,)),
    Action.ORGANISATIONS_MERGE: ((secretariat,),),
    Action.ORGANISATIONS_VIEW_MEMBERS: ((signed_in, represents), (secretariat,)),
    Action.ORGANISATIONS_VIEW_REGISTER: ((secretariat,),),
    Action.ORGANISATIONS_WITHDRAW_INVITATION: ((signed_in, represents), (secretariat,), (system,)),
    Action.OUTREACH_CORRECT_ROW: ((secretariat,),),
    Action.OUTREACH_DISCARD: ((secretariat,), (system,)),
    Action.OUTREACH_ENROL: ((anyone, is_open),),
    Action.OUTREACH_HOLD: ((secretariat,), (system,)),
    Action.OUTREACH_IMPORT_LIST: ((secretariat,), (system,)),
    Action.OUTREACH_LEAVE_OUT: ((secretariat,),),
    Action.OUTREACH_LEAVE_OUT_DOUBTFUL: ((secretariat,), (system,)),
    Action.OUTREACH_NOTE_RETURNED: ((secretariat,),),
    Action.OUTREACH_OPEN: ((anyone, is_open),),
    Action.OUTREACH_REFUSE: ((anyone,),),
    Action.OUTREACH_SEND: ((secretariat, is_open),),
    Action.OUTREACH_TAKE: ((secretariat,), (system,)),
    Action.OUTREACH_TAKE_UP: ((signed_in, invited, is_open),),
    Action.OUTREACH_VIEW: ((secretariat,), (system,)),
    Action.PRIVACY_FORGET: ((signed_in, oneself), (system,)),
    Action.PRIVACY_FORGET_ON_REQUEST: ((secretariat,),),
    Action.PRIVACY_READ: ((anyone,),),
    Action.PRIVACY_VIEW_REGISTER: ((secretariat,), (administrator,)),
    Action.SEARCH_READ: ((anyone,),),
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


# What moderators decide on a contribution or a reply: after each of these acts other words are shown, or none, or the same.
DECIDING = (
    Action.MODERATION_PUBLISH, Action.MODERATION_WITHHOLD, Action.MODERATION_RESTORE, Action.MODERATION_REDACT, Action.MODERATION_SHOW_ALL,
    Action.MODERATION_REOPEN, Action.MODERATION_UPHOLD)
# Those by which words that somebody could read are kept from them.
HIDING = (Action.MODERATION_WITHHOLD, Action.MODERATION_REDACT, Action.MODERATION_REOPEN)
# The acts that change what these rules ask, or by what everything said for an organisation is counted: each is alone while it does.
STEERING = frozenset({
    Action.ADOPTION_DECIDE, Action.ADOPTION_SEAL, Action.CONSULTATIONS_ACCEPT_INVITATION, Action.CONSULTATIONS_APPOINT,
    Action.CONSULTATIONS_BEGIN_SYNTHESIS, Action.CONSULTATIONS_CLOSE, Action.CONSULTATIONS_DISMISS, Action.CONSULTATIONS_EDIT,
    Action.CONSULTATIONS_ENROL, Action.CONSULTATIONS_EXTEND,
    Action.CONSULTATIONS_OPEN, Action.CONSULTATIONS_SCHEDULE, Action.ORGANISATIONS_ACCEPT_INVITATION,
    Action.ORGANISATIONS_CORRECT, Action.ORGANISATIONS_ENROL, Action.ORGANISATIONS_END_MANDATE,
    Action.ORGANISATIONS_END_MEMBERSHIP, Action.ORGANISATIONS_JOIN, Action.ORGANISATIONS_LEAVE, Action.ORGANISATIONS_MANDATE,
    Action.ORGANISATIONS_MERGE, Action.OUTREACH_ENROL, Action.PRIVACY_FORGET, Action.PRIVACY_FORGET_ON_REQUEST,
})
# The acts after which somebody may be named otherwise than before, or no more: what is kept of their name is made anew.
NAMING = (Action.ACCOUNTS_EDIT_PROFILE, Action.ORGANISATIONS_CONFIRM, Action.ORGANISATIONS_CORRECT, Action.ORGANISATIONS_MERGE,
          Action.PRIVACY_FORGET, Action.PRIVACY_FORGET_ON_REQUEST)


@cache
def what_is_read(action: Action) -> frozenset[Reads]:
    """By all rules of all lines: any of them may decide."""
    return frozenset().union(*(rule.reads for line in RULES[action] for rule in line))


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
            if protected.holds(actor, obj) or not any(rule.is_of_staff for rule in line):
                return None
            nearest, rule_broken = len(line), protected
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
