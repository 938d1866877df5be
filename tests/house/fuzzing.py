"""A form as its page shows it, and everything wrong that may be sent in its stead."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode, urljoin

CONTROLS = "self::input or self::textarea or self::select"
TYPES = {"": "text", "radio": "choice", "checkbox": "box", "search": "text", "datetime-local": "moment"}
WORDS = "Une phrase utile, et sa suite."
BOUNDARY = "fuzz-fuzz-fuzz"


@dataclass(frozen=True)
class Upload:
    """A file as a browser sends it; None for the name where the part has none."""

    name: str | None
    content: bytes


Value = str | bytes | Upload
Pairs = list[tuple[str, Value]]


@dataclass(frozen=True)
class Field:
    """What may be filled under one name; ``values`` are sent where nobody touches it, ``choices`` are those of a list."""

    name: str
    kind: str
    values: tuple[Value, ...] = ()
    choices: tuple[str, ...] = ()
    longest: int | None = None

    def joined(self, other: "Field") -> "Field":
        """Buttons and boxes of one name, parallel fields: one field."""
        return replace(self, values=self.values + other.values, choices=self.choices + other.choices)


@dataclass(frozen=True)
class Form:
    """Where it is sent to, its fields, and the buttons (name, value) that send it there."""

    address: str
    fields: dict[str, Field]
    buttons: tuple[tuple[str, str], ...]
    is_multipart: bool

    def pairs(self, *others: Field, without: str = "") -> Pairs:
        fields = {**self.fields, **{field.name: field for field in others}}
        return [(name, value) for name, field in fields.items() if name != without for value in field.values]


# Read from a page


def forms_of(page, address: str) -> Iterator[Form]:
    """Every form of a page that is sent by POST, once for each place that its buttons send it to."""
    for form in page.xpath("//form[translate(@method, 'POST', 'post') = 'post']"):
        own = urljoin(address, form.get("action") or address)
        ids = page.xpath("//*[@form = $id]", id=form.get("id")) if form.get("id") else []
        inside = [one for one in form.xpath(".//*") if one.get("form") in (None, form.get("id"))] + [one for one in ids if form not in
                                                                                                    one.iterancestors()]
        fields: dict[str, Field] = {}
        for control in inside:
            if control.tag in ("input", "textarea", "select") and control.get("name") and control.get("type") not in ("submit", "button"):
                field = field_of(control)
                fields[field.name] = fields[field.name].joined(field) if field.name in fields else field
        is_multipart = form.get("enctype") == "multipart/form-data"
        for there, buttons in places(own, inside, form.get("data-preview")).items():
            yield Form(urljoin(address, there), fields, tuple(buttons), is_multipart)


def places(own: str, inside: list, preview: str | None) -> dict[str, list[tuple[str, str]]]:
    """Where its buttons send it to: to itself, unless they say otherwise; those for another language send nothing."""
    found: dict[str, list[tuple[str, str]]] = {own: []}
    for button in inside:
        if button.tag == "button" and button.get("type", "submit") == "submit" and "carry=" not in button.get("formaction", ""):
            pressed = [(button.get("name"), button.get("value", ""))] if button.get("name") else []
            found.setdefault(button.get("formaction", own), []).extend(pressed)
    if preview:
        found[preview] = []
    return found


def field_of(control) -> Field:
    name, kind = control.get("name"), control.tag if control.tag != "input" else control.get("type", "").lower()
    if kind == "select":
        choices = [option.get("value", option.text or "") for option in control.iter("option")]
        chosen = control.xpath(".//option[@selected]/@value") or choices[:1]
        return Field(name, "choice", tuple(chosen), tuple(choices))
    if kind in ("radio", "checkbox"):
        value = control.get("value", "on")
        return Field(name, TYPES[kind], (value,) if control.get("checked") is not None else (), (value,))
    longest = int(control.get("maxlength")) if control.get("maxlength") else None
    text = (control.text or "").removeprefix("\n") if kind == "textarea" else control.get("value", "")
    if kind == "file":
        return Field(name, kind)
    return Field(name, TYPES.get(kind, kind), (text,), (), longest)


# Filled as somebody would who has everything right

USUAL: dict[str, Value] = {
    "text": WORDS, "textarea": WORDS, "email": "nouvelle@example.org", "password": "une longue phrase", "date": "2027-01-15",
    "moment": "2027-01-15T09:00",
}


def filled(form: Form, given: dict[str, Value | tuple[Value, ...]]) -> Form:
    """The same with something in each field; ``given`` says what, where it has to be something of its own."""
    fields = {}
    for name, field in form.fields.items():
        value = given.get(name)
        if value is not None:
            field = replace(field, values=value if isinstance(value, tuple) else (value,))
        elif field.kind == "choice" and not any(field.values):
            field = replace(field, values=tuple(filter(None, field.choices))[:1])
        elif field.kind == "box" and len(field.choices) > 1:
            field = replace(field, values=field.choices)
        elif field.kind in USUAL and not any(field.values):
            usual = USUAL[field.kind]
            field = replace(field, values=(usual[: field.longest] if isinstance(usual, str) else usual,))
        fields[name] = field
    return replace(form, fields=fields)


# Everything wrong

CONTROL = "a\x00b\x07\x1b[31m"
BYTES = b"caf\xe9 \xff\xfe \xed\xa0\x80"  # Latin letters, what is no UTF-8, and half of a surrogate pair
BIDI = "\u202e\u2066\u200f\u061c"
HTML = '<script>alert(1)</script>"\'><img src=x onerror=alert(1)>{{ 7 * 7 }}%(name)s'
BLANKS = " \t\u00a0\r\n\u3000"
LONG = "1" * 5000
HUGE = "1" + "0" * 30
NO_DAYS = ("0001-01-01", "9999-12-31", "10000-01-01", "2027-02-30", "٢٠٢٧-٠١-١٥", CONTROL)
NO_FILES = (
    Upload("", b""), Upload(None, b"x"), Upload("vide.md", b""), Upload("image.png", b"\x89PNG\r\n"),
    Upload("texte.md", b"\xff\xfe\x00caf\xe9"), Upload("../../mot\x00.docx", b"PK\x03\x04 no archive"), Upload("vieux.odt", b"odt?"),
    Upload("x" * 3000 + ".md", b"---\n"),
)
# What every field of a kind is sent, and what its fields share among them in turns: every form is sent every kind of value.
ALWAYS: dict[str, tuple[Value, ...]] = {
    "number": ("", "-1", "9223372036854775808"), "hidden": ("", CONTROL), "text": ("", CONTROL), "textarea": ("", CONTROL),
    "password": ("", CONTROL), "email": ("", CONTROL, "sans-arobase", "a@example.org\r\nBcc: b@example.org"),
    "choice": ("", "no-such-choice"), "box": ("no-such-box",), "date": (BYTES, *NO_DAYS),
    "moment": (BYTES, *(f"{day}T23:59" for day in NO_DAYS)),
    "file": ("", "words where a file is wanted", *NO_FILES),
}
WORDED = (BLANKS, BYTES, BIDI, HTML)
IN_TURNS: dict[str, tuple[Value, ...]] = {
    "number": (CONTROL, BYTES, "0", "2147483648", HUGE, "1e5", "٣", "²", LONG, BLANKS), "hidden": (*WORDED, "-1", HUGE, LONG),
    "choice": (CONTROL, BYTES, "-1", HUGE, "٣"), "box": ("", CONTROL, BYTES, HUGE), "date": ("", BLANKS), "moment": ("", BLANKS),
    "email": (*WORDED, "a@b", "a@" + "x" * 300 + ".example"), "text": WORDED, "textarea": WORDED, "password": WORDED,
}


def kind_of(field: Field) -> str:
    is_number = field.kind == "hidden" and all(isinstance(value, str) and value.isdecimal() for value in field.values)
    return "number" if is_number else field.kind


def wrong_in(field: Field, turn: int) -> tuple[Value, ...]:
    """What is sent in a field; ``turn`` tells it from the others of its kind. Words beyond what it takes come last."""
    kind = kind_of(field)
    others, count = IN_TURNS.get(kind, ()), 2 if kind == "number" else 1
    theirs = tuple(others[(count * turn + n) % len(others)] for n in range(count if others else 0))
    beyond = ("x" * (field.longest + 1) if field.longest else "mot " * 5000,) if kind in ("text", "textarea", "email", "password") else ()
    return (*ALWAYS[kind], *theirs, *beyond)


def attempts(form: Form, turn: int) -> Iterator[tuple[str, Pairs]]:
    """(what is wrong, what is sent): each field missing, doubled (words all at once) and wrong, the rest as it should be."""
    for number, (name, field) in enumerate(own_fields(form), start=turn):
        yield f"without {name}", form.pairs(without=name)
        if field.choices or kind_of(field) in ("number", "file"):
            yield f"{name} twice", form.pairs(replace(field, values=doubled(field)))
        for value in wrong_in(field, number):
            yield f"{name} is {shortened(value)}", form.pairs(replace(field, values=(value, *field.values[1:])))
    yield "all of them twice", form.pairs(*(replace(field, values=doubled(field)) for _name, field in own_fields(form)))
    yield from whole(form)


def all_at_once(form: Form, turn: int) -> Iterator[tuple[str, Pairs]]:
    """The same in all fields of a form whose fields are tried one by one at the address of another button of it."""
    wrong = {name: (*wrong_in(field, number), *field.values[:1]) for number, (name, field) in enumerate(own_fields(form), start=turn)}
    for number in range(max(map(len, wrong.values()), default=0)):
        others = [replace(form.fields[name], values=(values[number % len(values)], *form.fields[name].values[1:]))
                  for name, values in wrong.items()]
        yield f"wrong values, {number}", form.pairs(*others)
    yield from whole(form)


def own_fields(form: Form) -> list[tuple[str, Field]]:
    """All but the token, which is nothing that a view is told."""
    return [(name, field) for name, field in form.fields.items() if name != "csrf_token"]


def whole(form: Form) -> Iterator[tuple[str, Pairs]]:
    more: Pairs = [("no_such_field", WORDS), ("language", "xx"), ("_method", "DELETE"), ("", ""), ("é\x00", "")]
    yield "fields that do not exist", [*form.pairs(), *more]
    yield "no field at all", []


def doubled(field: Field) -> tuple[Value, ...]:
    """Another value before those that it has."""
    other = next((choice for choice in field.choices if choice not in field.values), "" if field.kind == "file" else WORDS)
    return (other, *(field.values or field.choices[:1] or (WORDS,)))


def shortened(value: Value) -> str:
    return repr(value) if len(repr(value)) < 60 else f"{repr(value)[:40]}… ({len(repr(value))})"


# As it is sent


def encoded(pairs: Pairs, *, is_multipart: bool) -> tuple[bytes, str]:
    """(body, content type)."""
    if not is_multipart:
        words = [(name, value) for name, value in pairs if not isinstance(value, Upload)]
        return urlencode(words).encode(), "application/x-www-form-urlencoded"
    parts = [part(name, value) for name, value in pairs]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}"


def part(name: str, value: Value) -> bytes:
    quoted = re.sub(r'["\r\n\\]', "", name)
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{quoted}"'
    if isinstance(value, Upload):
        head += "" if value.name is None else f'; filename="{value.name}"'
        return f"{head}\r\nContent-Type: application/octet-stream\r\n\r\n".encode() + value.content + b"\r\n"
    return f"{head}\r\n\r\n".encode() + (value if isinstance(value, bytes) else value.encode()) + b"\r\n"


def other_types(form: Form) -> list[tuple[str, bytes, str]]:
    """(what is wrong, body, content type): what no page of ours sends, and what breaks off on the way."""
    body, _type = encoded(form.pairs(), is_multipart=False)
    parts, multipart = encoded(form.pairs(), is_multipart=True)
    return [
        *(("JSON", text, "application/json") for text in (b'{"title": 5, "choice": [{}]}', b"[1, 2]", b"{broken", b"7", b"null")),
        ("plain text", body, "text/plain"), ("multipart broken off", parts[: len(parts) // 2], multipart),
        ("no type", body, ""), ("no such type", body, "x"), ("XML", b"<a/>", "application/xml"),
        ("multipart without boundary", parts, "multipart/form-data"), ("an empty boundary", parts, "multipart/form-data; boundary="),
        ("another character set", body, "application/x-www-form-urlencoded; charset=no-such-set"),
    ]


# Addresses

NO_NUMBERS = ("0", "-1", "2147483648", HUGE, "1e5", "٣", "²", LONG)
NO_WORDS = (CONTROL, BYTES, BIDI, HTML, BLANKS, "..", "../../etc/passwd", "x" * 3000)
ASKED_IN_TURNS = (HUGE, BYTES, BIDI, HTML, "", BLANKS, "-1", "0", "2147483648", "1e5", "٣", "²", LONG, "1-2-3-4-5", f"{HUGE}-1")


def wrong_parts(sample: str, turn: int) -> list[str]:
    """What is put in the place of a part of an address, as it stands there; a quarter of it at each, in turns."""
    values: tuple[Value, ...] = NO_NUMBERS if sample.isdecimal() else (*NO_WORDS, *NO_NUMBERS[2:4])
    return [quote(value, safe="") for value in values[turn % 4 :: 4] if isinstance(value, str | bytes)]


def queries(address: str, names: Sequence[str], turn: int) -> Iterator[str]:
    """The address with something wrong asked for under each of these names, all of them twice, and with a query that is none."""
    for number, name in enumerate(names, start=turn):
        for value in (CONTROL, ASKED_IN_TURNS[number % len(ASKED_IN_TURNS)]):
            yield f"{address}?{urlencode([(name, value)])}"
    yield f"{address}?{urlencode([(name, value) for name in names for value in ('1', WORDS)])}"
    yield f"{address}?%FF%FE=%00&&=&a=b;c&%"
