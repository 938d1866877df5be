"""Every page that somebody can open, by role, and on which rows of a filled database the largest of each kind is found."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters.models import Block, Chapter, Revision
from consult.consultations.models import Appointment, Role
from consult.contributions.models import (
    Anchor,
    AnchorState,
    Contribution,
    ContributionState,
    OfferedDraft,
    PassagePlace,
    ProvisionTally,
    Reply,
)
from consult.core.db import session
from consult.core.news import Topic
from consult.news.signing import token_of
from consult.organisations.models import Organisation
from consult.synthesis.models import ItemContribution, Point, Synthesis, SynthesisItem
from tests.benchmarks.begun import usual_author_id
from tests.benchmarks.filling import PUBLIC, REPRESENTATIVE, REVISED

STAFF = {
    "rapporteur": f"rapporteur{REVISED}@csnca.example", "chair": f"chair{REVISED}@csnca.example",
    "secretariat": "secretariat1@csnca.example", "administrator": "administrator@csnca.example",
}
# Who opens what, in the phase of preparation, synthesis… where it is not the open one. What stands in braces is found by `subjects`.
TABLE = """
visitor participant rapporteur secretariat  /
visitor participant rapporteur secretariat  /chapters/{number}
visitor rapporteur                          /chapters/{number}/provisions/{key}
visitor                                     /chapters/{number}/provisions/{key}?said=amendments
visitor                                     /chapters/{number}/provisions/{key}?after={later}
visitor rapporteur                          /chapters/{number}/revisions
visitor                                     /chapters/{number}/revisions/fr/1
visitor                                     /chapters/{number}/compare/fr
visitor                                     /chapters/{number}/compare/fr/1/2
rapporteur secretariat                      /chapters/coverage
secretariat                                 /chapters/import-chapter
rapporteur secretariat                      /chapters/working-drafts
rapporteur chair                            /chapters/{number}/working-draft/fr
rapporteur                                  /chapters/{number}/edit/fr
rapporteur                                  /chapters/{number}/working-draft/fr/correct?new={key}
rapporteur                                  /chapters/{number}/translations/ar
visitor participant rapporteur              /contributions/
visitor                                     /contributions/?after={later}
visitor                                     /contributions/?chapter={number}
visitor                                     /contributions/?chapter={number}&after={later}
visitor                                     /contributions/?position=opposed
visitor                                     /contributions/?category=own_name&kind=recommendation
visitor                                     /contributions/?category=laboratory
visitor                                     /contributions/?chapter={number}&category=trade_union&language_of=ar&comment_type=editorial
visitor participant secretariat             /search/
visitor                                     /search/?q=laboratoire
visitor                                     /search/?q=indicateur+annuel&sort=newest
visitor                                     /search/?q=indicateur&chapter={number}&category=trade_union&position=opposed&sort=text
visitor                                     /search/?q=%22petites+entreprises%22+-calendrier
visitor                                     /search/?q=indicateru+absent
visitor                                     /search/?category=laboratory&language_of=ar
participant                                 /search/?q=indicateur&mine=yes&answered=no
visitor                                     /search/?q={ref}
visitor participant rapporteur              /contributions/{ref}
visitor rapporteur                          /contributions/{withheld}
visitor participant rapporteur              /contributions/discussion/{number}/{key}
visitor                                     /contributions/discussion/{number}/{key}?after={later}
visitor participant                         /contributions/lodge/{number}/{key}
participant                                 /contributions/similar/{number}/{key}
visitor participant                         /contributions/own-lines/{number}
participant                                 /contributions/mine
participant                                 /contributions/position
representative                              /contributions/position
representative                              /contributions/organisation-drafts
representative                              /contributions/organisation-drafts?after={drafted}
representative                              /contributions/organisation-drafts/{draft}
representative                              /contributions/organisation-drafts/{draft}?after=7
representative                              /contributions/organisation-drafts/{draft}/edit
representative                              /contributions/organisation-drafts/{draft}/versions/1
representative                              /contributions/lodge/{number}/{key}
participant                                 /contributions/mine?after={later}
participant                                 /contributions/mine?replies_after={replied}
visitor participant                         /contributions/{talked}
visitor                                     /contributions/{talked}?replies_after=7
visitor                                     /contributions/{reply}
participant                                 /contributions/reply/{ref}
participant                                 /contributions/withdraw-reply/{own_reply}
participant rapporteur                      /contributions/receipt/{own}
participant                                 /contributions/withdraw/{own}
rapporteur secretariat                      /contributions/anchors/{number}
rapporteur                                  /contributions/anchors/{number}?state=confirmed
rapporteur                                  /contributions/anchors/{number}?state=confirmed&class=changed&text=fr
rapporteur                                  /contributions/anchors/{number}?state=confirmed&after={placed}
rapporteur                                  /contributions/anchor/{anchor}
rapporteur chair secretariat                /moderation/
secretariat                                 /moderation/?state=published
secretariat                                 /moderation/?state=published&after={later}
rapporteur                                  /moderation/?chapter={number}&state=withheld
rapporteur secretariat                      /moderation/{waiting}
rapporteur                                  /moderation/{ref}?state=published
visitor secretariat                         /moderation/register
visitor                                     /moderation/register?after={later}
visitor                                     /moderation/register?chapter={number}
rapporteur secretariat                      /moderation/?of=replies
secretariat                                 /moderation/?of=replies&state=published&after={replied}
rapporteur                                  /moderation/{waiting_reply}
visitor                                     /moderation/register?of=replies
visitor                                     /moderation/register?of=replies&after={replied}
rapporteur                                  /moderation/publish/{waiting}
rapporteur                                  /moderation/withhold/{waiting}
rapporteur                                  /moderation/restore/{withheld}
rapporteur                                  /moderation/redact/{waiting}
rapporteur secretariat                      /moderation/appeals
participant                                 /moderation/appeal/{own}
participant                                 /moderation/rephrase/{own}
secretariat                                 /moderation/flag/{ref}
rapporteur secretariat                      /moderation/flagged
rapporteur secretariat                      /moderation/unread
rapporteur                                  /moderation/unread?of=replies
participant                                 /moderation/keep-words/{own}
rapporteur                                  /moderation/ask-to-rephrase/{waiting}
secretariat                                 /moderation/uphold/{withheld}
rapporteur                                  /moderation/show-all/{ref}
rapporteur                                  /moderation/reopen/{withheld}
rapporteur                                  /moderation/read-original/{ref}
rapporteur                                  /moderation/withhold-several
participant                                 /organisations/add
participant                                 /organisations/mine
participant                                 /organisations/mine?q=laboratoire
secretariat                                 /organisations/members/{organisation}
secretariat                                 /organisations/members/{organisation}/invite
secretariat                                 /organisations/register
secretariat                                 /organisations/register?state=listed
secretariat                                 /organisations/register/{organisation}/correct
visitor participant secretariat             /forms
secretariat                                 /outreach
secretariat                                 /outreach?state=listed&category=company&sector=health&region=national&chapter=1
secretariat                                 /outreach/by-category
secretariat                                 /outreach/import-list
secretariat                                 /outreach/radar
secretariat                                 /outreach/radar?chapter={number}
secretariat                                 /outreach/send
secretariat                                 /organisations/register/{organisation}/merge
secretariat                                 /organisations/register/{organisation}/merge?into={body}
secretariat administrator                   /journal/permissions
visitor                                     /privacy
participant                                 /privacy/forget
secretariat                                 /privacy/forget-on-request
secretariat administrator                   /privacy/register
secretariat                                 /privacy/register/file
rapporteur                                  /synthesis/workbench
rapporteur chair secretariat                /synthesis/workbench/{number}
rapporteur                                  /synthesis/workbench/{number}?answer=all
rapporteur                                  /synthesis/workbench/{number}?answer=all&after={place}
rapporteur                                  /synthesis/workbench/{number}?answer=all&block={key}
rapporteur                                  /synthesis/workbench/{number}?answer=undecided
rapporteur                                  /synthesis/workbench/{number}?answer=answered&after={place}
rapporteur                                  /synthesis/workbench/{number}?answer=unanswered&position=opposed&category=own_name
rapporteur                                  /synthesis/workbench/{number}?answer=undecided&category=trade_union&language_of=ar
rapporteur chair secretariat                /synthesis/overview/{number}
rapporteur                                  /synthesis/read/{number}
visitor                                     /synthesis/read/{public}
visitor                                     /synthesis/gathered/{public}/1
rapporteur                                  /synthesis/edit-item/{item}
rapporteur                                  /synthesis/edit-item/{item}?after={later}
rapporteur                                  /synthesis/workbench/{number}?answer=all&repeated=1
rapporteur chair secretariat                /synthesis/account/{number}
rapporteur chair secretariat                /synthesis/positions/{number}
rapporteur                                  /synthesis/positions/{number}?category=laboratory
rapporteur                                  /synthesis/account/{number}?since={ref}
rapporteur                                  /synthesis/split/{ref}
rapporteur                                  /synthesis/rejoin/{ref}
rapporteur                                  /synthesis/edit-point/{point}
rapporteur secretariat                      /grouping/{number}/1
rapporteur                                  /grouping/join/{number}/1
visitor                                     /grouping/method
rapporteur                                  /synthesis/add-item/{number}
rapporteur                                  /synthesis/attach/{number}
rapporteur                                  /synthesis/detach/{item}/{gathered}
chair                                       /synthesis/validate/{number}
chair                                       /synthesis/reopen/{number}
secretariat administrator                   /consultations/dashboard
secretariat administrator                   /consultations/appoint
secretariat administrator                   /consultations/invite
secretariat                                 /consultations/dismiss/{appointment}
secretariat                                 /consultations/edit
secretariat                                 /consultations/home-words
secretariat                                 /consultations/letters
secretariat                                 /consultations/extend
secretariat                                 /consultations/close
secretariat@preparation                     /consultations/schedule
secretariat@preparation                     /consultations/open
secretariat@closed                          /consultations/begin-synthesis
visitor                                     /consultations/charter
visitor                                     /consultations/help
visitor                                     /consultations/legal-notice
visitor                                     /consultations/take-part
participant                                 /accounts/arrive
participant                                 /accounts/profile
participant                                 /accounts/sessions
participant secretariat                     /accounts/second-factor
participant                                 /accounts/set-up-authenticator
participant                                 /accounts/remove-authenticator
participant                                 /accounts/renew-recovery-codes
participant                                 /accounts/wan-register
administrator                               /accounts/end-sessions-of
administrator                               /accounts/reset-factors
visitor                                     /accounts/check-mail
visitor                                     /accounts/follow-link
visitor                                     /accounts/use-passkey
rapporteur secretariat                      /exports
visitor                                     /exports/open-data
visitor participant                         /journal
secretariat                                 /reception
visitor                                     /journal/feed
participant                                 /news/choose
participant                                 /news/following
participant                                 /news/follow/{number}
participant                                 /news/follow/{number}/{key}
participant                                 /news/unfollow/{number}/{key}
visitor                                     /news/stop/{stop}
visitor                                     /news/feed
visitor                                     /news/chapters/{number}/feed
secretariat administrator                   /journal/events
secretariat                                 /journal/events?act=contributions.lodge
secretariat                                 /journal/events?act=synthesis.edit_item&address=rapporteur1@csnca.example
secretariat@synthesis                       /adoption/submit
"""


@dataclass(frozen=True)
class Visit:
    """One page as one of its readers opens it; ``phase`` is that of the consultation meanwhile, "" the open one."""

    role: str
    address: str
    phase: str = ""

    def __str__(self) -> str:
        return f"{self.role}{f'@{self.phase}' if self.phase else ''} {self.address}"

    def path(self, found: dict[str, Any], language: str = "fr") -> str:
        return f"/{language}{self.address.format_map(found)}"


def visits() -> list[Visit]:
    lines = [line.split() for line in TABLE.split("\n") if line.strip()]
    return [Visit(role.partition("@")[0], words[-1], role.partition("@")[2]) for words in lines for role in words[:-1]]


def subjects() -> dict[str, Any]:
    """What the addresses speak of, in the text that was revised: where most was said, and one row of each kind."""
    here = sa.select(Chapter.id).where(Chapter.number == REVISED).scalar_subquery()
    told = sa.select(ProvisionTally.key).where(ProvisionTally.chapter_id == here, ProvisionTally.place == PassagePlace.SHOWN)
    key = one(told.group_by(ProvisionTally.key).order_by(sa.func.sum(ProvisionTally.count).desc(), ProvisionTally.key))
    items = sa.select(ItemContribution.item_id).join(SynthesisItem).join(Synthesis).where(Synthesis.chapter_id == here)
    item = one(items.group_by(ItemContribution.item_id).order_by(sa.func.count().desc(), ItemContribution.item_id))
    of_key = sa.select(Block.position).join(Block.revision).where(Revision.chapter_id == here, Revision.language == "fr", Block.key == key)
    place = one(of_key.order_by(Revision.number.desc()))
    later = middle(Contribution.id)
    return {
        "number": REVISED, "public": PUBLIC, "key": key, "item": item, "later": later, "place": f"{place}-{later}",
        "ref": ref_of(here, ContributionState.PUBLISHED, Contribution.current_key == key),
        "waiting": ref_of(here, ContributionState.SUBMITTED), "withheld": ref_of(here, ContributionState.WITHHELD),
        "own": ref_of(here, ContributionState.PUBLISHED, Contribution.author_id == usual_author_id()),
        "talked": one(sa.select(Contribution.ref).join(Reply).group_by(Contribution.ref).order_by(sa.func.count().desc())),
        "reply": one(sa.select(Reply.ref).where(Reply.is_public).order_by(Reply.id)), "replied": middle(Reply.id),
        "waiting_reply": one(sa.select(Reply.ref).where(Reply.state == ContributionState.SUBMITTED, Reply.chapter_id == here)),
        "own_reply": one(sa.select(Reply.ref).where(Reply.author_id == usual_author_id())),
        "anchor": one(sa.select(Anchor.id).where(Anchor.state == AnchorState.PROPOSED).order_by(Anchor.id)), "placed": middle(Anchor.id),
        "point": one(sa.select(Point.id).where(Point.chapter_id == here).order_by(Point.id)),
        "gathered": one(sa.select(ItemContribution.contribution_id).where(ItemContribution.item_id == item)),
        "appointment": one(sa.select(Appointment.id).where(Appointment.role == Role.CHAIR)),
        "draft": one(sa.select(OfferedDraft.id).order_by(OfferedDraft.id)), "drafted": f"{REVISED}-0-1",
        "stop": token_of(usual_author_id(), [Topic.FOLLOWED]),
        "organisation": one(sa.select(Organisation.slug).order_by(Organisation.id)),
        "body": one(sa.select(Organisation.slug).order_by(Organisation.id.desc())),
    }


def reader(role: str) -> User | None:
    """Whoever reads in this role; None: a visitor."""
    if role == "visitor":
        return None
    if role == "participant":
        return session.get(User, usual_author_id())
    if role == "representative":
        return session.scalars(sa.select(User).where(User.email == REPRESENTATIVE)).one()
    return session.scalars(sa.select(User).where(User.email == STAFF[role])).one()


def ref_of(chapter, state: ContributionState, *further) -> str:
    found = sa.select(Contribution.ref).where(Contribution.chapter_id == chapter, Contribution.state == state, *further)
    return one(found.order_by(Contribution.id))


def middle(column) -> int:
    return (one(sa.select(sa.func.max(column))) + one(sa.select(sa.func.min(column)))) // 2


def one(statement: sa.Select) -> Any:
    return session.scalars(statement.limit(1)).one()
