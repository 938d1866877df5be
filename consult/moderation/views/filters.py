"""What the address of a page of moderation asks to see."""

from dataclasses import dataclass

from flask import request

from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.contributions.models import REPLY_REF, Contribution, ContributionState, Reply
from consult.core.web import actor, required_consultation, room, small_number
from consult.moderation import service

bp = room("moderation")
OF_REPLIES = "replies"  # in an address


@dataclass(frozen=True)
class QueueFilter:
    """What the address asks to see: one chapter or all of one's own, in one state; contributions, or replies to them."""

    mine: list[Chapter]
    chapter: Chapter | None
    state: ContributionState
    of_replies: bool = False

    @property
    def model(self) -> type[service.Moderated]:
        return Reply if self.of_replies else Contribution

    @property
    def chapters(self) -> list[Chapter]:
        return [self.chapter] if self.chapter else self.mine

    @property
    def values(self) -> dict:
        """The same filters in an address."""
        chosen = {"of": OF_REPLIES if self.of_replies else None, "chapter": self.chapter.number if self.chapter else None,
                  "state": self.state.value}
        return {name: value for name, value in chosen.items() if value is not None}


def asks_for_replies() -> bool:
    return request.args.get("of") == OF_REPLIES


def filters(ref: str = "") -> QueueFilter:
    """Of a page about one of them, its reference says which they are."""
    consultation = required_consultation()
    number = request.args.get("chapter", type=small_number)
    wanted = request.args.get("state", "")
    return QueueFilter(
        mine=service.list_chapters(actor(), consultation),
        chapter=chapters.get_chapter(consultation, number) if number is not None else None,
        state=ContributionState(wanted) if wanted in list(ContributionState) else ContributionState.where(awaits_moderation=True)[0],
        of_replies=REPLY_REF in ref.upper() if ref else asks_for_replies(),
    )
