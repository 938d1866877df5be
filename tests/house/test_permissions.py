"""Who may do what, on what, in which phase: written out by hand, so that a slip of RULES cannot agree with itself."""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine

from consult.accounts.models import User
from consult.chapters.models import Chapter
from consult.consultations.models import Appointment, Commission, Consultation, Invitation, Phase, Role, Round
from consult.contributions.models import Attachment, Contribution, ContributionState, OfferedDraft, Origin, Reply
from consult.core.permissions import SYSTEM, VISITOR, Action, can
from consult.organisations.models import Mandate, MemberInvitation, Membership, MembershipState, Organisation
from consult.synthesis.models import Synthesis, SynthesisState

# Everything is of chapter and commission 1. `participant` wrote the contribution, asked for the export and is the person;
# all the staff belong to one house, from which `colleague's` comes; `elsewhere` is the rapporteur of commission 2.
TABLE = """
action                               on             who                                                        in phases
accounts.add                         nothing        administrator system                                       *
accounts.add_passkey                 person         participant                                                *
accounts.bind_identity               person         participant                                                *
accounts.confirm                     person         EVERYBODY                                                  *
accounts.edit_profile                person         participant                                                *
accounts.end_sessions                person         participant                                                *
accounts.end_sessions_of             person         administrator system                                       *
accounts.register                    nothing        EVERYBODY                                                  *
accounts.register_by_provider        nothing        EVERYBODY                                                  *
accounts.remove_authenticator        person         participant                                                *
accounts.remove_passkey              person         participant                                                *
accounts.renew_recovery_codes        person         participant                                                *
accounts.reset_factors               person         administrator system                                       *
accounts.set_up_authenticator        person         participant                                                *
accounts.unbind_identity             person         participant                                                *
accounts.use_recovery_code           person         participant                                                *
adoption.archive                     consultation   secretariat system                                         *
adoption.call_off                    consultation   system                                                     *
adoption.decide                      consultation   secretariat                                                submitted
adoption.keep_archive                consultation   system                                                     *
adoption.request_dossier             consultation   secretariat system                                         *
adoption.seal                        consultation   system                                                     synthesis
adoption.submit                      consultation   secretariat                                                synthesis
chapters.confirm_translation         chapter        rapporteur chair secretariat                               *
chapters.confirm_translations        chapter        rapporteur chair secretariat                               *
chapters.correct                     chapter        rapporteur chair secretariat                               REVISING
chapters.discard                     chapter        rapporteur chair secretariat                               REVISING
chapters.import_chapter              consultation   secretariat                                                REVISING
chapters.import_chapter              consultation   system                                                     *
chapters.keep_working_draft          chapter        rapporteur chair secretariat                               REVISING
chapters.keep_working_draft          consultation   rapporteur elsewhere chair secretariat                     REVISING
chapters.publish                     chapter        chair secretariat                                          REVISING
chapters.read                        chapter        EVERYBODY                                                  *
chapters.rebase                      chapter        rapporteur chair secretariat                               REVISING
chapters.view_translations           chapter        rapporteur chair secretariat                               *
chapters.view_translations           consultation   rapporteur elsewhere chair secretariat                     *
chapters.view_working_draft          chapter        rapporteur chair secretariat                               *
consultations.accept_invitation      invitation     participant                                                UNDER_WAY
consultations.add                    nothing        administrator system                                       *
consultations.appoint                consultation   secretariat administrator system                           *
consultations.appoint_administrator  consultation   administrator system                                       *
consultations.begin_synthesis        consultation   secretariat                                                closed
consultations.change_roles_of        person         secretariat administrator system                           *
consultations.close                  consultation   secretariat                                                open
consultations.close                  consultation   system                                                     *
consultations.dismiss                consultation   secretariat administrator system                           *
consultations.edit                   consultation   secretariat administrator system                           *
consultations.enrol                  invitation     EVERYBODY                                                  UNDER_WAY
consultations.extend                 consultation   secretariat                                                open
consultations.invite                 consultation   secretariat administrator system                           UNDER_WAY
consultations.invite_again           invitation     secretariat administrator system                           UNDER_WAY
consultations.let_go                 consultation   secretariat                                                *
consultations.manage                 consultation   secretariat administrator                                  *
consultations.open                   consultation   secretariat                                                preparation
consultations.open                   consultation   system                                                     *
consultations.schedule               consultation   secretariat                                                preparation
consultations.schedule               consultation   system                                                     *
consultations.send_again             consultation   secretariat                                                *
consultations.withdraw_invitation    invitation     secretariat administrator system                           *
contributions.accept_offered         offered        participant                                                open
contributions.address_draft          draft          nobody                                                     *
contributions.address_draft          kept-for       EVERYBODY                                                  *
contributions.attach                 draft          participant                                                *
contributions.claim_draft            draft          nobody                                                     *
contributions.claim_draft            kept-for       participant                                                *
contributions.confirm_anchor         published      rapporteur chair secretariat                               REVISING
contributions.confirm_certain        chapter        rapporteur chair secretariat                               REVISING
contributions.detach                 draft          participant                                                *
contributions.drop_draft             draft          participant                                                *
contributions.edit_offered           offered        participant member                                         open
contributions.enter                  chapter        secretariat clerk                                          open closed
contributions.enter_again            on-paper       secretariat clerk                                          open closed
contributions.enter_again            waiting        nobody                                                     *
contributions.find_places            chapter        system                                                     *
contributions.keep_draft             chapter        EVERYBODY                                                  *
contributions.keep_draft             draft          participant                                                *
contributions.keep_file_words        published      system                                                     *
contributions.leave                  published      rapporteur chair secretariat                               REVISING
contributions.lodge                  chapter        participant other STAFF secretariat administrator clerk    open
contributions.lodge_position         chapter        participant other STAFF secretariat administrator clerk    open
contributions.offer                  chapter        participant other STAFF secretariat administrator clerk    open
contributions.offer_again            offered        member                                                     open
contributions.offer_again            own-offered    participant                                                open
contributions.open_annex             annex          rapporteur chair secretariat                               *
contributions.read                   waiting        participant moderator rapporteur chair secretariat system  *
contributions.read                   published      EVERYBODY                                                  *
contributions.read_draft_file        draft          participant                                                *
contributions.read_draft_file        offered        participant member expired to-come                         *
contributions.read_file              annex          participant system                                         *
contributions.read_file              waiting-file   participant moderator rapporteur chair secretariat system  *
contributions.read_file              file           EVERYBODY                                                  *
contributions.read_file_words        published      rapporteur chair secretariat                               *
contributions.read_offered           offered        participant member expired to-come                         *
contributions.read_offered           organisation   participant member expired to-come                         *
contributions.read_trace             waiting        nobody                                                     *
contributions.read_trace             withheld       EVERYBODY                                                  *
contributions.reattach               published      rapporteur chair secretariat                               REVISING
contributions.receipt                waiting        participant moderator rapporteur chair secretariat system  *
contributions.remark_on_offered      offered        participant member expired to-come                         *
contributions.reply                    published      participant other STAFF secretariat administrator clerk    open
contributions.reply                    waiting        nobody                                                     *
contributions.return_offered         offered        participant                                                *
contributions.support                  published      other STAFF secretariat administrator clerk                open
contributions.support                  waiting        nobody                                                     *
contributions.take_back_offered      offered        member                                                     *
contributions.take_back_offered      own-offered    participant                                                *
contributions.take_back_support        published      participant other STAFF secretariat administrator clerk    open closed synthesis
contributions.view_anchors           chapter        rapporteur chair secretariat                               *
contributions.withdraw               waiting        participant                                                open closed synthesis
contributions.withdraw_reply           reply          participant                                                open closed synthesis
contributions.write                  chapter        EVERYBODY                                                  open
exports.download                     export         participant secretariat system                             *
exports.open_data                    consultation   EVERYBODY                                                  *
exports.request                      consultation   rapporteur elsewhere chair secretariat system              *
exports.request                      chapter        rapporteur chair secretariat system                        *
exports.view_all                     consultation   secretariat system                                         *
forms.discard                        draft          participant                                                *
forms.download                       consultation   EVERYBODY                                                  *
forms.leave_row                      draft          participant                                                *
forms.make_drafts                    draft          participant                                                open
forms.place_row                      draft          participant                                                *
forms.read                           draft          participant                                                *
forms.receive                        chapter        participant other STAFF secretariat administrator clerk    open
grouping.join                        published      rapporteur chair                                           open closed synthesis
grouping.part                        published      rapporteur chair                                           open closed synthesis
grouping.view                        consultation   rapporteur elsewhere chair secretariat                     *
journal.read                         nothing        EVERYBODY                                                  *
journal.view_events                  consultation   secretariat administrator                                  *
journal.view_permissions             consultation   secretariat administrator                                  *
moderation.publish                   waiting        moderator rapporteur chair secretariat                     open closed synthesis
moderation.publish                   colleague's    nobody                                                     *
moderation.publish                   double's       nobody                                                     *
moderation.ask_to_rephrase           waiting        moderator rapporteur chair secretariat                     open closed synthesis
moderation.ask_to_rephrase           colleague's    nobody                                                     *
moderation.ask_to_rephrase           double's       nobody                                                     *
moderation.rephrase                  waiting        participant                                                open closed synthesis
moderation.keep_words                waiting        participant                                                open closed synthesis
moderation.lapse                     waiting        system                                                     *
moderation.flag                      published      other STAFF secretariat administrator clerk          open closed synthesis
moderation.keep_flagged              waiting        moderator rapporteur chair secretariat                     open closed synthesis
moderation.keep_flagged              colleague's    nobody                                                     *
moderation.keep_flagged              double's       nobody                                                     *
moderation.view_own_flag             published      participant other STAFF secretariat administrator clerk    *
moderation.mark_read                 waiting        moderator rapporteur chair secretariat                     open closed synthesis
moderation.mark_read                 colleague's    nobody                                                     *
moderation.mark_read                 double's       nobody                                                     *
moderation.appeal                    waiting        participant                                                open closed synthesis
moderation.uphold                    waiting        secretariat                                                open closed synthesis
moderation.uphold                    colleague's    nobody                                                     *
moderation.uphold                    double's       nobody                                                     *
moderation.dismiss_hint              waiting        moderator rapporteur chair secretariat                     open closed synthesis
moderation.dismiss_hint              colleague's    nobody                                                     *
moderation.dismiss_hint              double's       nobody                                                     *
moderation.read_original             waiting        moderator rapporteur chair secretariat                     *
moderation.redact                    waiting        moderator rapporteur chair                                 open closed synthesis
moderation.redact                    waiting        secretariat                                                ONCE_OPENED
moderation.redact                    colleague's    nobody                                                     *
moderation.redact                    double's       nobody                                                     *
moderation.reopen                    waiting        moderator rapporteur chair secretariat                     open closed synthesis
moderation.reopen                    colleague's    nobody                                                     *
moderation.reopen                    double's       nobody                                                     *
moderation.show_all                  waiting        moderator rapporteur chair secretariat                     open closed synthesis
moderation.show_all                  colleague's    nobody                                                     *
moderation.show_all                  double's       nobody                                                     *
moderation.restore                   waiting        moderator rapporteur chair secretariat                     open closed synthesis
moderation.restore                   colleague's    nobody                                                     *
moderation.restore                   double's       nobody                                                     *
moderation.view                      consultation   STAFF secretariat                                          *
moderation.view                      waiting        moderator rapporteur chair secretariat                     *
moderation.withhold                  waiting        moderator rapporteur chair                                 open closed synthesis
moderation.withhold                  waiting        secretariat                                                ONCE_OPENED
moderation.withhold                  colleague's    nobody                                                     *
moderation.withhold                  double's       nobody                                                     *
news.choose                          person         participant                                                *
news.follow                          chapter        participant other STAFF secretariat administrator clerk    *
news.stop                            person         EVERYBODY                                                  *
news.unfollow                        chapter        participant other STAFF secretariat administrator clerk    *
organisations.accept                 membership     participant secretariat system                             *
organisations.accept                 own-membership  secretariat system                                                     *
organisations.accept_invitation      member-invitation  participant                                            *
organisations.add                    nothing        participant other STAFF secretariat administrator clerk system  *
organisations.confirm                consultation   secretariat                                                *
organisations.correct                consultation   secretariat                                                *
organisations.end_mandate            membership     participant secretariat system                             *
organisations.end_membership         membership     participant secretariat system                             *
organisations.end_membership         own-membership  secretariat system                                                     *
organisations.enrol                  member-invitation  EVERYBODY                                              *
organisations.enter                  consultation   secretariat clerk                                          open closed
organisations.invite                 organisation   participant secretariat system                             *
organisations.invite_again           member-invitation  participant secretariat system                         *
organisations.join                   person         participant                                                *
organisations.leave                  person         participant                                                *
organisations.mandate                membership     participant secretariat system                             *
organisations.mandate                own-membership  secretariat system                                                     *
organisations.merge                  consultation   secretariat                                                *
organisations.view_members           organisation   participant secretariat                                    *
organisations.view_register          consultation   secretariat                                                *
organisations.withdraw_invitation    member-invitation  participant secretariat system                         *
outreach.correct_row                 consultation   secretariat                                                *
outreach.discard                     consultation   secretariat system                                         *
outreach.enrol                       invitation     EVERYBODY                                                  open
outreach.hold                        consultation   secretariat system                                         *
outreach.import_list                 consultation   secretariat system                                         *
outreach.leave_out                   consultation   secretariat                                                *
outreach.leave_out_doubtful          consultation   secretariat system                                         *
outreach.note_returned               consultation   secretariat                                                *
outreach.open                        invitation     EVERYBODY                                                  open
outreach.refuse                      invitation     EVERYBODY                                                  *
outreach.send                        consultation   secretariat                                                open
outreach.take                        consultation   secretariat system                                         *
outreach.take_up                     invitation     participant                                                open
outreach.view                        consultation   secretariat system                                         *
privacy.forget                       person         participant system                                         *
privacy.forget_on_request            consultation   secretariat                                                *
privacy.read                         nothing        EVERYBODY                                                  *
privacy.view_register                consultation   secretariat administrator                                  *
reception.bring                      consultation   secretariat clerk                                          open closed
reception.check                      entry          secretariat                                                open closed
reception.check                      other's-entry  secretariat clerk                                          open closed
reception.claim                      consultation   participant other STAFF administrator                      *
reception.close                      consultation   secretariat clerk                                          open closed
reception.correct                    entry          secretariat                                                open closed
reception.correct                    other's-entry  secretariat clerk                                          open closed
reception.enter                      consultation   secretariat clerk                                          open closed
reception.enter_table                consultation   secretariat clerk                                          open closed
reception.register                   consultation   secretariat clerk                                          open closed
reception.set_aside                  consultation   secretariat clerk                                          open closed
reception.view                       consultation   secretariat clerk                                          *
search.read                          consultation   EVERYBODY                                                  *
synthesis.add_item                   synthesis      rapporteur chair                                           open closed synthesis
synthesis.attach                     synthesis      rapporteur chair                                           open closed synthesis
synthesis.detach                     synthesis      rapporteur chair                                           open closed synthesis
synthesis.drop_item                  synthesis      rapporteur chair                                           open closed synthesis
synthesis.edit_item                  synthesis      rapporteur chair                                           open closed synthesis
synthesis.edit_point                 published      rapporteur chair                                           open closed synthesis
synthesis.read                       synthesis      rapporteur chair secretariat system                        *
synthesis.read                       submitted-one  EVERYBODY                                                  *
synthesis.rejoin                     published      rapporteur chair                                           open closed synthesis
synthesis.reopen                     synthesis      chair                                                      synthesis
synthesis.split                      published      rapporteur chair                                           open closed synthesis
synthesis.validate                   synthesis      chair                                                      synthesis
synthesis.view                       consultation   rapporteur elsewhere chair secretariat                     *
synthesis.view                       synthesis      rapporteur chair secretariat                               *
"""
ROLES = ("visitor", "participant", "other", "member", "expired", "to-come",
         "moderator", "rapporteur", "elsewhere", "chair", "secretariat", "administrator", "clerk", "system")
# A member of the participant's organisation without a mandate, one whose mandate is over and one whose mandate is to begin may do what
# strangers may.
GROUPS = {"EVERYBODY": ROLES, "STAFF": ("moderator", "rapporteur", "elsewhere", "chair"), "nobody": (),
          "other": ("other", "member", "expired", "to-come")}
REVISING = "preparation open closed synthesis"
UNDER_WAY = f"{REVISING} submitted"
ONCE_OPENED = "open closed synthesis submitted adopted"
PHASES = tuple(phase.value for phase in Phase)
NOW = datetime(2027, 1, 20, 12, tzinfo=UTC)
HOUSE, FEDERATION = 7, 5


def expected() -> dict[tuple[str, str, str], set[str]]:
    """(action, subject, role) → the phases in which it is allowed, as the table says."""
    phases_of: dict[tuple[str, str, str], set[str]] = {}
    for line in TABLE.strip().splitlines()[1:]:
        action, subject, who, phases = re.split(r"  +", line)
        allowed = {role for word in who.split() for role in GROUPS.get(word, (word,))}
        assert allowed <= set(ROLES), line
        for role in ROLES:
            when = phases_of.setdefault((action, subject, role), set())
            if role in allowed:
                named = phases.replace("REVISING", REVISING).replace("UNDER_WAY", UNDER_WAY).replace("ONCE_OPENED", ONCE_OPENED)
                when |= set(PHASES if phases == "*" else named.split())
    return phases_of


EXPECTED = expected()


class World:
    """One of everything, in memory, in one phase."""

    def __init__(self, phase: str) -> None:
        days_ago = -3 if phase == "preparation" else 10
        period = Round(number=1, opens_at=NOW - timedelta(days=days_ago), closes_at=NOW + timedelta(days=20), confirmed_at=NOW)
        self.consultation = Consultation(id=1, phase=Phase(phase), cndp_number="D-1", rounds=[period])
        self.commissions = [Commission(id=n, number=n, consultation=self.consultation) for n in (1, 2)]
        self.actors = self.people()
        self.subjects = self.things()

    def people(self) -> dict:
        def person(number, role=None, commission=None, organisation_id=HOUSE, mandated=True, begins_at=NOW, ends_at=None):
            held = [Appointment(role=role, commission_id=commission)] if role else []
            return User(id=number, email=f"person-{number}@example.org", appointments=held,
                        memberships=[Membership(organisation_id=organisation_id)],
                        membership=Membership(organisation_id=organisation_id, state=MembershipState.MEMBER),
                        mandate=Mandate(organisation_id=organisation_id, begins_at=begins_at, ends_at=ends_at) if mandated else None,
                        active=True)
        return {
            "visitor": VISITOR, "system": SYSTEM,
            "participant": person(1, organisation_id=FEDERATION), "other": person(2, organisation_id=6),
            "member": person(9, organisation_id=FEDERATION, mandated=False),
            "expired": person(10, organisation_id=FEDERATION, begins_at=NOW - timedelta(days=1), ends_at=NOW - timedelta(seconds=1)),
            "to-come": person(11, organisation_id=FEDERATION, begins_at=NOW + timedelta(seconds=1)),
            "moderator": person(3, Role.MODERATOR, 1), "rapporteur": person(4, Role.RAPPORTEUR, 1),
            "elsewhere": person(5, Role.RAPPORTEUR, 2), "chair": person(6, Role.CHAIR, 1),
            "secretariat": person(7, Role.SECRETARIAT), "administrator": person(8, Role.ADMINISTRATOR),
            "clerk": person(12, Role.CLERK),
        }

    def things(self) -> dict:
        chapter = Chapter(id=1, number=1, consultation=self.consultation, commission=self.commissions[0], commission_id=1)

        def contribution(state=ContributionState.SUBMITTED, organisation_id=FEDERATION, author_id=1, merged_into_id=None,
                         origin=Origin.ONLINE):
            return Contribution(chapter=chapter, author_id=author_id, organisation_id=organisation_id, state=state, origin=origin,
                                organisation=Organisation(id=organisation_id, merged_into_id=merged_into_id))

        export = SimpleNamespace(requested_by_id=1, consultation=self.consultation, commission_id=1)
        return {
            "nothing": None, "person": self.actors["participant"], "consultation": self.consultation, "chapter": chapter,
            "entry": SimpleNamespace(typed_by_id=12, consultation=self.consultation),
            "other's-entry": SimpleNamespace(typed_by_id=99, consultation=self.consultation),
            "on-paper": contribution(origin=Origin.PAPER),
            "waiting": contribution(), "published": contribution(ContributionState.PUBLISHED),
            "withheld": contribution(ContributionState.WITHHELD),
            "annex": Attachment(contribution=contribution(ContributionState.PUBLISHED), is_confidential=True),
            "file": Attachment(contribution=contribution(ContributionState.PUBLISHED), is_confidential=False),
            "waiting-file": Attachment(contribution=contribution(), is_confidential=False),
            "reply": Reply(chapter=chapter, author_id=1, organisation_id=FEDERATION, organisation=Organisation(id=FEDERATION),
                           state=ContributionState.SUBMITTED),
            "colleague's": contribution(organisation_id=HOUSE, author_id=99),
            "double's": contribution(organisation_id=8, author_id=99, merged_into_id=HOUSE),
            "draft": SimpleNamespace(author_id=1, organisation_id=None, address=None, consultation=self.consultation), "export": export,
            "kept-for": SimpleNamespace(author_id=None, address="person-1@example.org", consultation=self.consultation),
            "membership": Membership(user_id=99, organisation_id=FEDERATION), "organisation": Organisation(id=FEDERATION),
            "offered": OfferedDraft(organisation_id=FEDERATION, author_id=9, consultation=self.consultation),
            "own-offered": OfferedDraft(organisation_id=FEDERATION, author_id=1, consultation=self.consultation),
            "own-membership": Membership(user_id=1, organisation_id=FEDERATION),
            "member-invitation": MemberInvitation(address="person-1@example.org", organisation_id=FEDERATION),
            "invitation": Invitation(address="person-1@example.org", consultation=self.consultation),
            "synthesis": Synthesis(chapter=chapter, state=SynthesisState.DRAFT),
            "submitted-one": Synthesis(chapter=chapter, state=SynthesisState.SUBMITTED),
        }


@pytest.fixture(scope="module")
def worlds():
    return {phase: World(phase) for phase in PHASES}


@pytest.fixture(autouse=True)
def frozen():
    with time_machine.travel(NOW, tick=False):
        yield


def test_every_action_stands_in_the_table():
    assert {action for action, _subject, _role in EXPECTED} == {action.value for action in Action}


def test_the_worlds_are_in_their_phases(worlds):
    assert {phase: world.consultation.current_phase.value for phase, world in worlds.items()} == {phase: phase for phase in PHASES}


@pytest.mark.parametrize(("action", "subject", "role"), list(EXPECTED))
def test_permission(worlds, action, subject, role):
    allowed = {phase for phase, world in worlds.items() if can(world.actors[role], action, world.subjects[subject])}
    assert allowed == EXPECTED[action, subject, role]


@pytest.mark.parametrize(("seconds", "allowed"), [(-1, True), (0, False)])
def test_the_last_second_counts(worlds, seconds, allowed):
    world = worlds["open"]
    with time_machine.travel(world.consultation.closes_at + timedelta(seconds=seconds), tick=False):
        assert can(world.actors["participant"], "contributions.lodge", world.subjects["chapter"]) is allowed
