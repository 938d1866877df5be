"""The one table of permissions in words: act by act, who may, in which phases, of which commission, on what condition.

It is read out of ``RULES`` and nothing else, for auditors: on a page, and in ``docs/permissions.md``.
"""

from collections.abc import Iterator
from typing import NamedTuple

from consult.consultations.models import COMMISSION_ROLES, Phase, Role
from consult.core.i18n import N_, gettext
from consult.core.permissions import RULES, Action, Rule, anyone, nobody, signed_in, system
from consult.journal.words import ACTS

# What is asked and leaves no event.
READING: dict[Action, str] = {
    Action.ADOPTION_ARCHIVE: N_("The sealed archive is taken away"),
    Action.ADOPTION_REQUEST_DOSSIER: N_("The whole dossier is asked for, as a draft"),
    Action.CHAPTERS_READ: N_("A text is read"),
    Action.CHAPTERS_VIEW_TRANSLATIONS: N_("Texts beside their translations are looked at"),
    Action.CHAPTERS_VIEW_WORKING_DRAFT: N_("A working draft is looked at"),
    Action.CONSULTATIONS_APPOINT_ADMINISTRATOR: N_("Somebody is made an administrator"),
    Action.CONSULTATIONS_CHANGE_ROLES_OF: N_("The roles of a person are given or withdrawn"),
    Action.CONSULTATIONS_MANAGE: N_("The dashboard of the consultation is looked at"),
    Action.CONTRIBUTIONS_READ: N_("The words of a contribution are read"),
    Action.CONTRIBUTIONS_READ_DRAFT_FILE: N_("A file of a text that is not lodged is opened"),
    Action.CONTRIBUTIONS_READ_FILE: N_("A file that was lodged is opened"),
    Action.CONTRIBUTIONS_READ_FILE_WORDS: N_("The words that the platform read in attached files are looked at"),
    Action.CONTRIBUTIONS_READ_OFFERED: N_("Drafts offered to an organisation are read, with their versions and remarks"),
    Action.CONTRIBUTIONS_READ_TRACE: N_("It is read that a contribution was there"),
    Action.CONTRIBUTIONS_RECEIPT: N_("A receipt is read"),
    Action.CONTRIBUTIONS_VIEW_ANCHORS: N_("The places of contributions are looked at"),
    Action.CONTRIBUTIONS_WRITE: N_("The form of a contribution is filled in"),
    Action.EXPORTS_DOWNLOAD: N_("A file that was made is taken away"),
    Action.EXPORTS_OPEN_DATA: N_("Open data are taken away"),
    Action.EXPORTS_VIEW_ALL: N_("What others asked for is looked at"),
    Action.GROUPING_VIEW: N_("What says the same, and where each contribution stands, is looked at"),
    Action.JOURNAL_READ: N_("The journal’s state is read"),
    Action.JOURNAL_VIEW_EVENTS: N_("The events of the journal are read"),
    Action.JOURNAL_VIEW_PERMISSIONS: N_("This table is read"),
    Action.MODERATION_VIEW_OWN_FLAG: N_("A flag of one’s own is looked at"),
    Action.MODERATION_VIEW: N_("What waits for moderation is looked at"),
    Action.ORGANISATIONS_VIEW_MEMBERS: N_("The members of an organisation are looked at"),
    Action.ORGANISATIONS_VIEW_REGISTER: N_("The register of organisations is looked at"),
    Action.FORMS_DOWNLOAD: N_("The form of ISO is taken away"),
    Action.FORMS_READ: N_("Filled forms of one’s own are looked at"),
    Action.OUTREACH_VIEW: N_("The list of stakeholders is looked at"),
    Action.PRIVACY_READ: N_("The periods of retention are read"),
    Action.PRIVACY_VIEW_REGISTER: N_("The register of processing is read"),
    Action.RECEPTION_VIEW: N_("What was received on paper, and how its authors can be reached, is looked at"),
    Action.SEARCH_READ: N_("The text and what was said of it are searched"),
    Action.SYNTHESIS_READ: N_("A synthesis is read"),
    Action.SYNTHESIS_VIEW: N_("The workbench of a synthesis is looked at"),
}
SEPARATOR = " · "  # alike in every language


class Line(NamedTuple):
    """One way of being allowed to do something."""

    action: Action
    act: str
    who: str
    phases: str
    where: str
    condition: str


def lines() -> Iterator[Line]:
    """Each line of each rule, in the order of the table."""
    for action, ways in RULES.items():
        for way in ways:
            yield Line(action, gettext(ACTS.get(action) or READING[action]), who(way), phases(way), where(way), condition(way))


def who(way: tuple[Rule, ...]) -> str:
    """The role that is asked for; without one, whoever the first rule names."""
    roles = [Role(role).label for rule in way for role in rule.roles]
    return SEPARATOR.join(roles) or str(named(way).words)


def named(way: tuple[Rule, ...]) -> Rule:
    """The rule that says who, where no role does; conditions alone leave it to anybody."""
    return next((rule for rule in way if rule in (signed_in, system, nobody)), anyone)


def phases(way: tuple[Rule, ...]) -> str:
    asked = [rule.phases for rule in way if rule.phases is not None]
    if not asked:
        return gettext("in every phase")
    return SEPARATOR.join(phase.label for phase in Phase if all(holds(phase) for holds in asked))


def where(way: tuple[Rule, ...]) -> str:
    roles = [role for rule in way for role in rule.roles]
    return gettext("in their own commission") if any(role in COMMISSION_ROLES for role in roles) else gettext("everywhere")


def condition(way: tuple[Rule, ...]) -> str:
    return SEPARATOR.join(str(rule.words) for rule in way if rule.words and not rule.roles and rule is not named(way))
