"""What a kind of letter tells in the tests of letters, and those of them that speak of no contribution of one's own."""

from collections.abc import Callable
from dataclasses import dataclass

from consult.accounts.models import User
from consult.adoption import jobs as adoption_jobs
from consult.chapters.models import Chapter
from consult.contributions import following
from consult.contributions import jobs as contribution_jobs
from consult.contributions.models import Contribution
from consult.core import mail
from consult.core.db import unit_of_work
from consult.core.news import Frequency, Topic
from consult.moderation import jobs as moderation_jobs
from consult.moderation import service as moderation
from consult.moderation.models import Reason
from consult.news import jobs as news_jobs
from consult.news import service as news_service
from consult.organisations import jobs as organisation_jobs
from consult.organisations.models import Membership, MembershipState
from consult.synthesis import jobs as synthesis_jobs
from tests import factories


@dataclass
class News:
    """One kind of letter: on which row, who writes it, and whose business it stays after the contribution was withdrawn."""

    subject_id: int
    work: Callable
    kind: mail.Kind
    is_told_of_what_was_withdrawn: bool = False

    def run(self) -> None:
        """The whole work of one worker."""
        if self.work in (contribution_jobs.tell_authors, synthesis_jobs.tell_answers, adoption_jobs.tell_authors):
            self.work(self.subject_id, lambda _percent: None)
        elif conclude := self.work(self.subject_id):
            with unit_of_work():
                conclude()


def asked(_chapter: Chapter, said: Contribution, _rapporteur: User) -> News:
    organisation = factories.an_organisation()
    factories.a_user(organisation=organisation, language=said.author.language)
    joined = factories.saved(Membership(user=factories.a_user(), organisation=organisation, state=MembershipState.ASKED))
    return News(joined.id, organisation_jobs.tell_asked, organisation_jobs.ASKED, True)


def gathered(chapter: Chapter, said: Contribution, rapporteur: User) -> News:
    """What a follower is told of a contribution that is published."""
    moderation.publish(rapporteur, said, expected_counter=said.row_counter)
    reader = factories.a_user(language=said.author.language)
    news_service.follow(reader, chapter)
    news_service.choose(reader, reader, frequencies={Topic.FOLLOWED: Frequency.IMMEDIATELY})
    news_service.keep(following.CONTRIBUTION, said.id)
    return News(reader.id, news_jobs.send_news, news_jobs.NEWS)


def answered(_chapter: Chapter, said: Contribution, rapporteur: User) -> News:
    moderation.ask_to_rephrase(rapporteur, said, reason=Reason.INSULT, words="Non.", phrases="", expected_counter=said.row_counter)
    answer = moderation.rephrase(said.author, said, body="En d’autres mots.")
    return News(answer.id, moderation_jobs.send_proof, moderation_jobs.PROOF, True)


def flagged(_chapter: Chapter, said: Contribution, rapporteur: User) -> News:
    moderation.publish(rapporteur, said, expected_counter=said.row_counter)
    flag = moderation.flag(factories.a_user(language=said.author.language), said, reason=Reason.INSULT, words="Non.")
    moderation.keep_flagged(rapporteur, said, up_to=flag.id)
    return News(flag.id, moderation_jobs.tell_flagger, moderation_jobs.FLAGGED, True)
