"""The names under which parts of a remark stand are known in each language, whoever asked for them first."""

from threading import Thread

from consult.forms import saying

COMMENT = "Trop vague.\n— الموقف : معارض"


def test_names_that_were_asked_for_without_translations_are_asked_for_anew_with_them(app):
    saying._named.cache_clear()
    saying._names_of_parts.cache_clear()
    first = Thread(target=saying.split_comment, args=(COMMENT,))  # which has no application, as a command that reads a file
    first.start()
    first.join()
    assert saying._named.cache_info().currsize
    assert saying.split_comment(COMMENT) == ("Trop vague.", {saying.POSITION: "معارض"})
