import pytest

from consult.text.passwords import common, cores, is_tried_first
from tests.growing import grows_as_its_text

SALMA = "salma.benali@example.org", "Salma Benâli"


@pytest.mark.parametrize("password", [
    "password12", "Password2024!", "P@ssw0rd2026", "motdepasse1", "MotDePasse!!", "azertyuiop", "AZERTYUIOP", "qwertyuiop", "1234567890",
    "0987654321", "aaaaaaaaaa", "abababababab", "passwordpassword", "drowssap123", "iloveyou123", "mohammed1990", "casablanca2026",
    "mot de passe", "123456789a", "01/01/1990", "06 12 34 56 78", "abcdefghijkl", "sunshine!!!", "trustno1trustno1", "administrator",
    "normalisation2026", "Politique Nationale Qualité", "CSNCA-IMANOR-26", "consultation publique!",
    "n0rmalisation-maroc", "Qualité Salma 12",
    "الجودة والتقييس", "المجلس الأعلى 2026", "Quality policy 2026",
    "salmabenali", "Benâli2026", "salma-1990", "example.org1", "١٢٣٤٥٦٧٨٩٠", "ﬁnancial12",
])
def test_what_is_tried_first(password):
    assert is_tried_first(password, *SALMA)


@pytest.mark.parametrize("password", [
    "une phrase assez longue", "le thé de Salma refroidit", "correct horse battery staple", "7 oliviers au puits", "demonstration-pnq",
    "la norme du thé refroidit",
    "xkqz-48-vfrt", "كتاب على الطاولة", "mot de passe de tous",
])
def test_what_is_not(password):
    assert not is_tried_first(password, *SALMA)


def test_the_list_is_long_and_refuses_all_of_itself():
    words = common().decode().split()
    assert len(words) == 81_780
    assert sum(len(word) >= 10 for word in words) > 10_000
    assert all(is_tried_first(word) for word in words[::500])


def test_a_long_one_takes_no_time():
    assert not is_tried_first("une phrase assez longue " * 40)


@pytest.mark.parametrize("part", ["a", "1", ".", "ab", "1a"])
def test_a_long_password_takes_no_time_of_others(part):
    assert grows_as_its_text(is_tried_first, lambda length: part * length + "é", 4_000)
    assert "azerty" in cores("1.azerty.2")
