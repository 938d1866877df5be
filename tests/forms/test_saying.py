"""The names under which parts of a remark stand are known in each language, whoever asked for them first."""

from consult.forms import saying


def test_names_that_were_asked_for_without_translations_are_asked_for_anew_with_them(app):
    saying._named.cache_clear()
    saying._names_of_parts.cache_clear()
    assert "Position" in saying._named(saying.POSITION, False)
    assert saying.split_comment("Trop vague.\n— الموقف : معارض") == ("Trop vague.", {saying.POSITION: "معارض"})
