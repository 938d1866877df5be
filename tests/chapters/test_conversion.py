"""What ministries write in Word comes back with every word, in order, and what cannot be read is refused with the way out."""

import functools
import io
import itertools
import random
import re
import subprocess
import zipfile

import docx
import docx.oxml
import pypandoc
import pytest

from consult.chapters import conversion
from consult.chapters.conversion import convert
from consult.chapters.models import BlockKind
from consult.chapters.parsing import read_file
from consult.chapters.source import front_matter, with_front_matter
from consult.core.config import resource_dir
from consult.core.errors import Invalid
from consult.core.i18n import force_locale

TEXTS = sorted(resource_dir("policy_drafts").glob("*.md"))
STRUCTURE = (BlockKind.AXIS, BlockKind.PROJECT, BlockKind.ACTION)
NASTY = (
    "1. pas une liste", "2024) ni cela", "- ni ceci", "# pas un titre", "> pas une citation", "a * b * c_d_e", "**gras** faux",
    "[lien](faux)", "[^9] appel faux", "{#C9-x} accolades {: .a}", "R&D &amp; <b>balise</b> <script>", "a | b | c", "`code` faux",
    "~~~ barre", ": défini", "=== trait", "--- tiret", r"C:\dossier\*", "https://exemple.ma/a_b?c=d&e=f", "*[abr]: abréviation",
    "<<mot>> entre chevrons", "l’apostrophe", "الباب الأول — المترولوجيا", "نصٌّ مُشَكَّل", "ⵜⴰⵎⴰⵣⵉⵖⵜ", "$x^2$", "! [image]",
    "10 000 m²", "+ plus", "...", "© ® « guillemets »", "____",
)


@pytest.fixture(autouse=True)
def _english(app):
    with app.app_context(), force_locale("en"):
        yield


def made_by_pandoc(markdown: str, kind: str) -> bytes:
    done = subprocess.run([pypandoc.get_pandoc_path(), "-f", "markdown", "-t", kind, "-o", "-"],  # noqa: S603 - our own words
                          input=markdown.encode(), capture_output=True, check=True)
    return done.stdout


def made_by_word(document) -> bytes:
    whole = io.BytesIO()
    document.save(whole)
    return whole.getvalue()


@functools.cache
def converted_once(data: bytes):
    """What a test asks for twice, of the same bytes."""
    return convert(data)


def blocks_of(data: bytes):
    converted = converted_once(data)
    meta = {"title": "T", "commission": "C", "chapter": 1, "language": "fr"}
    return read_file(with_front_matter(meta, converted.body).encode()).blocks


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def words_of(data: bytes) -> list[str]:
    return [word for block in blocks_of(data) for word in words(block.text)]


@pytest.mark.parametrize("kind", ["docx", "odt"])
@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_the_example_text_comes_back_from_word_with_the_same_keys(path, kind):
    source = path.read_text()
    meta, body, _line = front_matter(source)
    converted = convert(made_by_pandoc(source if kind == "docx" else body, kind))
    before, after = read_file(source.encode()), read_file(with_front_matter(meta, converted.body).encode())
    assert [b.text for b in after.blocks] == [b.text for b in before.blocks]
    kept = [[(b.key, b.lead) for b in text.blocks if b.kind in STRUCTURE] for text in (before, after)]
    assert kept[0] == kept[1]
    assert after.problems == []
    assert converted.remarks == ()
    assert converted.title


@pytest.mark.parametrize("seed", range(12))
def test_every_word_of_a_word_document_is_there_in_order(seed):
    rng = random.Random(seed)
    document = docx.Document()
    for _ in range(25):
        add_something(document, rng)
    data = made_by_word(document)
    assert words_of(data) == stated(document)
    assert converted_once(data).remarks == ()


def add_something(document, rng) -> None:
    text = f"{rng.choice(NASTY)} {rng.choice(NASTY)} fin{rng.randrange(999)}"
    what = rng.randrange(7)
    if what == 0:
        document.add_heading(text, rng.randrange(2, 9))
    elif what == 1:
        document.add_paragraph(text, style=rng.choice(["List Bullet", "List Bullet 2", "List Number", "List Number 3", "Quote"]))
    elif what == 2:
        table = document.add_table(rows=3, cols=3)
        for cell in itertools.chain.from_iterable(row.cells for row in table.rows):
            cell.text = rng.choice(NASTY)
        if rng.random() < 0.5:
            table.cell(0, 0).merge(table.cell(0, 1))
        if rng.random() < 0.5:
            table.cell(1, 2).add_paragraph(text)
    else:
        paragraph = document.add_paragraph()
        for part in text.split(" "):
            run = paragraph.add_run(part + rng.choice([" ", " ", "", "\n"]))
            run.bold, run.italic, run.underline = (rng.random() < 0.3 for _ in range(3))
            run.font.superscript = rng.random() < 0.1 or None


def stated(document) -> list[str]:
    """The words of a document by python-docx, which reads the XML by itself."""
    found = []
    for part in document.iter_inner_content():
        if isinstance(part, docx.table.Table):
            seen = set()
            for row in part.rows:
                for cell in row.cells:
                    if cell._tc not in seen:
                        seen.add(cell._tc)
                        found += words("\n".join(p.text for p in cell.paragraphs))
        else:
            found += words(part.text)
    return found


LISTS = """## Titre de deux

#### Titre de quatre

1. un

    suite de un

    a. un a
    b. un b

2. deux
    - deux puce
        - profonde

<!-- -->

7. sept
8. huit

Avec une note[^1] et l’autre[^b]; $e = mc^2$ et ~~barré~~.

Terme
:   Définition une

    suite
:   Définition deux

> citation
>
> - dans la citation

| Ligne
| après ligne

```
du code   * tel quel
```

+-----------+-------------+
| Tête une  | Tête deux   |
+===========+=============+
| - puce    | mot[^c]     |
| - autre   |             |
+-----------+-------------+
| الخلية    | *penché*    |
+-----------+-------------+

[^1]: Première note, deux alinéas.

    Alinéa second.

[^b]: ملاحظة بالعربية.

[^c]: Note de cellule.
"""


@pytest.mark.parametrize("kind", ["docx", "odt"])
def test_lists_notes_and_tables_keep_their_words(kind):
    data = made_by_pandoc(LISTS, kind)
    converted = converted_once(data)
    found = words_of(data)
    body = ("Titre de deux Titre de quatre un suite de un a un a b un b deux deux puce profonde sept huit Avec une note et l autre")
    assert [word for word in found if word != "c"][: 3] == ["Titre", "de", "deux"]
    assert is_within(words(body), found) or kind == "odt"  # where letters of lists are a matter of style
    for word in ("Définition", "citation", "Ligne", "quel", "puce", "الخلية", "penché", "Première", "second", "ملاحظة", "cellule", "barré"):
        assert word in found, word
    assert not [remark for remark in converted.remarks if "not found" in str(remark)]
    kinds = {block.kind for block in blocks_of(data)}
    assert {BlockKind.HEADING, BlockKind.LIST, BlockKind.ROW, BlockKind.FOOTNOTE} <= kinds
    assert "7. sept" in converted.body


def is_within(parts: list[str], whole: list[str]) -> bool:
    rest = iter(whole)
    return all(part in rest for part in parts)


def test_headings_may_begin_anywhere_and_skip_levels():
    blocks = blocks_of(made_by_pandoc("## Deux\n\n##### Cinq\n\nMots.\n\n### Trois", "docx"))
    assert [(b.kind, b.level) for b in blocks] == [
        (BlockKind.HEADING, 2), (BlockKind.HEADING, 5), (BlockKind.PARAGRAPH, 0), (BlockKind.HEADING, 3)]


def test_an_action_that_word_left_loose_is_an_action():
    document = docx.Document()
    document.add_heading("Axe 1 — Mesurer", 2)
    document.add_heading("Projet 1.1 — Étalonner", 3)
    document.add_paragraph().add_run("Action 1.1.1").bold = True
    document.paragraphs[-1].add_run(" — Publier la liste.")
    document.add_paragraph().add_run("Pilote :").italic = True
    document.paragraphs[-1].add_run(" LNM · 2027")
    document.add_paragraph("Action 1.1.2 – Former.", style="List Bullet")
    document.add_paragraph("Un paragraphe.")
    blocks = blocks_of(made_by_word(document))
    assert [b.key for b in blocks] == ["C1-A1", "C1-A1-P1", "C1-A1-P1-a1", "C1-A1-P1-a2", "C1-A1-P1-§1"]
    assert blocks[2].lead == "Publier la liste."


def test_the_title_of_word_is_the_chapters_title():
    document = docx.Document()
    document.add_heading("Métrologie", 0)
    document.add_paragraph("Un sous-titre", style="Subtitle")
    document.add_paragraph("Des mots.")
    converted = convert(made_by_word(document))
    assert converted.title == "Métrologie"
    assert converted.body.startswith("# Métrologie\n\nUn sous-titre")


def test_tracked_changes_are_accepted_and_comments_left_out():
    text = 'Avant [ôté]{.deletion author="A" date="2026-01-01T00:00:00Z"}[mis]{.insertion author="A" date="2026-01-01T00:00:00Z"} après.'
    converted = convert(made_by_pandoc(text, "docx"))
    assert converted.body.strip() == "Avant mis après."
    assert [str(remark).rpartition(" ")[2] for remark in converted.remarks] == ["ôté", "mis"]


def test_pictures_and_formulas_are_spoken_of():
    document = docx.Document()
    png = (resource_dir("static") / "img" / "chapter.png").read_bytes()
    document.add_picture(io.BytesIO(png))
    document.add_paragraph("Sous la figure.")
    converted = convert(made_by_word(document))
    assert converted.body.strip() == "Sous la figure."
    assert "Pictures" in str(converted.remarks[0])
    assert "TeX" in str(convert(made_by_pandoc("Soit $x^2$.", "docx")).remarks[0])


def test_titles_that_word_numbers_by_itself_are_spoken_of():
    document = docx.Document()
    paragraph = document.add_heading("Mesurer", 2)
    properties = paragraph._p.get_or_add_pPr()._insert_numPr(docx.oxml.OxmlElement("w:numPr"))
    properties.append(docx.oxml.OxmlElement("w:ilvl"))
    assert "Word numbers the titles" in str(convert(made_by_word(document)).remarks[0])


def test_marks_that_turn_the_direction_are_left_in_word():
    document = docx.Document()
    document.core_properties.title = "\u202bالعنوان\u202c"
    document.add_paragraph("\u202bالباب الأول\u202c et mot\u2066suite\u2069 fin")
    document.add_table(rows=1, cols=1).cell(0, 0).text = "خل\u202eية"
    data = made_by_word(document)
    converted = converted_once(data)
    assert [block.text for block in blocks_of(data) if block.text] == ["الباب الأول et motsuite fin", "خلية"]
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", converted.title + converted.body)
    assert converted.remarks == ()


def test_words_that_are_not_found_again_are_named():
    assert "perdu" in str(conversion.missing_words(["mot", "perdu"], ["un mot"])[0])


# What is refused


def zipped(**parts: bytes) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name.replace("__", "/"), part)
    return whole.getvalue()


def encrypted_zip() -> bytes:
    whole = bytearray(zipped(mimetype=b"x"))
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        whole[whole.index(sign) + at] |= 1
    return bytes(whole)


def torn_inside(method: int) -> bytes:
    """A document whose list of parts is whole, and whose words are overwritten where they are packed."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", method) as archive:
        archive.writestr("word/document.xml", b"".join(b"<w:t>mot %d</w:t>" % n for n in range(999)))
    at = len(b"word/document.xml") + 30 + 20  # behind the local header
    return whole.getvalue()[:at] + b"\xff" * 40 + whole.getvalue()[at + 40:]


LOCKED_ODT = zipped(mimetype=b"application/vnd.oasis.opendocument.text", **{
    "content.xml": b"\x00", "META-INF__manifest.xml": b"<manifest:encryption-data/>"})


@pytest.mark.parametrize(("data", "said"), [
    (b"", "empty"),
    (b"   \n", "empty"),
    (b"not a document", "damaged"),
    (b"PK\x03\x04 torn", "damaged"),
    (conversion.OLD_WORD + b"\x00" * 600, ".doc"),
    (conversion.OLD_WORD + "EncryptedPackage".encode("utf-16-le"), "password"),
    (encrypted_zip(), "password"),
    (LOCKED_ODT, "password"),
    (b"%PDF-1.7", "neither"),
    (b"{\\rtf1", "neither"),
    (zipped(**{"[Content_Types].xml": b"spreadsheetml", "xl__workbook.xml": b"<a/>"}), "neither"),
    (zipped(**{"word__document.xml": b" " * (conversion.LARGEST_UNPACKED + 1)}), "too large"),
    (zipped(**{f"{n}.xml": b"" for n in range(conversion.MAX_PARTS + 1)}), "too large"),
    (zipped(**{"[Content_Types].xml": b"wordprocessingml", "word__document.xml": b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"}), "damaged"),
    (zipped(**{"[Content_Types].xml": b"wordprocessingml", "word__document.xml": b"<torn"}), "damaged"),
    (b"x" * (conversion.LARGEST + 1), "30 MB"),
    (torn_inside(zipfile.ZIP_DEFLATED), "damaged"),
    (torn_inside(zipfile.ZIP_LZMA), "damaged"),
    (torn_inside(zipfile.ZIP_BZIP2), "damaged"),
], ids=range(19))
def test_what_cannot_be_read_is_refused_with_the_way_out(data, said):
    with pytest.raises(Invalid) as refusal:
        convert(data)
    assert said in str(refusal.value.message)
    assert str(refusal.value.remedy)
    assert refusal.value.field == "file"


def test_a_document_without_words_is_refused():
    with pytest.raises(Invalid, match="no text"):
        convert(made_by_word(docx.Document()))


def test_a_document_that_takes_too_long_is_refused(monkeypatch):
    def never(*_arguments, **_values):
        raise subprocess.TimeoutExpired("pandoc", 60)
    data = made_by_pandoc("Mots.", "odt")
    monkeypatch.setattr(conversion.subprocess, "run", never)
    with pytest.raises(Invalid, match="damaged"):
        convert(data)
