"""What a moderator may decide, and all that follows from it."""

from collections.abc import Callable

from consult.contributions.models import ContributionState
from consult.core.i18n import N_, gettext
from consult.core.permissions import Action
from consult.core.states import MeaningEnum, Tone, says


class Reason(MeaningEnum):
    """Grounds of the participation charter."""

    is_breach: bool  # of the charter
    is_slip: bool  # the decision was not meant, or not meant so
    is_lasting: bool  # still one once the Council has the syntheses

    CONFORMS = "conforms", N_("Conforms to the charter"), says(is_breach=False, is_slip=False, is_lasting=False)
    INSULT = "insult", N_("Insulting or hateful words"), says(is_breach=True, is_slip=False, is_lasting=False)
    OFF_TOPIC = "off_topic", N_("Unrelated to the text under consultation"), says(is_breach=True, is_slip=False, is_lasting=False)
    PERSONAL_DATA = "personal_data", N_("Personal data of somebody else"), says(is_breach=True, is_slip=False, is_lasting=True)
    ADVERTISING = "advertising", N_("Advertising"), says(is_breach=True, is_slip=False, is_lasting=False)
    ILLEGAL = "illegal", N_("Contrary to the law"), says(is_breach=True, is_slip=False, is_lasting=True)
    DUPLICATE = "duplicate", N_("Same text lodged twice by the same person"), says(is_breach=True, is_slip=False, is_lasting=False)
    MISTAKE = "mistake", N_("The earlier decision was mistaken"), says(is_breach=False, is_slip=True, is_lasting=False)


class Verdict(MeaningEnum):
    """What a moderator decides. The act, its address, its form and button, and the letter to the author are made of the member alone.

    What is said is translated where it is shown; a letter may name the contribution (``ref``), its passage (``key``) and its chapter
    (``number``).
    """

    tone: Tone
    starts: tuple[ContributionState, ...]  # from which states
    to: ContributionState  # and where it leads, unless it answers an appeal
    reasons: tuple[Reason, ...]  # of which one is given
    needs_words: bool  # to the author, beside a reason that is chosen; else one press decides, for the first reason
    hides_words: bool  # words of it are named that the public does not read any more
    shows_all: bool  # whatever words were hidden are shown again
    asks_author: bool  # for other words: nobody reads it until they answered, or their term is over
    answers_appeal: bool  # of its author, which it closes, and all stays as it is; only while one is open
    takes_back: bool  # the last decision, as long as it is fresh: what it hid is shown, what it showed hidden
    heading: str  # of its form
    press: str  # its button
    help: str  # what it means, below the button
    key: str  # of the keyboard
    in_keys: str  # what the list of keys says
    subject: str  # of the letter
    told: str  # the letter's first sentence
    done: Callable[[str], str]  # what the moderator is told, of a reference
    reply_subject: str  # of the letter to whoever wrote a reply
    reply_told: str  # its first sentence; it may name the reply (``ref``) and the contribution (``to``)

    PUBLISH = "publish", N_("Published"), says(
        starts=(ContributionState.SUBMITTED,), to=ContributionState.PUBLISHED, tone=Tone.GREEN, reasons=(Reason.CONFORMS,),
        needs_words=False, hides_words=False, shows_all=False, takes_back=False, asks_author=False, answers_appeal=False,
        heading="", press=N_("Publish"), help=N_("It conforms to the charter: everybody will read it."), key="p",
        in_keys=N_("publish"), subject=N_("Your contribution %(ref)s is published"),
        told=N_("A moderator has read your contribution %(ref)s on the passage %(key)s of chapter %(number)s: it conforms to the charter "
                "and everybody can read it now."),
        done=lambda ref: gettext("%(ref)s is published; its author is told by mail.", ref=ref),
        reply_subject=N_("Your reply %(ref)s is published"),
        reply_told=N_("A moderator has read your reply %(ref)s to the contribution %(to)s: it conforms to the charter and everybody can "
                      "read it now."))
    WITHHOLD = "withhold", N_("Withheld"), says(
        starts=(ContributionState.SUBMITTED, ContributionState.PUBLISHED), to=ContributionState.WITHHELD, tone=Tone.BRICK,
        reasons=Reason.where(is_breach=True), needs_words=True, hides_words=False, shows_all=False, takes_back=False,
        asks_author=False, answers_appeal=False,
        heading=N_("Withhold it"), press=N_("Withhold"),
        help=N_("Kept out of the public’s sight, never erased; it can be restored on appeal."), key="w", in_keys=N_("withhold"),
        subject=N_("Your contribution %(ref)s is withheld"),
        told=N_("A moderator has withheld your contribution %(ref)s on the passage %(key)s of chapter %(number)s: it is kept as you "
                "lodged it, but the public does not read it."),
        done=lambda ref: gettext("%(ref)s is withheld; its author is told by mail, with your words.", ref=ref),
        reply_subject=N_("Your reply %(ref)s is withheld"),
        reply_told=N_("A moderator has withheld your reply %(ref)s to the contribution %(to)s: it is kept as you lodged it, but the public "
                      "does not read it."))
    RESTORE = "restore", N_("Restored"), says(
        starts=(ContributionState.WITHHELD,), to=ContributionState.PUBLISHED, tone=Tone.GREEN, reasons=Reason.where(is_breach=False),
        needs_words=True, hides_words=False, shows_all=False, takes_back=False, asks_author=False, answers_appeal=False,
        heading=N_("Publish it again"), press=N_("Restore"), help="", key="", in_keys="",
        subject=N_("Your contribution %(ref)s is published again"),
        told=N_("The decision to withhold your contribution %(ref)s on the passage %(key)s of chapter %(number)s has been reversed: "
                "everybody can read it now."),
        done=lambda ref: gettext("%(ref)s is published again; its author is told by mail, with your words.", ref=ref),
        reply_subject=N_("Your reply %(ref)s is published again"),
        reply_told=N_("The decision to withhold your reply %(ref)s to the contribution %(to)s has been reversed: everybody can read it "
                      "now."))

    REDACT = "redact", N_("Published in part"), says(
        starts=(ContributionState.SUBMITTED, ContributionState.PUBLISHED), to=ContributionState.PUBLISHED, tone=Tone.OCHRE,
        reasons=Reason.where(is_breach=True), needs_words=True, hides_words=True, shows_all=False, takes_back=False,
        asks_author=False, answers_appeal=False,
        heading=N_("Publish it without some words"), press=N_("Publish without these words"),
        help=N_("The public reads the text with a mark in their place; the text as it was lodged is kept, and each reading of it leaves a "
                "trace."),
        key="r", in_keys=N_("publish without the words selected"), subject=N_("Your contribution %(ref)s is published in part"),
        told=N_("A moderator has taken words of your contribution %(ref)s on the passage %(key)s of chapter %(number)s out of the "
                "public’s sight: everybody reads the rest, with a mark in their place. What you lodged is kept as it is."),
        done=lambda ref: gettext("%(ref)s is published without these words; its author is told by mail, with your message.", ref=ref),
        reply_subject=N_("Your reply %(ref)s is published in part"),
        reply_told=N_("A moderator has taken words of your reply %(ref)s to the contribution %(to)s out of the public’s sight: everybody "
                      "reads the rest, with a mark in their place. What you lodged is kept as it is."))
    ASK_TO_REPHRASE = "ask_to_rephrase", N_("New words asked for"), says(
        starts=(ContributionState.SUBMITTED, ContributionState.PUBLISHED), to=ContributionState.REPHRASING, tone=Tone.BLUE,
        reasons=Reason.where(is_breach=True), needs_words=True, hides_words=False, shows_all=False, takes_back=False, asks_author=True,
        answers_appeal=False, heading=N_("Ask its author to rephrase it"), press=N_("Ask for other words"),
        help=N_("Nobody else reads it until its author has answered, or the term is over; then it waits for a decision again, with what "
                "they answered."),
        key="a", in_keys=N_("ask the author to rephrase"), subject=N_("You are asked to rephrase your contribution %(ref)s"),
        told=N_("A moderator asks you to write your contribution %(ref)s on the passage %(key)s of chapter %(number)s in other words. "
                "What you lodged is kept; what you write now stands beside it, and is what everybody reads once it is published."),
        done=lambda ref: gettext("The author of %(ref)s is asked to rephrase it, by mail, with your message.", ref=ref),
        reply_subject=N_("You are asked to rephrase your reply %(ref)s"),
        reply_told=N_("A moderator asks you to write your reply %(ref)s to the contribution %(to)s in other words. What you lodged is "
                      "kept; what you write now stands beside it, and is what everybody reads once it is published."))
    SHOW_ALL = "show_all", N_("Shown in full"), says(
        starts=(ContributionState.PUBLISHED,), to=ContributionState.PUBLISHED, tone=Tone.GREEN, reasons=Reason.where(is_breach=False),
        needs_words=True, hides_words=False, shows_all=True, takes_back=False,
        asks_author=False, answers_appeal=False, heading=N_("Show it in full again"),
        press=N_("Show all its words"), help=N_("The public reads it again as it was lodged."), key="", in_keys="",
        subject=N_("Your contribution %(ref)s is shown in full again"),
        told=N_("The words of your contribution %(ref)s on the passage %(key)s of chapter %(number)s that were taken out of the public’s "
                "sight are shown again: everybody reads it as you lodged it."),
        done=lambda ref: gettext("%(ref)s is shown in full again; its author is told by mail, with your words.", ref=ref),
        reply_subject=N_("Your reply %(ref)s is shown in full again"),
        reply_told=N_("The words of your reply %(ref)s to the contribution %(to)s that were taken out of the public’s sight are shown "
                      "again: everybody reads it as you lodged it."))
    REOPEN = "reopen", N_("Decision taken back"), says(
        starts=(ContributionState.PUBLISHED, ContributionState.WITHHELD, ContributionState.REPHRASING), to=ContributionState.SUBMITTED,
        tone=Tone.OCHRE,
        reasons=Reason.where(is_slip=True), needs_words=False, hides_words=False, shows_all=False, takes_back=True,
        asks_author=False, answers_appeal=False, heading="",
        press=N_("Take the last decision back"),
        help=N_("Within an hour. It waits for a decision again, and nobody but its author and those in charge reads it meanwhile."),
        key="u", in_keys=N_("take the last decision back"), subject=N_("The decision on your contribution %(ref)s was taken back"),
        told=N_("A moderator has taken back the last decision on your contribution %(ref)s on the passage %(key)s of chapter %(number)s: "
                "it waits for a decision again, of which you will be told."),
        done=lambda ref: gettext("The last decision on %(ref)s is taken back: it waits for a decision again.", ref=ref),
        reply_subject=N_("The decision on your reply %(ref)s was taken back"),
        reply_told=N_("A moderator has taken back the last decision on your reply %(ref)s to the contribution %(to)s: it waits for a "
                      "decision again, of which you will be told."))

    UPHOLD = "uphold", N_("Decision upheld"), says(
        starts=(ContributionState.WITHHELD, ContributionState.PUBLISHED), to=ContributionState.WITHHELD, tone=Tone.BRICK,
        reasons=Reason.where(is_breach=True), needs_words=True, hides_words=False, shows_all=False, takes_back=False,
        asks_author=False, answers_appeal=True,
        heading=N_("Uphold the decision"), press=N_("Uphold"),
        help=N_("The appeal is closed, and what is out of the public’s sight, the whole or some words, stays so."),
        key="", in_keys="", subject=N_("Your appeal on contribution %(ref)s: the decision is upheld"),
        told=N_("The secretariat has looked again at the decision on your contribution %(ref)s on the passage %(key)s of chapter "
                "%(number)s, and upholds it: what was taken out of the public’s sight stays so. What you lodged is kept as it is."),
        done=lambda ref: gettext("The decision on %(ref)s is upheld; its author is told by mail, with your words.", ref=ref),
        reply_subject=N_("Your appeal on reply %(ref)s: the decision is upheld"),
        reply_told=N_("The secretariat has looked again at the decision on your reply %(ref)s to the contribution %(to)s, and upholds it: "
                      "what was taken out of the public’s sight stays so. What you lodged is kept as it is."))

    @property
    def action(self) -> Action:
        """The permission to decide so."""
        return Action(f"moderation.{self.value}")

    @property
    def names_words(self) -> bool:
        """Whether its form asks which words of the text it is about."""
        return self.hides_words or self.asks_author

    @property
    def answers_flags(self) -> bool:
        """Whether what readers flagged is out of their sight after it, the whole or in part, until its author or a moderator acts."""
        return self.hides_words or self.asks_author or (self.to.is_silent and not self.answers_appeal)

    def leads_from(self, state: ContributionState) -> ContributionState:
        """Where what is in this state stands after it."""
        return state if self.answers_appeal else self.to

    @classmethod
    def possible(cls, state: ContributionState) -> tuple["Verdict", ...]:
        """What can be decided on a contribution in this state."""
        return tuple(verdict for verdict in cls if state in verdict.starts)
