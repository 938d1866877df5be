"""An organisation is found by whatever is typed of its name, so that none is listed twice."""

import pytest

from consult.core.errors import Invalid
from consult.core.permissions import SYSTEM
from consult.organisations import finding, service
from consult.organisations.models import Category, Region, Sector

LISTED = [
    ("Fédération marocaine des laboratoires d’essais", "الفيدرالية المغربية لمختبرات التجارب",
     "Moroccan federation of test laboratories", "FMLE"),
    ("Institut témoin de normalisation", "المعهد المثال للتقييس", "", "ITN"),
    ("Association des consommateurs de Fès", "جمعية المستهلكين بفاس", "", ""),
    ("Association des consommateurs de Meknès", "جمعية المستهلكين بمكناس", "", ""),
]


def add(name_fr: str, name_ar: str = "", name_en: str = "", short: str = "", **over):
    return service.add(SYSTEM, None, name_fr=name_fr, name_ar=name_ar, name_en=name_en, short=short, category=Category.OTHER,
                       sector=Sector.CROSS_SECTOR, region=Region.RABAT, **over)


@pytest.fixture
def listed(app):
    return [add(*names, is_another=True) for names in LISTED]


@pytest.mark.parametrize(("typed", "place"), [
    ("federation", 0), ("LABORATOIRES essais", 0), ("essais laboratoires", 0), ("labo", 0), ("fmle", 0), ("FML", 0), ("مختبرات", 0),
    ("المختبرات", 0), ("الفيدراليه المغربيه", 0), ("test laboratories", 0), ("Institut de normalisation", 1), ("معهد", 1), ("تقييس", 1),
    ("consommateurs fès", 2), ("Consommateurs de Meknes", 3), ("فاس", 2), ("بفاس", 2),
])
def test_it_is_found_by_a_part_of_any_of_its_names(listed, typed, place):
    found = finding.find(typed)
    assert found[:1] == [listed[place]]


@pytest.mark.parametrize("typed", ["", " ", "…", "\u200b", "a", "zzz", "'; DROP TABLE organisation; --", "%", "_", "x" * 300, "\U0010ffff"])
def test_what_no_name_has_finds_none(listed, typed):
    assert finding.find(typed) == []


def test_a_list_of_what_is_found_has_an_end(app):
    for n in range(finding.MOST + 5):
        add(f"Laboratoire témoin {n}", is_another=True)
    assert len(finding.find("laboratoire")) == finding.MOST
    assert finding.find("laboratoire 24")[0].name_fr == "Laboratoire témoin 24"


@pytest.mark.parametrize("names", [
    {"name_fr": "Fédération marocaine de laboratoires d'essai"}, {"name_fr": "La federation Marocaine des Laboratoires d’Essais (FMLE)"},
    {"name_fr": "Autre nom", "short": "fmle"}, {"name_fr": "Autre nom", "name_ar": "فيدرالية مغربية لمختبرات التجارب"},
    {"name_fr": "Test laboratories, Moroccan federation"}, {"name_fr": "Autre nom", "short": "F.M.L.E."},
])
def test_what_is_much_like_another_is_listed_only_by_whoever_says_that_it_is_another(listed, names):
    with pytest.raises(service.PerhapsListed) as refusal:
        add(**names)
    assert refusal.value.near[0] is listed[0]
    assert add(**names, is_another=True) not in listed


@pytest.mark.parametrize("names", [{"name_fr": "Association des consommateurs de Taza"}, {"name_fr": "Laboratoire central"}])
def test_what_is_unlike_is_listed_at_once(listed, names):
    assert add(**names).id


@pytest.mark.parametrize(("one", "other"), [("Lycée technique 1", "Lycée technique 2"), ("Section 12 de Rabat", "Section 21 de Rabat")])
def test_numbers_tell_names_apart(app, one, other):
    assert finding.alike(one, one) == 100
    add(one)
    assert add(other).name_fr == other


@pytest.mark.parametrize(("field", "name"), [
    ("name_fr", "المعهد المثال للتقييس"), ("name_ar", "المعهد المثال للتّقييس"), ("name_en", "INSTITUT TEMOIN DE NORMALISATION"),
])
def test_a_name_that_another_has_in_whatever_language_is_refused(listed, field, name):
    with pytest.raises(Invalid) as refusal:
        add(**{"name_fr": "Un tout autre nom", field: name}, is_another=True)
    assert refusal.value.field == field


def test_names_of_many_unlike_words_are_compared_with_little_work(monkeypatch):
    """Of the longest names, a few hundred pairs of words."""
    compared = 0
    is_same_word = finding._is_same_word

    def counted(*words: str) -> bool:
        nonlocal compared
        compared += 1
        return is_same_word(*words)
    monkeypatch.setattr(finding, "_is_same_word", counted)
    one, other = (" ".join(f"{letter}{number:03}" for number in range(59)) for letter in "kz")
    assert finding.alike(one, other) == 0
    assert 0 < compared < 600
