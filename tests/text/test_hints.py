"""Hints name the words that made them, and nothing else."""

import pytest

from consult.text.hints import MOST, Hint, hints_in


def told(text: str, language: str = "") -> list[tuple[str, str]]:
    return [(one.hint, text[one.begins:one.ends]) for one in hints_in(text, language)]


@pytest.mark.parametrize(("text", "expected"), [
    ("Joignez-moi au 06 12 34 56 78.", [("telephone", "06 12 34 56 78")]),
    ("Tél. +212 6-12-34-56-78 le soir", [("telephone", "+212 6-12-34-56-78")]),
    ("الهاتف ٠٦١٢٣٤٥٦٧٨ ليلا", [("telephone", "٠٦١٢٣٤٥٦٧٨")]),
    ("Ma CIN est BE 123456.", [("card", "BE 123456")]),
    ("CIN A12345, merci", [("card", "A12345")]),
    ("Écrivez à driss.alaoui@courriel.example vite", [("mail", "driss.alaoui@courriel.example")]),
    ("RIB 011 780 0000123456789012 34", [("account", "011 780 0000123456789012 34")]),
    ("Il habite 12, rue des Orangers à Rabat", [("street", "12, rue des Orangers à Rabat")]),
    ("Ce sont des voleurs et des Crétins !", [("insult", "voleurs"), ("insult", "Crétins")]),
    ("هذا كَذَّاب", [("insult", "كَذَّاب")]),
    ("Promo sur https://a.example et www.b.example", [
        ("spam", "Promo"), ("spam", "https://a.example"), ("spam", "www.b.example")]),
])
def test_what_is_found_and_where(text, expected):
    assert told(text) == expected


@pytest.mark.parametrize("text", [
    "La norme NM 12345 et la norme EN 45011.", "ISO 17025, IEC 61010, NF 123456, BS 10012.", "En 2024, 120000 entreprises.",
    "L’action 1.1.2 coûte 400 000 dirhams.", "Voir https://imanor.example seulement.", "La loi 24-09 et le décret 2-08-229.",
    "Le vol de données", "", "Code ABC12345",
])
def test_what_is_no_hint(text):
    assert told(text) == []


def test_another_language_than_it_says():
    arabic = "يجب أن تشمل السياسة الوطنية للجودة جميع القطاعات الصناعية والخدماتية في كل الجهات."
    assert [hint for hint, _words in told(arabic, "fr")] == ["language"]
    assert told(arabic, "ar") == []
    french = "La politique nationale de la qualité concerne toutes les régions du pays."
    assert [hint for hint, _words in told(french, "ar")] == ["language"]


@pytest.mark.parametrize("text", [
    "0 " * 5000, "1 rue a" * 2000, "a@" * 5000, "a.b-" * 3000, "+212" * 3000, "AB 1234" * 1500, "www." * 3000, "12, rue " * 1500,
    "شارع " * 3000, "é" * 10_000, "5" * 10_000,
])
def test_a_hostile_text_is_read_in_one_go_and_gives_few(text):
    assert len(hints_in(text, "fr")) <= MOST


def test_each_hint_has_its_kind():
    assert len({*Hint}) == 8
