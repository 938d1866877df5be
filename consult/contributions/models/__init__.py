"""Contributions: withdrawn perhaps, never rewritten; their amendment, receipt, declaration, draft and position; their places in later
texts; their files; what others do beside them; their counts.
"""

from consult.contributions.models.anchor import Anchor, AnchorClass, Anchoring, AnchorState, QuoteState, ReviewRank
from consult.contributions.models.attachment import MAX_FILE_NAME, MAX_FILES, Attachment, AttachmentKind, AttachmentWords, DraftFile
from consult.contributions.models.contribution import (
    CommentType,
    Contribution,
    ContributionState,
    Declaration,
    Interest,
    Kind,
    Origin,
    Position,
    Receipt,
    SuggestedAmendment,
)
from consult.contributions.models.draft import KEPT_FOR_NOBODY, ContributionDraft
from consult.contributions.models.offered import MAX_REMARK, DraftRemark, DraftWording, OfferedDraft, OfferedState
from consult.contributions.models.position import PositionEntry, PositionReceipt, digest_of_position
from consult.contributions.models.reply import MAX_REPLY, REPLY_REF, Reply
from consult.contributions.models.support import Support
from consult.contributions.models.tally import (
    AnchorTally,
    ChapterTally,
    OrganisationTally,
    PassagePlace,
    PositionTally,
    ProvisionTally,
    Reaction,
    ReactionTally,
    ReplyTally,
    RespondentCount,
    RespondentScope,
    RespondentTally,
)
from consult.contributions.models.word import MAX_WORD, ContributionWord

__all__ = [
    "Anchor", "AnchorClass", "AnchorState", "AnchorTally", "Anchoring", "Attachment", "AttachmentKind", "AttachmentWords", "ChapterTally",
    "CommentType", "Contribution", "ContributionDraft", "ContributionState", "ContributionWord", "Declaration", "DraftFile", "DraftRemark",
    "DraftWording", "Interest", "KEPT_FOR_NOBODY", "Kind", "MAX_FILES", "MAX_FILE_NAME", "MAX_REMARK", "MAX_REPLY", "MAX_WORD",
    "OfferedDraft", "OfferedState", "OrganisationTally", "Origin", "PassagePlace", "Position", "PositionEntry", "PositionReceipt",
    "PositionTally", "ProvisionTally", "QuoteState", "REPLY_REF", "Reaction", "ReactionTally", "Receipt", "Reply", "ReplyTally",
    "RespondentCount", "RespondentScope", "RespondentTally", "ReviewRank", "SuggestedAmendment", "Support", "digest_of_position",
]
