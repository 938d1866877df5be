"""The rules of who may do what, each one condition with the sentence that a refused reader gets; which act asks for which of them stands in
``permissions.py``.
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from consult.core.actors import Actor
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
own = Rule(lambda actor, obj: actor.wrote(obj.author_id), ANOTHERS, words=_("what is their own"))
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
anothers = Rule(lambda actor, obj: not actor.wrote(obj.author_id), _("Nobody supports a contribution of their own."),
                words=_("somebody else’s"))
somebody_elses_text = Rule(
    lambda actor, obj: not actor.wrote(obj.author_id), _("This text is your own: withdraw it if it should not be read."),
    words=_("somebody else’s"))
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
    lambda actor, obj: not actor.wrote(obj.author_id) and not (
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
clerk = holds("clerk")
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
typing = Rule(
    lambda actor, obj: consultation_of(obj).takes_entries(arrived_at()),
    _("What came on paper is typed from the opening until ten days after the closing, and before the synthesis begins."),
    reads=COURSE, words=_("until ten days after the closing"), phases=lambda one: one.takes_entries)
registering = Rule(
    lambda actor, obj: consultation_of(obj).takes_batches(arrived_at()),
    _("A batch is registered from the opening until three days after the closing."),
    reads=COURSE, words=_("until three days after the closing"), phases=lambda one: one.takes_entries)
typed_for_somebody = Rule(
    lambda actor, obj: obj.origin.is_typed, _("Its author lodged it here: it is theirs alone to change."),
    words=_("what was typed for its author"))
typed_by_another = Rule(
    lambda actor, obj: obj.typed_by_id != actor.id, _("You typed this one: somebody else compares it with the paper."),
    _("Ask another clerk, or the secretariat."), words=_("what somebody else typed"))
reads_no_stubs = Rule(
    lambda actor, obj: not actor.holds("clerk") and not actor.holds("secretariat"),
    _("Whoever types what came on paper reads the codes of all stubs, and so claims none."),
    _("Claim your own once you hold that role no more, or write to the secretariat."), words=_("whoever prints no stubs"))
answering = phase("is_answering")
under_way = phase("is_under_way", _("The consultation is over: no role is given in it any more."))
before_the_council = before("adopted", _("This is possible once the syntheses have been submitted to the Council."))
concluding = phase("is_concluding", _("This belongs to the synthesis phase, which the secretariat begins after the closing."))
revising = phase("is_revising")
once_opened = phase("has_opened")
