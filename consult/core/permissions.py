"""Who may do what, when: the whole policy on one page. ``@command`` asks by itself, queries say ``require``, templates ``can``."""

from functools import cache
from typing import Any

from consult.core.actions import Action as Action
from consult.core.actors import SYSTEM as SYSTEM
from consult.core.actors import VISITOR as VISITOR
from consult.core.actors import Actor as Actor
from consult.core.errors import NotAllowed
from consult.core.rules import Reads as Reads
from consult.core.rules import Rule as Rule
from consult.core.rules import (
    administrator,
    anothers,
    answering,
    at_ones_address,
    before,
    before_the_council,
    by_an_administrator,
    by_the_secretariat,
    chair,
    clerk,
    concluding,
    declared,
    in_time,
    is_open,
    leaves_a_trace,
    moderator,
    no_annex,
    of_a_body,
    of_anothers,
    once_opened,
    oneself,
    own,
    own_request,
    reads_no_stubs,
    registering,
    revising,
    somebody_else,
    somebody_elses_text,
    typing,
    under_way,
    unowned,
)
from consult.core.rules import anyone as anyone
from consult.core.rules import consultation_of as consultation_of
from consult.core.rules import from_elsewhere as from_elsewhere
from consult.core.rules import invited as invited
from consult.core.rules import is_declaration as is_declaration
from consult.core.rules import nobody as nobody
from consult.core.rules import nobody_for_themselves as nobody_for_themselves
from consult.core.rules import protected as protected
from consult.core.rules import public as public
from consult.core.rules import rapporteur as rapporteur
from consult.core.rules import represents as represents
from consult.core.rules import secretariat as secretariat
from consult.core.rules import signed_in as signed_in
from consult.core.rules import signing as signing
from consult.core.rules import system as system
from consult.core.rules import typed_by_another as typed_by_another
from consult.core.rules import typed_for_somebody as typed_for_somebody
from consult.core.rules import within as within

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
    Action.CONTRIBUTIONS_ENTER: ((secretariat, typing), (clerk, typing)),
    Action.CONTRIBUTIONS_ENTER_AGAIN: ((secretariat, typed_for_somebody, typing), (clerk, typed_for_somebody, typing)),
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
    Action.MODERATION_ASK_TO_REPHRASE: ((moderator, answering, from_elsewhere), (secretariat, answering, from_elsewhere)),
    Action.MODERATION_DISMISS_HINT: ((moderator, answering, from_elsewhere), (secretariat, answering, from_elsewhere)),
    Action.MODERATION_FLAG: ((signed_in, public, somebody_elses_text, answering),),
    Action.MODERATION_KEEP_FLAGGED: ((moderator, answering, from_elsewhere), (secretariat, answering, from_elsewhere)),
    Action.MODERATION_KEEP_WORDS: ((signed_in, own, answering),),
    Action.MODERATION_LAPSE: ((system,),),
    Action.MODERATION_MARK_READ: ((moderator, answering, from_elsewhere), (secretariat, answering, from_elsewhere)),
    Action.MODERATION_PUBLISH: ((moderator, answering, from_elsewhere), (secretariat, answering, from_elsewhere)),
    Action.MODERATION_READ_ORIGINAL: ((moderator,), (secretariat,)),
    Action.MODERATION_REDACT: ((moderator, answering, from_elsewhere), (secretariat, once_opened, from_elsewhere)),
    Action.MODERATION_REOPEN: ((moderator, answering, from_elsewhere), (secretariat, answering, from_elsewhere)),
    Action.MODERATION_REPHRASE: ((signed_in, own, answering),),
    Action.MODERATION_RESTORE: ((moderator, answering, from_elsewhere), (secretariat, answering, from_elsewhere)),
    Action.MODERATION_SHOW_ALL: ((moderator, answering, from_elsewhere), (secretariat, answering, from_elsewhere)),
    Action.MODERATION_UPHOLD: ((secretariat, answering, from_elsewhere),),
    Action.MODERATION_VIEW: ((moderator,), (secretariat,)),
    Action.MODERATION_VIEW_OWN_FLAG: ((signed_in,),),
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
    Action.ORGANISATIONS_ENTER: ((secretariat, typing), (clerk, typing)),
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
    Action.RECEPTION_BRING: ((secretariat, typing), (clerk, typing)),
    Action.RECEPTION_CHECK: ((secretariat, typed_by_another, typing), (clerk, typed_by_another, typing)),
    Action.RECEPTION_CLAIM: ((signed_in, reads_no_stubs),),
    Action.RECEPTION_CLOSE: ((secretariat, typing), (clerk, typing)),
    Action.RECEPTION_CORRECT: ((secretariat, typed_by_another, typing), (clerk, typed_by_another, typing)),
    Action.RECEPTION_ENTER: ((secretariat, typing), (clerk, typing)),
    Action.RECEPTION_ENTER_TABLE: ((secretariat, typing), (clerk, typing)),
    Action.RECEPTION_REGISTER: ((secretariat, registering), (clerk, registering)),
    Action.RECEPTION_SET_ASIDE: ((secretariat, typing), (clerk, typing)),
    Action.RECEPTION_VIEW: ((secretariat,), (clerk,)),
    Action.SEARCH_READ: ((anyone,),),
    Action.SYNTHESIS_ADD_ITEM: ((rapporteur, answering),),
    Action.SYNTHESIS_ATTACH: ((rapporteur, answering),),
    Action.SYNTHESIS_DETACH: ((rapporteur, answering),),
    Action.SYNTHESIS_DROP_ITEM: ((rapporteur, answering),),
    Action.SYNTHESIS_EDIT_ITEM: ((rapporteur, answering),),
    Action.SYNTHESIS_EDIT_POINT: ((rapporteur, answering),),
    Action.SYNTHESIS_READ: ((public,), (rapporteur,), (secretariat,), (system,)),
    Action.SYNTHESIS_REJOIN: ((rapporteur, answering),),
    Action.SYNTHESIS_REOPEN: ((chair, concluding),),
    Action.SYNTHESIS_SPLIT: ((rapporteur, answering),),
    Action.SYNTHESIS_VALIDATE: ((chair, concluding),),
    Action.SYNTHESIS_VIEW: ((rapporteur,), (secretariat,)),
}


# What moderators decide on a contribution or a reply: after each of these acts other words are shown, or none, or the same.
DECIDING = (
    Action.MODERATION_PUBLISH, Action.MODERATION_WITHHOLD, Action.MODERATION_RESTORE, Action.MODERATION_REDACT, Action.MODERATION_SHOW_ALL,
    Action.MODERATION_REOPEN, Action.MODERATION_UPHOLD, Action.MODERATION_ASK_TO_REPHRASE)
# Those by which words that somebody could read are kept from them.
HIDING = (Action.MODERATION_WITHHOLD, Action.MODERATION_REDACT, Action.MODERATION_REOPEN, Action.MODERATION_ASK_TO_REPHRASE)
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
