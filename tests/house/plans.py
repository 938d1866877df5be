"""What a statement costs its database as tables grow: the plan by which it is answered, and how much of it is done."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from consult.core.db import db

# Tables whose rows grow with what is said: why each does. A page that reads one of them whole will be slow one day.
GROWING = {
    "contribution": "one for each", "suggested_amendment": "one for many contributions", "receipt": "one for each contribution",
    "contribution_draft": "one for each form that was begun", "contribution_word": "some dozens for each",
    "search_posting": "some dozens for each", "search_word": "one for each word that somebody says", "search_key": "some for each of them",
    "attachment": "five at most for a contribution, of which few have any", "draft_file": "the same of drafts",
    "attachment_words": "one for each attachment",
    "offered_draft": "one for many drafts", "draft_wording": "some for each of them", "draft_remark": "some for each of them",
    "position_receipt": "one for many contributions", "position_entry": "one for many contributions",
    "anchor": "one for each contribution and later revision",
    "support": "one for each that is given", "reply": "one for each", "reply_decision": "one for each decision on a reply",
    "reaction_tally": "contributions that others support or reply to",
    "appeal": "one for some decisions", "moderation_hint": "some for many contributions", "redaction": "one for each phrase that is hidden",
    "flag": "one for each reader who tells of something",
    "rephrasing": "one for some contributions", "rephrasing_answer": "one for each of them",
    "moderation_decision": "one for each decision", "moderation_notice": "one for each decision",
    "fold": "one for some campaigns", "fold_member": "one for each contribution", "fold_run": "some dozens for each",
    "fold_link": "a few for some", "fold_choice": "what people put right", "fold_tally": "some for each fold",
    "brought_table": "some for a few batches",
    "batch": "one for each pile of paper", "entry": "one for each slip of paper", "entry_check": "one for ten of them",
    "item_contribution": "one for each contribution that is gathered", "synthesis_notice": "one for each author and chapter",
    "decision_notice": "one for each author and chapter",
    "user": "who speaks has an account", "membership": "one for many people", "mandate": "one for many people",
    "declaration": "one for each contribution of an organisation", "registration": "one for each request for an account",
    "checkpoint": "one a day, and one for each thousand acts", "checkpoint_stamp": "one for many checkpoints",
    "user_session": "one for each browser of each", "passkey": "a few for whoever has any",
    "provider_identity": "one for whoever signs in by a provider",
    "attempt_count": "one for each who tries, for a quarter of an hour",
    "audit_event": "one for each act", "audit_seal": "one for each act", "job": "one for each promise, kept when it is done",
    "respondent_tally": "one for each who speaks, by chapter and item",
    "follow": "some for many people", "news_choice": "a few for many people", "news_item": "one for each thing told to each follower",
    "outgoing_mail": "one for each letter", "kept_form": "one for each form that was refused",
}
# Tables that stay small whatever is said: why each does.
STAYING = {
    "consultation": "one", "round": "one or two", "extension": "a few", "early_closing": "one at most", "commission": "five",
    "appointment": "those in charge", "invitation": "those in charge", "member_invitation": "some for each organisation, for some weeks",
    "stakeholder": "whom the secretariat asks", "stakeholder_list": "files of the secretariat",
    "stakeholder_row": "lines of these files, for a month", "stakeholder_chapter": "whom the secretariat asks",
    "stakeholder_letter": "three to each whom it asks", "address_mark": "whom it asked", "staff_letter": "those in charge, once a day",
    "staff_news": "what those in charge were told", "closing_notice": "two for each closing date",
    "organisation": "some hundreds", "organisation_word": "a few for each of them", "chapter": "five", "revision": "some dozens",
    "twin_lexicon": "one",
    "block": "the text",
    "provision_tally": "passages of the text", "chapter_tally": "chapters and categories",
    "organisation_tally": "organisations and chapters",
    "position_tally": "passages and categories", "reply_tally": "chapters",
    "item_tally": "items and their passages",
    "anchor_tally": "passages of the text and of its versions", "anchoring": "versions of the text",
    "respondent_count": "categories of each chapter and item", "alignment": "two revisions of the text", "working_draft": "ten at most",
    "outdated_translation": "passages of the text", "synthesis": "five", "synthesis_item": "what a commission can write",
    "point": "what a commission can cut, by hand", "block_change": "what a commission can write", "synthesis_reopening": "a few",
    "export": "what those in charge asked for",
    "received_form": "a few for whoever brings any, for half a year", "received_row": "lines of these forms",
    "submission_request": "a few", "submission_failure": "a few", "submission": "one", "submission_archive": "one",
    "erasure": "some people",
    "adoption_decision": "five", "alembic_version": "one", "record_layout": "one for each table", "beat": "parts of the clock",
}
BESIDE_READING = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT", "PRAGMA")
STEPS = 20  # of SQLite's machine, between two looks at the count
TIMES = 2.5  # more to do than before, beside what is little
A_PAGE = range(20, 60)  # rows of a list that goes on
MANY = 1000  # rows of a growing table that PostgreSQL reads one after the other, or sorts
OWN_NAME = re.compile(r"(?:_\d+)?$")
SCANNED = re.compile(r"^SCAN (\w+)")


@dataclass(frozen=True)
class Asked:
    """One statement as the driver got it."""

    statement: str
    parameters: Any

    @property
    def is_limited(self) -> bool:
        return " LIMIT " in " ".join(self.statement.split())

    @property
    def reads_what_grows(self) -> bool:
        """Tables that stay small fill up while little was said: what is read of them alone ends there."""
        return not GROWING.keys().isdisjoint(re.findall(r"\w+", self.statement))

    @property
    def told(self) -> str:
        """Enough of it to be found."""
        what, _from, rest = " ".join(self.statement.split()).partition(" FROM ")
        return f"{what[:70]}… FROM {rest[:150]}"


@dataclass(frozen=True)
class Cost:
    """``work``: steps of SQLite's machine, or rows of growing tables that PostgreSQL read; ``rows`` is what came of it. ``faults``: what
    is wrong with the plan.
    """

    asked: Asked
    work: int
    rows: int
    faults: tuple[str, ...]

    def has_grown_from(self, before: "Cost", little: int) -> bool:
        """Whether it has more to do than the same had before; a page that is fuller now costs what its rows do."""
        if not self.asked.reads_what_grows:
            return False
        fuller = max(1, self.rows / max(1, before.rows)) if self.asked.is_limited and self.rows in A_PAGE else 1
        return self.work > TIMES * fuller * before.work + little


@contextmanager
def caught() -> Iterator[list[Asked]]:
    """What is asked of the database meanwhile."""
    asked: list[Asked] = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        if not statement.startswith(BESIDE_READING):
            asked.append(Asked(statement, parameters))
    engine = db.engines[None]
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def costs(asked: list[Asked]) -> list[Cost]:
    """Of each statement."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            return [Cost(one, *steps(connection, one), tuple(of_sqlite(connection, one))) for one in asked]
        faults = [tuple(of_postgresql(explained(connection, one))) for one in asked]
        # It would rather read tables that are small as a whole: kept from it, it has as much to do at each size, if it can.
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plans = [explained(connection, one) for one in asked]
        results = [(rows_read(plan), int(plan[0]["Actual Rows"])) for plan in plans]
        return [Cost(one, *result, wrong) for one, result, wrong in zip(asked, results, faults, strict=True)]


# SQLite


def steps(connection: sa.Connection, asked: Asked) -> tuple[int, int]:
    """How many were made, and the rows that came."""
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += 1
    raw = connection.connection.driver_connection
    raw.set_progress_handler(count, STEPS)
    try:
        rows = len(connection.exec_driver_sql(asked.statement, asked.parameters).all())
    finally:
        raw.set_progress_handler(None, 0)
    return counted * STEPS, rows


def of_sqlite(connection: sa.Connection, asked: Asked) -> Iterator[str]:
    """Tables that are read whole; in their order and up to a limit is another thing, which the steps tell."""
    if asked.is_limited:
        return
    for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked.statement}", asked.parameters):
        scanned = SCANNED.match(row.detail)
        if scanned and OWN_NAME.sub("", scanned[1]) in GROWING:
            yield f"reads {OWN_NAME.sub('', scanned[1])} whole"


# PostgreSQL


def explained(connection: sa.Connection, asked: Asked) -> list[dict[str, Any]]:
    """The nodes of the plan, which was carried out."""
    plan = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {asked.statement}", asked.parameters).scalar_one()
    return list(walked((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))


def rows_read(nodes: list[dict[str, Any]]) -> int:
    return sum(rows_of(node) for node in nodes if node.get("Relation Name") in GROWING)


def of_postgresql(nodes: list[dict[str, Any]]) -> Iterator[str]:
    for node in nodes:
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in GROWING and rows_of(node) > MANY:
            yield f"reads {node['Relation Name']} whole"
        if "Sort" in node["Node Type"] and reads_growing(node) and sum(rows_of(child) for child in node["Plans"]) > MANY:
            yield f"sorts {sum(rows_of(child) for child in node['Plans'])} rows"


def walked(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from walked(child)


def rows_of(node: dict[str, Any]) -> int:
    """That a node looked at, those that it left out included."""
    left_out = sum(node.get(name, 0) for name in ("Rows Removed by Filter", "Rows Removed by Index Recheck", "Rows Removed by Join Filter"))
    return int((node["Actual Rows"] + left_out) * node["Actual Loops"])


def reads_growing(node: dict[str, Any]) -> bool:
    return any(below.get("Relation Name") in GROWING for below in walked(node))
