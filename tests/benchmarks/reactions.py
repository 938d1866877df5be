"""What others do beside the contributions that were filled in: they support them, and reply to them, to one of them very often."""

import secrets
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from consult.contributions.models import ContributionState, Reply, Support
from consult.moderation.models import ReplyDecision, Verdict
from tests.benchmarks.bulk import Bulk
from tests.benchmarks.indexed import Indexed

STATES = {3: ContributionState.SUBMITTED, 5: ContributionState.WITHHELD, 6: ContributionState.WITHDRAWN}
VERDICTS = {ContributionState.PUBLISHED: Verdict.PUBLISH, ContributionState.WITHHELD: Verdict.WITHHOLD}
# Of so many contributions one is supported and replied to, and each of the first few; replies to the first one at once.
OFTEN, FEW, MANY = 5, 10, 30


class Reactions:
    """One thread goes on for as long as contributions are lodged."""

    def __init__(self, bulk: Bulk, indexed: Indexed) -> None:
        self.bulk, self.indexed = bulk, indexed
        self.first: Any = None
        self.replies = 0

    def react(self, said: Any, number: int, rapporteur_id: int, people: list[tuple[int, int | None]]) -> None:
        """By people who are taken one after the other."""
        if not said.state.is_public:
            return
        others = [people[(number + step) % len(people)] for step in range(min(3, len(people)))]
        if self.first is None:
            self.first = SimpleNamespace(**vars(said), last=0)
            for person in [others[0]] * MANY:
                self.reply(self.first, person, said.submitted_at, rapporteur_id)
        if number % OFTEN and number > FEW:
            return
        for supporter_id, _organisation_id in dict(others).items():
            self.support(said, supporter_id, None)
        if others[0][1] is not None:
            self.support(said, *others[0])
        if said.id != self.first.id:
            self.reply(SimpleNamespace(**vars(said), last=0), others[-1], said.submitted_at, rapporteur_id)
        self.reply(self.first, (said.author_id, said.organisation_id), said.submitted_at, rapporteur_id)

    def support(self, said: Any, supporter_id: int, organisation_id: int | None) -> None:
        self.bulk.add(Support, contribution_id=said.id, supporter_id=supporter_id, organisation_id=organisation_id,
                      given_at=said.submitted_at + timedelta(hours=3), withdrawn_at=None, salt=secrets.token_hex(16))

    def reply(self, to: Any, author: tuple[int, int | None], at: Any, rapporteur_id: int) -> None:
        self.replies += 1
        to.last += 1
        state = STATES.get(self.replies % 8, ContributionState.PUBLISHED)
        later = at + timedelta(hours=4)
        reply_id = self.bulk.add(
            Reply, ref=f"{to.ref}-R{to.last}", form_key=f"reply-{self.replies:024}", chapter_id=to.chapter_id, contribution_id=to.id,
            number=to.last, author_id=author[0], organisation_id=author[1], language="fr", body=f"Nous le pensons aussi. ({self.replies})",
            state=state, submitted_at=later, withdrawn_at=later if state.is_taken_back else None, told_at=later, row_counter=1)
        if state.is_public:
            self.indexed.add("reply", reply_id, [f"Nous le pensons aussi. ({self.replies})"])
        if verdict := VERDICTS.get(state):
            words = "Ces mots visent une personne." if verdict.needs_words else ""
            self.bulk.add(ReplyDecision, reply_id=reply_id, verdict=verdict, reason=verdict.reasons[0], words=words,
                          moderator_id=rapporteur_id, decided_at=later, written_at=later)
