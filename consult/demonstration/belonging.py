"""Of the demonstration, what organisations and readers do beside contributions: joining, inviting, supporting, replying, merging.

It stands apart from the story of the chapters because it is told of people, not of passages.
"""

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from consult.consultations.models import Role
from consult.contributions import service as contributions
from consult.contributions.models import Reply
from consult.core.db import session
from consult.moderation import service as moderation
from consult.organisations import service as organisations
from consult.organisations.models import Category, Region, Sector

if TYPE_CHECKING:
    from consult.demonstration import Story


def list_double(story: "Story", row: dict) -> None:
    """Its person finds nothing of that name, and lists it."""
    names = {f"name_{language}": name for language, name in row["name"].items()}
    story.organisations[row["id"]] = organisations.add(
        story.users[row["person"]], None, short=row["short"], **names, category=Category(row["category"]),
        sector=Sector(row["sector"]), region=Region(row["region"]), is_another=True)


def plan(story: "Story", bodies: dict[str, Any]) -> None:
    """The acts of each row, on its day."""
    def on(day: int, name: str, act: Any, hour: int = 8) -> None:
        story.acts.append((story.opens_at + timedelta(days=day - 1, hours=hour), f"x-{name}", act))

    for row in bodies["joining"]:
        on(row["day"], f"join-{row['person']}", partial(join, story, row), 5)
    for row in bodies["inviting"]:
        on(row["day"], f"invite-{row['email']}", partial(invite, story, row))
    for row in bodies["supports"]:
        on(row["day"], f"support-{row['contribution']}", partial(support, story, row))
    for row in bodies["replies"]:
        on(row["day"], f"reply-{row['id']}", partial(reply, story, row), 9)
    on(bodies["double"]["day"], "merge", partial(merge, story, bodies["double"]), 10)


def join(story: "Story", row: dict) -> None:
    person = story.users[row["person"]]
    asked = organisations.join(person, person, organisation=story.organisations[row["organisation"]], statement=row["statement"])
    if by := row.get("accepted_by"):
        organisations.accept(story.users[by], asked)


def invite(story: "Story", row: dict) -> None:
    by = story.users[row["by"]]
    organisations.invite(by, by.organisation, email=row["email"], language=row["language"])


def support(story: "Story", row: dict) -> None:
    lodged = story.lodged[row["contribution"]]
    for person in row.get("persons", ()):
        contributions.support(story.users[person], lodged)
    for person in row.get("organisations", ()):
        signs = story.users[person]
        contributions.support(signs, lodged, as_organisation=signs.organisation)


def reply(story: "Story", row: dict) -> None:
    author, lodged = story.users[row["author"]], story.lodged[row["contribution"]]
    said: Reply = contributions.reply(
        author, lodged, form_key=f"demonstration-{row['id']}", body=row["body"], as_organisation=author.organisation,
        language=row["language"])
    if row["state"] == "published":
        moderation.publish(story.rapporteur(lodged.chapter.number), said, expected_counter=said.row_counter)


def merge(story: "Story", row: dict) -> None:
    double, secretary = story.organisations[row["id"]], story.staff[(Role.SECRETARIAT, None)]
    organisations.merge(secretary, double, into=story.organisations[row["body"]], row_counter=double.row_counter)
    for user in story.users.values():
        session.expire(user, ["membership", "mandate", "memberships"])
