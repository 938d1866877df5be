"""What moderators decide, with its reason, and what they took out of the public's sight."""

from consult.moderation.models.appeal import Appeal
from consult.moderation.models.decision import (
    MAX_WORDS,
    TAKEN_BACK_WITHIN,
    Decision,
    ModerationDecision,
    ModerationNotice,
    ReplyDecision,
    capacity_of,
    hiding,
    is_fresh,
)
from consult.moderation.models.flag import MAX_FLAG_WORDS, Flag, FlagOutcome
from consult.moderation.models.hint import HintKind, ModerationHint
from consult.moderation.models.redaction import MAX_PHRASES, Part, Redaction
from consult.moderation.models.rephrasing import AnswerKind, Rephrasing, RephrasingAnswer
from consult.moderation.models.verdict import Reason, Verdict

__all__ = [
    "MAX_FLAG_WORDS", "Flag", "FlagOutcome",
    "MAX_PHRASES", "MAX_WORDS", "TAKEN_BACK_WITHIN", "AnswerKind", "Appeal", "Decision", "HintKind",
    "ModerationDecision", "ModerationHint", "ModerationNotice", "Part", "Reason", "Redaction", "Rephrasing", "RephrasingAnswer",
    "ReplyDecision", "Verdict", "capacity_of", "hiding", "is_fresh",
]
