import pytest
from hypothesis import given
from hypothesis import strategies as st

from consult.core.errors import Invalid
from consult.text.addresses import likeness, spelt, validated_address


@pytest.mark.parametrize(("typed", "kept"), [
    (" Salma@Example.ORG ", "salma@example.org"), ("a.b+c@sous.exemple.ma", "a.b+c@sous.exemple.ma"),
    ("a@xn--bcher-kva.example", "a@bücher.example"), ("A@BÜCHER.example", "a@bücher.example"),
    ("a@bu\u0308cher.example", "a@bücher.example"), ("a@straße.example", "a@straße.example"),
    ("a@xn--mgbh0fb.xn--mgbc0a9azcg", "a@مثال.المغرب"), ("a@ｅxample.ma", "a@example.ma"), ("a@exemple。ma", "a@exemple.ma"),
    ("RÉDA@exemple.ma", "réda@exemple.ma"), ("re\u0301da@exemple.ma", "réda@exemple.ma"), ("محمد@مثال.المغرب", "محمد@مثال.المغرب"),
    ("\u202asalma@example.org\u202c", "salma@example.org"), ("\u200e\u00a0salma@example.org\u200b", "salma@example.org"),
])
def test_a_mailbox_has_one_spelling(typed, kept):
    assert likeness(typed) == likeness(kept)
    assert validated_address("email", typed) == spelt(typed) == kept
    assert validated_address("email", kept) == kept


@pytest.mark.parametrize("typed", [
    None, "", " ", "salma", "salma@", "@example.org", "a b@example.org", "a@exemple,gov,ma", "a@exemple,ma", "a,b@exemple.ma",
    "a@exemple.ma,", "a@b@example.org", "a@exemple", "a@localhost", "a@[127.0.0.1]", '"a b"@exemple.ma', "A <a@exemple.ma>",
    "a@exemple..ma", "a..b@exemple.ma", "a@exemple.ma;b@exemple.ma", "a@exe\u200bmple.ma", "a\u202eb@exemple.ma", "a@xn--zz--.ma",
    "a@exemple.ma\nBcc: tous@exemple.ma", "a" * 400,
])
def test_what_is_no_address_is_refused_at_its_field(typed):
    with pytest.raises(Invalid) as refusal:
        validated_address("email", typed)
    assert refusal.value.field == "email"
    assert refusal.value.remedy
    assert spelt(typed) == (typed or "").strip().lower()


@given(st.text(max_size=20), st.sampled_from(["@", "@xn--bcher-kva.example", "@exemple.ma", "@İstanbul.example"]), st.text(max_size=20))
def test_a_spelling_is_its_own_spelling(before, at, after):
    once = spelt(before + at + after)
    assert spelt(once) == once
