"""What is found: by words and what stands for them, in quotes, without others, by name, as narrow as it is asked for; and at once."""

import pytest
import sqlalchemy as sa

from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.consultations.models import ModerationMode, Phase
from consult.contributions import service as contributions
from consult.contributions.models import CommentType, Contribution, ContributionState, Kind, Position, Reply
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.paging import Cursor
from consult.core.permissions import SYSTEM, VISITOR
from consult.moderation import service as moderation
from consult.moderation.models import Reason
from consult.organisations.models import Category, Sector
from consult.search import service
from consult.search.models import SearchKey, SearchPosting, SearchWord
from consult.search.service import SearchFilter, Sort, indexing, searching
from consult.synthesis.models import SynthesisState
from tests import factories


@pytest.fixture
def ask(consultation):
    def found(typed="", **over):
        sort, after, size = over.pop("sort", Sort.RELEVANCE), over.pop("after", None), over.pop("size", 20)
        return service.search(VISITOR, consultation, service.get_asked(typed), SearchFilter(**over), sort=sort, after=after, size=size)
    return found


@pytest.fixture
def refs(ask):
    """The references and keys that are found, in their order; those that lack a word left out."""
    def found(typed="", **over):
        return [one.hit.ref for one in ask(typed, **over).page.rows if not one.lacking]
    return found


def published(block, body, **over):
    return factories.a_published_contribution(block=block, body=body, **over)


def test_words_are_found_whatever_their_form(block, refs, indexed):
    said = published(block, "Les laboratoires nationaux manquent d’ÉTALONS.")
    arabic = published(block, "تعزيز المختبرات الوطنيّة والمعايير", language="ar")
    indexed()
    for typed in ("laboratoire", "national", "nationale", "etalon manque", "LABORATOIRES manquent"):
        assert said.ref in refs(typed), typed
    for typed in ("مختبر", "وطني", "لتعزيز", "المعيار", "الوَطَنِيَّةُ"):
        assert arabic.ref in refs(typed), typed
    assert said.ref not in refs("laboratoire absent")


def test_every_kind_of_thing_is_found_with_its_words_in_their_sentence(block, chapter, ask, indexed):
    said = published(block, "La traçabilité zirconium compte.")
    reply = factories.saved(Reply(
        ref=f"{said.ref}-R1", form_key="r1", chapter_id=said.chapter_id, contribution=said, number=1, author=factories.a_user(),
        language="fr", body="Le zirconium aussi.", state=ContributionState.PUBLISHED))
    synthesis = factories.a_synthesis(chapter, state=SynthesisState.SUBMITTED, validated_at=utcnow())
    factories.an_item(synthesis, title="Zirconium", rationale="Le zirconium est hors du texte.")
    indexed()
    found = ask("zirconium")
    assert sorted(one.kind for one in found.page.rows) == ["item", "reply", "said"]
    assert found.counts == {"item": 1, "reply": 1, "said": 1}
    assert {one.hit.ref for one in found.page.rows} == {said.ref, reply.ref, ""}
    assert all(any(piece.is_marked and "zirconium" in piece.text.lower() for piece in one.pieces) for one in found.page.rows)
    assert [one.kind for one in ask("étalons nationaux", language="fr").page.rows if not one.lacking] == ["text"]
    assert [one.hit.ref for one in ask("étalons nationaux", what="said").page.rows] == []


def test_quotes_hold_words_together_and_a_hyphen_leaves_them_out(block, refs, indexed):
    together = published(block, "Avant l’enquête publique, la consultation.")
    apart = published(block, "L’enquête, publique ou non, la publique enquêtée.")
    indexed()
    assert set(refs("enquete publique")) == {together.ref, apart.ref}
    assert set(refs('"Enquête  publique"')) == {together.ref, apart.ref}, "punctuation between them makes no difference"
    assert refs("« publique enquêtée »") == [apart.ref]
    assert refs('"enquêtes publiques"') == []
    assert refs("enquete -consultation") == [apart.ref]
    assert refs('"enquete') != [], "a quote that is not closed is no fault"


def test_by_reference_and_by_key(block, refs, indexed):
    said = published(block, "Sans rapport.", ref="PNQ-C1-0042")
    indexed()
    assert refs("pnq-c1-0042") == refs(" PNQ-C1-0042 ") == [said.ref]
    assert refs("PNQ-C1-0043") == []
    for spoken in ("C1-0042", "c1-42", "PNQ C1 42", "PNQ/C1/0042", "pnq–c1–0042", "C1 42"):  # noqa: RUF001 - as a word processor writes it
        assert refs(spoken) == [said.ref], spoken
    assert refs("C1-43") == refs("C2-42") == []
    assert set(refs("c1-a1-p1-a1")) == {"C1-A1-P1-a1", said.ref}
    assert refs("C1-A9-P9") == []


def test_filters(block, chapter, refs, indexed):
    other = factories.block_of(chapter, "C1-A1-P1-a2")
    company = factories.an_organisation(category=Category.COMPANY, sector=Sector.TEXTILE)
    one = published(block, "Un avis tungstène.", position=Position.OPPOSED, kind=Kind.RECOMMENDATION, comment_type=CommentType.EDITORIAL,
                    author=factories.a_user(organisation=company), language="ar")
    two = published(other, "Un autre tungstène.", author=factories.a_user())
    synthesis = factories.a_synthesis(chapter, state=SynthesisState.SUBMITTED, validated_at=utcnow())
    factories.an_item(synthesis, two)
    indexed()
    assert set(refs("tungstène")) == {one.ref, two.ref}
    for wanted in ({"position": Position.OPPOSED}, {"kind": Kind.RECOMMENDATION}, {"comment_type": CommentType.EDITORIAL},
                   {"category": Category.COMPANY}, {"organisation": company}, {"language": "ar"}, {"is_answered": False},
                   {"own": factories.an_organisation(category=Category.TRADE_UNION, sector=Sector.TEXTILE)}):
        assert refs("tungstène", **wanted) == [one.ref], wanted
        assert one.ref in refs("", **wanted), "without any word too"
    for wanted in ({"is_own_name": True}, {"is_answered": True}):
        assert refs("tungstène", **wanted) == [two.ref], wanted
    assert set(refs("tungstène", chapter=chapter)) == {one.ref, two.ref}
    keys = tuple(chapters.list_axis_keys(chapter, "C1-A1"))
    assert block.key in keys
    assert set(refs("tungstène", chapter=chapter, axis="C1-A1", axis_keys=keys)) == {one.ref, two.ref}
    assert refs("tungstène", chapter=chapter, axis="C1-A9", axis_keys=()) == []


def test_orders_and_pages(block, chapter, ask, refs, indexed):
    early = factories.block_of(chapter, "C1-contexte-§1")
    said = [published(place, f"Le vanadium numéro {n}.") for n, place in enumerate([block, early, block, early])]
    indexed()
    assert refs("vanadium", sort=Sort.NEWEST) == [one.ref for one in reversed(said)]
    assert refs("vanadium", sort=Sort.TEXT) == [said[1].ref, said[3].ref, said[0].ref, said[2].ref]
    for sort in Sort:
        first = ask("vanadium", sort=sort, size=3)
        assert first.count == 4
        second = ask("vanadium", sort=sort, size=3, after=Cursor.parse(str(first.page.older)))
        assert [one.hit.ref for page in (first, second) for one in page.page.rows] == refs("vanadium", sort=sort)
        assert second.page.older is None


def test_what_lacks_a_word_comes_after_what_has_all(block, ask, indexed):
    both, one = published(block, "Du chrome et du nickel."), published(block, "Du nickel seul.")
    indexed()
    assert [(shown.hit.ref, shown.lacking) for shown in ask("nickel chrome").page.rows] == [(both.ref, []), (one.ref, ["chrome"])]
    assert ask("nickel chrome").count == 1


def test_a_word_that_nobody_said_is_corrected(block, ask, indexed):
    published(block, "La Métrologie légale des molybdènes.")
    indexed()
    assert [near.written for near in ask("molybdne").near["molybdne"]] == ["molybdènes"]
    assert ask("xqzxqz").near == {"xqzxqz": []}


def test_many_are_counted_up_to_what_is_looked_at(block, ask, monkeypatch, indexed):
    for n in range(5):
        published(block, f"Du tantale {n}.")
    indexed()
    monkeypatch.setattr(searching, "MOST_FOUND", 3)
    found = ask("tantale")
    assert (found.count, found.is_more) == (3, True)


# At once, and no longer


def marked(typed="Un mot rhodium", **over):
    return {"kind": Kind.COMMENT, "comment_type": CommentType.GENERAL, "position": Position.NEUTRAL, "body": typed, "language": "fr",
            **over}


def words_kept() -> set[str]:
    return set(session.scalars(sa.select(SearchWord.word))) & set(session.scalars(sa.select(SearchKey.word)))


def test_it_is_found_from_its_publication_to_its_withdrawal(block, refs, rapporteur, participant):
    said = factories.a_contribution(block=block, author=participant, body="Un mot rhodium.")
    assert refs("rhodium") == []
    moderation.publish(rapporteur, said, expected_counter=said.row_counter)
    assert refs("rhodium") == [said.ref]
    assert "rhodium" in words_kept()
    moderation.withhold(rapporteur, said, expected_counter=said.row_counter, reason=Reason.INSULT, words="Ce passage vise quelqu’un.")
    assert refs("rhodium") == []
    assert "rhodium" not in words_kept()
    moderation.restore(rapporteur, said, expected_counter=said.row_counter, reason=Reason.MISTAKE, words="La décision était une erreur.")
    assert refs("rhodium") == [said.ref]
    contributions.withdraw(participant, said)
    assert refs("rhodium") == []
    assert session.scalars(sa.select(SearchPosting).where(SearchPosting.kind == "said")).all() == []


def test_words_of_others_stay(block, refs, rapporteur, participant, indexed):
    kept = published(block, "Encore du rhodium.")
    gone = published(block, "Du rhodium.")
    indexed()
    moderation.withhold(rapporteur, gone, expected_counter=gone.row_counter, reason=Reason.INSULT, words="Ce passage vise quelqu’un.")
    assert refs("rhodium") == [kept.ref]


def test_it_is_found_as_soon_as_it_is_lodged_where_moderation_comes_afterwards(block, refs, participant, consultation):
    consultation.moderation_mode = ModerationMode.AFTER
    session.flush()
    said = contributions.lodge(participant, block, form_key="k1", justification="", replacement="", **marked())
    assert refs("rhodium") == [said.ref]


def test_a_reply_goes_with_its_contribution(block, refs, rapporteur, citizen):
    said = published(block, "Autre chose.")
    reply = contributions.reply(citizen, said, form_key="r1", body="Du rhodium.")
    assert refs("rhodium") == []
    moderation.publish(rapporteur, reply, expected_counter=reply.row_counter)
    assert refs("rhodium") == [reply.ref]
    moderation.withhold(rapporteur, said, expected_counter=said.row_counter, reason=Reason.INSULT, words="Ce passage vise quelqu’un.")
    assert refs("rhodium") == []
    assert "rhodium" not in words_kept()


def test_a_new_version_of_the_text_takes_the_place_of_the_one_before(chapter, refs):
    old = factories.markdown(1).replace("Publier chaque année", "Publier chaque trimestre")
    assert refs('"chaque année"', language="fr") == ["C1-A1-P1-a1"]
    chapters.import_chapter(SYSTEM, chapter.consultation, data=old.encode())
    assert refs('"chaque année"', language="fr") == []
    assert refs("trimestre", language="fr") == ["C1-A1-P1-a1"]


def test_the_index_is_no_authority(block, refs, indexed):
    """What is taken down by no act, as by hand in the database, is not found either."""
    said = published(block, "Du ruthénium.")
    indexed()
    factories.change(said, state=ContributionState.WITHHELD)
    session.flush()
    assert refs("ruthénium") == []


def test_two_workers_keep_nothing_twice(block, indexed):
    published(block, "Du palladium palladium.")
    indexed()
    indexed()
    assert len(session.scalars(sa.select(SearchPosting).where(SearchPosting.word == "palladium")).all()) == 1


@pytest.mark.parametrize("typed", [
    "", " ", "-", '""', "«»", "de la du", "''", "%", "_", "\\", "a" * 5000, "😀", "\u202eabc", "' OR 1=1 --", "1 2 3", "--x",
    '-"enquête publique"', "\x00", "ـــ", "ء", "C1-", "PNQ-C1-9999999999", " ".join(map(str, range(500)))])
def test_nothing_that_is_typed_is_a_fault(typed, ask, block):
    assert ask(typed).count >= 0


def test_phase_makes_no_difference(consultation, chapter, refs):
    consultation.phase = Phase.CLOSED
    session.flush()
    assert "C1-A1-P1-a1" in refs("étalons nationaux")


def test_words_out_of_sight_are_found_no_more_and_those_shown_again_are(block, rapporteur, refs):
    said = factories.a_contribution(block=block, body="Le directeur Zirari refuse les essais.")
    moderation.redact(rapporteur, said, phrases="Zirari", reason=Reason.PERSONAL_DATA, words="Un nom.", expected_counter=said.row_counter)
    assert (refs("zirari"), refs("directeur essais")) == ([], [said.ref])
    assert session.get(SearchWord, "zirari") is None
    moderation.show_all(rapporteur, said, reason=Reason.MISTAKE, words="À tort.", expected_counter=said.row_counter)
    assert refs("zirari") == [said.ref]


def test_what_is_hidden_while_the_worker_waits_for_the_chapter_is_not_kept(block, monkeypatch):
    factories.a_published_contribution(block=block, body="Le zirconium de Driss.")

    def hidden_meanwhile(model, *_which):
        assert model is Chapter
        session.execute(sa.update(Contribution).values(shown_body="Le [passage occulté]."))
    monkeypatch.setattr(indexing, "lock_all", hidden_meanwhile)
    indexing.see_to_missing()
    kept = set(session.scalars(sa.select(SearchPosting.word).where(SearchPosting.kind == "said")))
    assert "zirconium" not in kept
    assert "occulte" in kept


def test_two_who_keep_the_same_words_do_not_disturb_each_other(block):
    said = factories.a_published_contribution(block=block, body="Le zirconium de Driss.")
    findable = indexing.list_findables()["said"]
    for _worker in range(2):
        indexing.put_in("said", findable.texts([said.id]))
    assert session.scalars(sa.select(SearchPosting.subject_id).where(SearchPosting.word == "zirconium")).all() == [said.id]
