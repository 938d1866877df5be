"""One name is listed once, and no other is taken for it."""

import pytest

from consult.core.db import session
from consult.core.errors import Conflict, Invalid
from consult.core.permissions import SYSTEM
from consult.organisations import finding, service
from consult.organisations.models import Category, Region, Sector

ACADEMY = "Ministère de l’Éducation nationale, du Préscolaire et des Sports — Académie régionale d’éducation et de formation de "
PARTICULARS = {"short": "ORG", "category": Category.OTHER, "sector": Sector.CROSS_SECTOR, "region": Region.RABAT}


def add(name: str):
    return service.add(SYSTEM, None, name_fr=name, is_another=True, **PARTICULARS)


@pytest.mark.parametrize(("one", "other"), [
    (ACADEMY + "Casablanca-Settat", ACADEMY + "Marrakech-Safi"), (ACADEMY + "Fès", ACADEMY + "Fès-Meknès"),
    ("C Conseil", "C++ Conseil"), ("C++ Conseil", "C Conseil"), ("C Conseil", "C# Conseil"), ("C# Conseil", "C++ Conseil"),
    ("A Certification", "A+ Certification"), ("R D Maroc", "R&D Maroc"), ("Plus", "Plus+"), ("Bureau @ Rabat", "Bureau Rabat"),
    ("أكاديمية التربية " * 8 + "فاس", "أكاديمية التربية " * 8 + "مكناس"), ("Agence 1", "Agence 2"), ("x" * 100, "x" * 101),
])
def test_two_names_are_two_organisations(app, one, other):
    first, second = add(one), add(other)
    assert first.slug != second.slug
    assert max(len(first.slug), len(second.slug)) <= 80
    for listed in (one, other):
        with pytest.raises(Invalid) as refusal:
            add(listed)
        assert refusal.value.field == "name_fr"
        assert listed in str(refusal.value)
        assert refusal.value.remedy


@pytest.mark.parametrize(("one", "other"), [
    ("Fédération nationale", "FEDERATION  NATIONALE"), ("Institut d’essais", "Institut d'essais"), ("LPEE, Fès", "LPEE – Fès"),
    ("C++ Conseil", "c ++ conseil"), ("R&D Maroc", "R & D Maroc"), ("Cafe\u0301", "Café"), ("Lab\u200bo", "Labo"), ("Labo", "Labo\u200f"),
    ("مُختبر الجودة", "مختبر الجودة"), ("أكاديمية الجودة", "اكاديميه الجوده"), ("مختبـــر", "مختبر"),
    (ACADEMY + "Fès", (ACADEMY + "Fès").upper()), ("Œuvre", "œuvre"),
])
def test_one_name_is_listed_once_however_it_is_typed(app, one, other):
    assert finding.is_same(one, other)
    add(one)
    with pytest.raises(Invalid):
        add(other)


def test_a_name_listed_under_a_short_address_is_known(app):
    service.add(SYSTEM, None, name_fr="Institut de normalisation", slug="inm", **PARTICULARS)
    with pytest.raises(Invalid):
        add("INSTITUT DE NORMALISATION")


def test_an_address_that_another_name_has_is_not_taken_for_it(app):
    """As an earlier version gave them."""
    service.add(SYSTEM, None, name_fr="C++ Conseil", slug="c-conseil", **PARTICULARS)
    assert add("C Conseil").slug.startswith("c-conseil-")


def test_the_same_name_twice_at_one_moment_is_one(app, monkeypatch):
    monkeypatch.setattr(service, "refuse_listed", lambda _kept: None)
    add(ACADEMY + "Fès")
    with pytest.raises(Conflict):
        add(ACADEMY + "Fès")


@pytest.mark.parametrize(("field", "name"), [
    *(("name_fr", name) for name in ("", " ", "\u200b", "—", "...", "\u00a0\u2060")), ("short", "—"), ("short", "..."),
])
def test_a_name_has_letters(app, field, name):
    with pytest.raises(Invalid) as refusal:
        service.add(SYSTEM, None, **{"name_fr": "Institut", **PARTICULARS, field: name})
    assert refusal.value.field == field


@pytest.mark.parametrize("short", ["", " ", "\u00a0"])
def test_a_body_may_have_no_acronym_and_be_of_the_whole_country(app, short):
    added = service.add(SYSTEM, None, **{"name_fr": "Institut", **PARTICULARS, "short": short, "region": Region.NATIONAL})
    session.flush()
    session.refresh(added)
    assert (added.short, added.region.label) == ("", "The whole country")
