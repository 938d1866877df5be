"""What is counted of contributions, kept beside them: of each passage, of each chapter, and who speaks, each of them once."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from consult.contributions.models.anchor import AnchorClass
from consult.contributions.models.contribution import ContributionState, Position
from consult.core.states import MeaningEnum, says
from consult.core.tallies import Distinct, Tally

OWN_NAME = "own_name"  # in place of a category: persons who speak for themselves
Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class PassagePlace(MeaningEnum):
    """How a contribution belongs to a passage. Each is counted once where ``is_present``, and a second time where it went on from."""

    is_present: bool  # it is told of this passage: where the text shows it, or where it was left

    SHOWN = "shown", "", says(is_present=True)  # the present text has it there
    LEFT = "left", "", says(is_present=True)  # it was written there, and the present text shows it nowhere
    GONE_ON = "gone_on", "", says(is_present=False)  # it was written there, and the present text has it elsewhere


class ProvisionTally(Tally):
    """Contributions on one passage of a chapter, in whatever version and language."""

    __tablename__ = "provision_tally"
    __append_only__ = False  # a count, made anew from what it counts
    __recorded__ = False  # a count of what is recorded

    chapter_id: Mapped[int] = mapped_column(sa.ForeignKey("chapter.id", ondelete="RESTRICT"), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    place: Mapped[PassagePlace] = mapped_column(primary_key=True)
    state: Mapped[ContributionState] = mapped_column(primary_key=True)
    is_amending: Mapped[bool] = mapped_column(primary_key=True)  # it proposes other words


class ChapterTally(Tally):
    """Contributions to a chapter; ``category`` is that of the organisation, or :data:`OWN_NAME`."""

    __tablename__ = "chapter_tally"
    __append_only__ = False  # a count, made anew from what it counts
    __recorded__ = False  # a count of what is recorded

    chapter_id: Mapped[int] = mapped_column(sa.ForeignKey("chapter.id", ondelete="RESTRICT"), primary_key=True)
    state: Mapped[ContributionState] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(sa.String(40), primary_key=True)


class PositionTally(Tally):
    """Public contributions by the passage that they are told of, who speaks, and their position; ``category`` as in :class:`ChapterTally`.
    """

    __tablename__ = "position_tally"
    __append_only__ = False  # a count, made anew from what it counts
    __recorded__ = False  # a count of what is recorded

    chapter_id: Mapped[int] = mapped_column(sa.ForeignKey("chapter.id", ondelete="RESTRICT"), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    category: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    position: Mapped[Position] = mapped_column(primary_key=True)


class OrganisationTally(Tally):
    """Contributions of one organisation to a chapter, whatever became of them: its sector and its region are asked of itself."""

    __tablename__ = "organisation_tally"
    __append_only__ = False  # a count, made anew from what it counts
    __recorded__ = False  # a count of what is recorded

    chapter_id: Mapped[int] = mapped_column(sa.ForeignKey("chapter.id", ondelete="RESTRICT"), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id", ondelete="RESTRICT"), primary_key=True)


class RespondentScope(MeaningEnum):
    """Of what respondents are counted."""

    is_of_consultation: bool  # else of a chapter, an item or a fold: organisations and, where they speak for themselves, persons

    ORGANISATIONS = "organisations", "", says(is_of_consultation=True)  # whoever wrote for them
    PARTICIPANTS = "participants", "", says(is_of_consultation=True)  # the people who wrote, for whomever
    CHAPTER = "chapter", "", says(is_of_consultation=False)
    ITEM = "item", "", says(is_of_consultation=False)
    FOLD = "fold", "", says(is_of_consultation=False)


class RespondentCount(Tally):
    """How many respondents there are in something, each counted once: the sum over the slots."""

    __tablename__ = "respondent_count"
    __append_only__ = False  # a count, made anew from what it counts
    __recorded__ = False  # a count of what is recorded

    scope: Mapped[RespondentScope] = mapped_column(primary_key=True)
    scope_id: Mapped[int] = mapped_column(Key, primary_key=True)
    category: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True)


class RespondentTally(Distinct):
    """Public contributions of one respondent in something: of a consultation, a chapter, an item or a fold.

    ``respondent_id`` is of an organisation or, in :data:`OWN_NAME` and among the participants, of a person.
    """

    __tablename__ = "respondent_tally"
    __append_only__ = False  # a count, made anew from what it counts
    __recorded__ = False  # a count of what is recorded
    counted_in = RespondentCount

    scope: Mapped[RespondentScope] = mapped_column(primary_key=True)
    scope_id: Mapped[int] = mapped_column(Key, primary_key=True)
    category: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    respondent_id: Mapped[int] = mapped_column(Key, primary_key=True)


class AnchorTally(Tally):
    """Places in a revision, by their rank in the review (:class:`ReviewRank`), what became of the passage, and the block that it was."""

    __tablename__ = "anchor_tally"
    __append_only__ = False  # a count, made anew from what it counts
    __recorded__ = False  # a count of what is recorded

    revision_id: Mapped[int] = mapped_column(sa.ForeignKey("revision.id", ondelete="RESTRICT"), primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True)
    anchor_class: Mapped[AnchorClass] = mapped_column(primary_key=True)
    old_block_id: Mapped[int] = mapped_column(sa.ForeignKey("block.id", ondelete="RESTRICT"), primary_key=True)
    is_public: Mapped[bool] = mapped_column(primary_key=True)  # everybody reads the contribution


class Reaction(MeaningEnum):
    """What others do beside a contribution. It is counted apart, and never among contributions."""

    PERSON = "person", "", says()
    ORGANISATION = "organisation", "", says()
    REPLY = "reply", "", says()


class ReactionTally(Tally):
    """Supports in force of a contribution, by persons and by organisations, and replies to it that are published."""

    __tablename__ = "reaction_tally"
    __append_only__ = False  # a count, made anew from what it counts
    __recorded__ = False  # a count of what is recorded

    contribution_id: Mapped[int] = mapped_column(sa.ForeignKey("contribution.id", ondelete="RESTRICT"), primary_key=True)
    reaction: Mapped[Reaction] = mapped_column(primary_key=True)


class ReplyTally(Tally):
    """Replies to the contributions of a chapter."""

    __tablename__ = "reply_tally"
    __append_only__ = False  # a count, made anew from what it counts
    __recorded__ = False  # a count of what is recorded

    chapter_id: Mapped[int] = mapped_column(sa.ForeignKey("chapter.id", ondelete="RESTRICT"), primary_key=True)
    state: Mapped[ContributionState] = mapped_column(primary_key=True)
