"""Contributions: withdrawn perhaps, never rewritten; their amendment, receipt and draft; their places in later texts; their counts."""

from consult.contributions.models.anchor import Anchor, AnchorClass, AnchorState, QuoteState
from consult.contributions.models.contribution import (
    CommentType,
    Contribution,
    ContributionDraft,
    ContributionState,
    Kind,
    Position,
    Receipt,
    SuggestedAmendment,
)
from consult.contributions.models.tally import (
    ChapterTally,
    PassagePlace,
    ProvisionTally,
    RespondentCount,
    RespondentScope,
    RespondentTally,
)

__all__ = [
    "Anchor", "AnchorClass", "AnchorState", "ChapterTally", "CommentType", "Contribution", "ContributionDraft", "ContributionState", "Kind",
    "PassagePlace", "Position", "ProvisionTally", "QuoteState", "Receipt", "RespondentCount", "RespondentScope", "RespondentTally",
    "SuggestedAmendment",
]
