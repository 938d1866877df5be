"""French and Arabic are complete, keep every placeholder, and what is compiled is what was written."""

import ast
import configparser
import gettext
import io
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from tests.house.source import modules

ROOT = Path(__file__).parents[2]
CATALOGUES = ROOT / "consult" / "translations"
LANGUAGES = ("ar", "fr")
PLACEHOLDER = re.compile(r"%\(\w+\)s|{\w+}")
# The plural forms that stand for few numbers may say them in words, and zero needs no other figure.
IN_WORDS = {"ar": (0, 1, 2), "fr": (0,)}
EXAMPLES = {"ar": {0: 0, 1: 1, 2: 2, 3: 3, 10: 3, 11: 4, 99: 4, 100: 5, 102: 5, 103: 3, 111: 4}, "fr": {0: 0, 1: 0, 2: 1, 100: 1}}


def catalogue(language, kind="po"):
    with (CATALOGUES / language / "LC_MESSAGES" / f"messages.{kind}").open("rb") as file:
        return read_po(file, locale=language) if kind == "po" else read_mo(file)


def messages(language):
    return [message for message in catalogue(language) if message.id]


def ids(message):
    return tuple(message.id) if isinstance(message.id, (tuple, list)) else (message.id,)


def forms(message):
    return tuple(message.string) if isinstance(message.string, (tuple, list)) else (message.string,)


def placeholders(text):
    return sorted(PLACEHOLDER.findall(text))


def extracted():
    """The msgid of every message of the code and of the templates, found as `make translations` finds them."""
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    wanted = settings["extract_messages"]
    with (ROOT / wanted["mapping_file"]).open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    keywords = parse_keywords(wanted["keywords"].split())
    for folder in wanted["input_paths"].split(","):
        for _, _, message, _, _ in extract_from_dir(ROOT / folder.strip(), methods, options, keywords=keywords):
            yield message[0] if isinstance(message, tuple) else message


def test_there_is_a_catalogue_for_each_language_but_that_of_the_code():
    assert sorted(path.name for path in CATALOGUES.iterdir() if path.is_dir()) == sorted(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_of_the_sources_is_in_the_catalogue_and_no_other(language):
    assert {ids(message)[0] for message in messages(language)} == set(extracted())
    assert not catalogue(language).obsolete


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated(language):
    assert [message.id for message in messages(language) if message.fuzzy or not all(form.strip() for form in forms(message))] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_placeholder_is_kept(language):
    wrong = []
    for message in messages(language):
        wanted = placeholders(ids(message)[-1])
        for n, form in enumerate(forms(message)):
            found = placeholders(form)
            in_words = message.pluralizable and n in IN_WORDS[language]
            if found != wanted and not (in_words and sorted([*found, "%(num)s"]) == wanted):
                wrong.append((message.id, form))
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_plural_has_the_forms_of_its_language(language):
    wanted = len(set(EXAMPLES[language].values()))
    assert catalogue(language).num_plurals == wanted
    assert [message.id for message in messages(language) if message.pluralizable and len(forms(message)) != wanted] == []
    plural = gettext.c2py(catalogue(language).plural_expr)
    assert {number: plural(number) for number in EXAMPLES[language]} == EXAMPLES[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language):
    written = io.BytesIO()
    write_mo(written, catalogue(language))
    written.seek(0)
    assert [(m.id, m.string) for m in read_mo(written) if m.id] == [(m.id, m.string) for m in catalogue(language, "mo") if m.id]


def test_french_is_set_as_french_is():
    text = "\n".join(form for message in messages("fr") for form in forms(message))
    assert re.findall(r".*'.*", text) == []
    assert re.findall(r".* [:;?!»].*|.*« .*", text) == [], "a no-break space stands before : ; ? ! and inside « »"


def test_arabic_has_its_own_punctuation_and_western_digits():
    text = "\n".join(form for message in messages("ar") for form in forms(message))
    assert re.findall("[٠-٩۰-۹]", text) == []
    assert re.findall("[\u0600-\u06ff][,;?]", text) == []


def test_no_message_hides_where_the_catalogues_do_not_look():
    """What stands in an f-string is not extracted: take it out of there into a name."""
    known = {id_ for message in messages("ar") for id_ in ids(message)}
    lost = [
        f"{path}:{node.lineno}: {node.args[0].value}" for path, tree in modules().items() for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_", "N_", "gettext", "ngettext")
        and node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value not in known
    ]
    assert lost == []
