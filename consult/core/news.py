"""What letters are about: which of them a person chooses to get, how often, and one line of what is told.

Each kind of letter names its :class:`Topic` where it is declared, and nowhere else. What is proof or security leaves always.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from consult.core.i18n import N_
from consult.core.states import MeaningEnum, says


class Frequency(MeaningEnum):
    is_told: bool
    is_gathered: bool  # in one letter, when its hour comes
    days: int  # from one such letter to the next

    IMMEDIATELY = "immediately", N_("At once"), says(is_told=True, is_gathered=False, days=0)
    DAILY = "daily", N_("Once a day"), says(is_told=True, is_gathered=True, days=1)
    WEEKLY = "weekly", N_("Once a week"), says(is_told=True, is_gathered=True, days=7)
    NEVER = "never", N_("Never"), says(is_told=False, is_gathered=False, days=0)


class Topic(MeaningEnum):
    is_chosen: bool  # each person says how often
    leaves_always: bool
    by_default: str  # how often whoever chose nothing is told
    explained: str  # what it tells, to be translated where it is shown

    CONTRIBUTIONS = "contributions", N_("My contributions"), says(
        is_chosen=True, leaves_always=False, by_default="immediately",
        explained=N_("A new version changed the words under one of your contributions, or somebody attached it to another passage."))
    REPLIES = "replies", N_("Replies"), says(
        is_chosen=True, leaves_always=False, by_default="immediately",
        explained=N_("A reply to one of your contributions is published."))
    ORGANISATION = "organisation", N_("My organisation"), says(
        is_chosen=True, leaves_always=False, by_default="immediately",
        explained=N_("Somebody asks to belong to the organisation of which you are a representative."))
    FOLLOWED = "followed", N_("What I follow"), says(
        is_chosen=True, leaves_always=False, by_default="daily",
        explained=N_("On the passages and chapters that you follow: contributions and replies that are published, new wordings."))
    DEADLINES = "deadlines", N_("Deadlines"), says(
        is_chosen=True, leaves_always=False, by_default="immediately",
        explained=N_("The consultation closes in two weeks, or in two days, and you have drafts that are not lodged or follow something."))
    PUBLICATIONS = "publications", N_("New texts and syntheses"), says(
        is_chosen=True, leaves_always=False, by_default="never",
        explained=N_("A chapter has a new version, its synthesis is published, or the Council has decided on it."))

    RECEIPT = "receipt", N_("Receipts"), says(
        is_chosen=False, leaves_always=True, by_default="immediately",
        explained=N_("The proof of what you lodged, with its reference."))
    DECISION = "decision", N_("Decisions and answers"), says(
        is_chosen=False, leaves_always=True, by_default="immediately",
        explained=N_("What was decided on your contributions and replies, with the reason, the commission’s answer to each, and what the "
                     "Council decided on the chapter."))
    BELONGING = "belonging", N_("Membership and mandate"), says(
        is_chosen=False, leaves_always=True, by_default="immediately",
        explained=N_("For whom you may speak and sign, from when and until when."))
    INVITED = "invited", N_("Requests for one’s opinion"), says(
        is_chosen=False, leaves_always=True, by_default="immediately",
        explained=N_("The secretariat asks somebody to contribute, three times at most; each such letter says how to stop them."))
    ACCOUNT = "account", N_("Account and security"), says(
        is_chosen=False, leaves_always=True, by_default="immediately",
        explained=N_("Links to sign in or to confirm an address, and what changed in the ways to sign in to your account."))
    CHARGE = "charge", N_("Work of those in charge"), says(
        is_chosen=False, leaves_always=True, by_default="immediately",
        explained=N_("Invitations to hold a role, and what waits for whoever holds one; the daily letter is turned off in the profile."))
    GATHERED = "gathered", N_("News"), says(
        is_chosen=False, leaves_always=False, by_default="immediately",
        explained=N_("The letter in which news is gathered as you chose."))

    @property
    def frequency(self) -> Frequency:
        """Of whoever chose nothing."""
        return Frequency(self.by_default)


class Line(NamedTuple):
    """One thing that is told: words in the language in force, the page that it leads to, and the number of the chapter that it is about."""

    words: str
    endpoint: str
    values: Mapping[str, Any] = {}
    chapter: int = 0


class Way(NamedTuple):
    """How a letter of news leaves: what stands at its foot, and the address by which such letters stop."""

    foot: str = ""
    stop_url: str | None = None
