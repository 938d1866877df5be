"""What a file is by its content, what refuses it, and what it tells of people."""

import gzip

import pytest

from consult.contributions.files import inspect_apart, shown_name
from consult.contributions.files.pictures import exif_of
from consult.contributions.files.reading import inspect, words_in
from consult.core.errors import Invalid
from tests.contributions.files import EACH, a_docx, a_jpeg, a_pdf, a_png, an_odt, an_xlsx, chunk, exif, segment, with_part, zipped

LAUGHS = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><l>&b;</l>'


@pytest.mark.parametrize("kind", EACH)
def test_each_kind_is_known_by_its_content(kind):
    found = inspect(EACH[kind]())
    assert (found.kind, found.data) == (kind, EACH[kind]())


def bomb() -> bytes:
    return with_part(a_docx(), "word/media/image1.xml", bytes(60_000_000))


REFUSED = {
    "larger": (lambda: a_pdf() + bytes(11_000_000), "larger than 10 MB"),
    "empty": (lambda: b" \n", "empty"),
    "programme": (lambda: b"MZ" + bytes(500), "programme"),
    "renamed script": (lambda: b"#!/bin/sh\nrm -r", "programme"),
    "archive": (lambda: gzip.compress(b"x" * 100), "archive"),
    "archive of files": (lambda: zipped({"a.txt": b"a"}), "kind cannot"),
    "page": (lambda: b"  <html><script>1</script>", "browser would run"),
    "drawing": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "browser would run"),
    "old, or with a password": (lambda: b"\xd0\xcf\x11\xe0" + bytes(4000), "password"),
    "text": (lambda: b"Bonjour, voici.", "kind cannot"),
    "PDF with a password": (lambda: a_pdf(password="secret"), "password"),
    "PDF with a script": (lambda: a_pdf(script=True), "holds a programme"),
    "PDF with a hidden script": (lambda: a_pdf(script=True).replace(b"/JavaScript", b"/J#61vaScript"), "holds a programme"),
    "PDF cut off": (lambda: a_pdf()[:200], "damaged"),
    "PDF and archive": (lambda: a_pdf() + zipped({"a.txt": b"a"}), "two things"),
    "PDF and page": (lambda: a_pdf() + b"<script>1</script>", "two things"),
    "picture and archive": (lambda: a_png() + zipped({"a.txt": b"a"}), "two things"),
    "photograph and archive": (lambda: a_jpeg() + b"\0" * 40 + zipped({"a.txt": b"a"}), "two things"),
    "picture and page": (lambda: a_png() + b"<script>1</script>", "two things"),
    "document before a page": (lambda: a_docx() + b"<script>1</script>", "two things"),
    "picture too large to show": (lambda: a_png(width=60_000, height=60_000), "million points"),
    "damaged picture": (lambda: a_png()[:-6], "damaged"),
    "damaged photograph": (lambda: a_jpeg()[:-2], "damaged"),
    "macros": (lambda: with_part(a_docx(), "word/vbaProject.bin", b"x"), "macros"),
    "macros of LibreOffice": (lambda: with_part(an_odt(), "Basic/Standard/a.xml", b"x"), "macros"),
    "controls": (lambda: with_part(a_docx(), "word/activeX/a.bin", b"x"), "macros"),
    "bomb": (bomb, "too large once unpacked"),
    "a billion laughs": (lambda: with_part(a_docx(), "word/document.xml", LAUGHS), "declaration"),
    "the same in two bytes a sign": (lambda: with_part(an_xlsx(), "xl/workbook.xml", LAUGHS.decode().encode("utf-16")), "declaration"),
    "not well formed": (lambda: with_part(a_docx(), "docProps/core.xml", b"<a><b>"), "damaged"),
}


@pytest.mark.parametrize("which", REFUSED)
def test_what_is_refused_says_why_and_what_to_do(which):
    data, words = REFUSED[which]
    with pytest.raises(Invalid) as refusal:
        inspect(data())
    assert words in str(refusal.value.message)
    assert refusal.value.field == "file"
    assert str(refusal.value.remedy)


def test_it_is_read_in_a_process_of_its_own():
    assert inspect_apart(a_docx(author="Amina")).told == [("author", "Amina")]
    with pytest.raises(Invalid, match="two things"):
        inspect_apart(a_pdf() + zipped({"a.txt": b"a"}))


def test_a_document_with_a_part_that_lies_about_its_size_is_refused():
    data = bytearray(a_docx())
    central = data.rfind(b"PK\x01\x02", 0, data.rfind(b"word/document.xml"))
    data[central + 24:central + 28] = (5).to_bytes(4, "little")
    with pytest.raises(Invalid, match="damaged"):
        inspect(bytes(data))


# What it tells of people


def test_a_photograph_loses_where_and_when_it_was_taken_and_stays_turned():
    given = a_jpeg(exif(turned=6, note=b"GPS 33.97 -6.85"), segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0 Karim"), segment(0xFE, b"Canon"),
                   segment(0xE2, b"ICC_PROFILE\0\x01\x01 colours")) + b"\0\0 a preview"
    kept = inspect(given)
    assert kept.told == [("removed", "")]
    assert kept.data == a_jpeg(exif_of(6), segment(0xE2, b"ICC_PROFILE\0\x01\x01 colours"))
    assert inspect(kept.data).data == kept.data


def test_a_picture_loses_its_texts_and_keeps_its_colours_and_density():
    gamma, density = chunk(b"gAMA", (45455).to_bytes(4, "big")), chunk(b"pHYs", bytes((0, 0, 11, 19, 0, 0, 11, 19, 1)))
    assert inspect(a_png(gamma, density)).told == []
    given = a_png(gamma, density, chunk(b"tEXt", b"Author\0Karim"), chunk(b"eXIf", b"II GPS"), chunk(b"tIME", bytes(7)))
    kept = inspect(given)
    assert (kept.data, kept.told) == (a_png(gamma, density), [("removed", "")])


@pytest.mark.parametrize("data", [a_docx(author="Karim B."), an_odt(author="Karim B."), a_pdf(author="Karim B.")])
def test_a_document_says_whom_it_names(data):
    found = inspect(data)
    assert found.told == [("author", "Karim B.")]
    assert found.data == data


def test_whoever_remarked_in_a_document_is_named():
    data = with_part(a_docx(), "word/comments.xml", b'<w:comments xmlns:w="urn:w"><w:comment w:author="Salma"/></w:comments>')
    assert ("author", "Salma") in inspect(data).told


# Its words, and its name


@pytest.mark.parametrize(("kind", "data"), [("docx", a_docx("Le laboratoire de Fès")), ("xlsx", an_xlsx("Le laboratoire de Fès")),
                                            ("odt", an_odt("Le laboratoire de Fès"))])
def test_its_words_are_read(kind, data):
    assert "Le laboratoire de Fès" in words_in(kind, data)


@pytest.mark.parametrize(("given", "kind", "shown"), [
    ("note.pdf", "pdf", "note.pdf"), ("PHOTO.JPG", "jpeg", "PHOTO.JPG"), ("C:\\Users\\Karim\\note.pdf", "pdf", "note.pdf"),
    ("../../etc/passwd", "pdf", "passwd.pdf"), ("facture.pdf.exe", "pdf", "facture.pdf.exe.pdf"), ("", "png", "1.png"),
    ("ann\u202efdp.exe", "docx", "annfdp.exe.docx"), ("a\r\nSet-Cookie: x.pdf", "pdf", "a Set-Cookie x.pdf"), ("...", "odt", "1.odt"),
    ("مذكرة.pdf", "pdf", "مذكرة.pdf"), ("x" * 500 + ".pdf", "pdf", "x" * 116 + ".pdf"),
])
def test_names_are_made_safe_and_stay_what_was_given(given, kind, shown):
    assert shown_name(given, kind, 120) == shown
