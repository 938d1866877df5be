"""The form of a contribution; what its words must be like is checked once, in the service."""

import re
from functools import lru_cache
from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, Field, HiddenField, RadioField, SelectField, SelectMultipleField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, InputRequired, Optional

from consult.chapters.models import Block
from consult.contributions.models import (
    MAX_FILES,
    MAX_REMARK,
    MAX_REPLY,
    AttachmentKind,
    CommentType,
    ContributionDraft,
    Interest,
    Kind,
    Position,
)
from consult.contributions.statement import FURTHER_TEXTS, MAX_BODY, MAX_INTERESTS, MAX_LENGTHS, MAX_REPLACEMENT, NO_MORE, STATEMENT
from consult.core.i18n import _, gettext
from consult.core.markup import excerpt
from consult.organisations.models import Organisation
from consult.text.normalising import UNKEPT
from consult.text.quotes import Quote, at, sentences

TYPED = (*(field.name for field in STATEMENT), "form_key", "block_id")


# Made once: their labels are translated where they are shown.
CHOICES: dict[str, list[tuple[str, Any]]] = {
    "interest": [
        (Interest.NONE.value, _("I am mandated to sign this for the organisation, and there is no interest to declare")),
        (Interest.SOME.value, _("I am mandated to sign this for the organisation, and there is an interest to declare")),
    ],
    **{name: [(member.value, _(member.msgid)) for member in members] for name, members in (("position", Position), ("kind", Kind))},
    "comment_type": [
        (CommentType.GENERAL.value, _("the substance in general")), (CommentType.TECHNICAL.value, _("a technical point")),
        (CommentType.EDITORIAL.value, _("the wording only")),
    ],
}


def without_controls(words: str | None) -> str:
    return UNKEPT.sub("", words or "")


@lru_cache(500)
def sentences_in(text: str, lead: str) -> list[tuple[str, str]]:
    """What is chosen from among a passage's sentences: (where it stands, how it begins)."""
    return [("", "—"), *((f"{start}-{end}", excerpt(text[start:end], 100)) for start, end in sentences(text, lead))]


def offer_speaking(form: Any, organisation: Organisation | None, language: str, *chosen: str | None) -> None:
    """For whom one speaks. There is nothing to choose for whoever holds no mandate, unless they had ``chosen`` an organisation:
    nothing is lodged under another name than that one without their saying so.
    """
    own = ("self", _("for yourself"))
    if organisation is not None:
        form.speak_as.choices = [("organisation", _("for %(organisation)s", organisation=organisation.name(language))), own]
    elif "organisation" in chosen:
        form.speak_as.choices, form.speak_as.description = [own], NO_MORE
    else:
        del form.speak_as


def require_choice(chosen: Field) -> None:
    if chosen.data not in dict(chosen.choices):
        raise ValidationError(NO_MORE if chosen.data == "organisation" else _("Choose for whom you speak."))


class ContributionForm(FlaskForm):
    position = RadioField(_("Your position"), coerce=Position, validators=[InputRequired(_("Choose your position."))])
    body = TextAreaField(
        _("Your contribution"), validators=[InputRequired(_("Write what you have to say about this passage."))],
        description=_("%(count)s characters at most.", count=MAX_BODY),
        render_kw={"rows": 8, "dir": "auto", "class": "words", "data-most": MAX_BODY},
    )
    exact = TextAreaField(
        _("Words concerned"), description=_("Copy them from the passage as they stand. Left empty, you speak of the whole passage."),
        render_kw={"rows": 2, "class": "words"},
    )
    prefix = HiddenField("", filters=[without_controls])
    suffix = HiddenField("", filters=[without_controls])
    sentence = SelectField(_("Or one of its sentences"), default="", validate_choice=False,
                           description=_("A sentence chosen here takes the place of the words above."))
    replacement = TextAreaField(
        _("Proposed change"), description=_("Change the words below as you would have them. Left as they are, nothing is proposed."),
        render_kw={"rows": 5, "dir": "auto", "class": "words", "data-most": MAX_REPLACEMENT},
    )
    justification = TextAreaField(_("Justification"), description=_("Facts, figures, texts or experience that support it."),
                                  render_kw={"rows": 4, "dir": "auto", "class": "words", "data-most": MAX_BODY})
    kind = RadioField(_("This is a"), coerce=Kind, default=Kind.COMMENT, validators=[InputRequired()])
    comment_type = RadioField(_("It is about"), coerce=CommentType, default=CommentType.GENERAL, validators=[InputRequired()])
    speak_as = RadioField(_("You contribute"), default="organisation", validate_choice=False,
                          validators=[InputRequired(_("Choose for whom you speak."))])
    interest = RadioField(
        _("If you sign for the organisation: your declaration"), validate_choice=False, validators=[Optional()],
        description=_("An interest is what you or the organisation gain or lose by the wording of this passage: a contract, a product, a "
                      "certificate, an aid. It is published with the contribution: name no other person in it."))
    interests = TextAreaField(
        _("If there is an interest: which one"),
        description=_("%(count)s characters at most. Everybody will read it.", count=MAX_INTERESTS),
        render_kw={"rows": 2, "dir": "auto", "class": "words", "data-most": MAX_INTERESTS})
    file = FileField(
        _("Attach a file"), render_kw={"accept": ",".join(f".{kind.value}" for kind in AttachmentKind) + ",.jpg"},
        description=_("PDF, DOCX, XLSX, ODT, PNG or JPEG: 10 MB at most, and %(count)s files with a contribution. Everybody can open it, "
                      "unless you tick the box below.", count=MAX_FILES))
    file_is_confidential = BooleanField(
        _("Confidential annex: read by the commission and the secretariat only"),
        description=_("The public sees that there is an annex, and neither its name nor its content. Each time it is opened is recorded."))
    files_shown = HiddenField("")  # by their digest: nothing is lodged that its author did not see
    form_key = HiddenField("")  # WTForms translates the label that it makes where none is given
    block_id = HiddenField("")
    draft = HiddenField("")  # the token of what is kept of it
    expected_digest = HiddenField("")  # the digest of what was kept when the page was made
    expected_counter = HiddenField("")  # how often it had been changed then
    shown_ref = HiddenField("")  # of what was lodged in the same words, once the page has shown it

    def __init__(self, *args, block: Block, organisation: Organisation | None, language: str, is_known: bool = True, **kwargs):
        super().__init__(*args, **kwargs)
        self.sentence.choices = sentences_in(block.text, block.lead)
        for name, choices in CHOICES.items():
            self[name].choices = choices
        kept = (kwargs.get("data") or {}).get("speak_as")
        offer_speaking(self, organisation, language, *((kept, *(self.speak_as.raw_data or ())) if is_known else ()))
        self.organisation = organisation
        if organisation is None and not (self.interest.data or self.interests.data):  # else they are kept: a mandate, or a session, ended
            del self.interest, self.interests
        else:
            self.interest.flags.is_told_when = self.interests.flags.is_told_when = True

    def validate_speak_as(self, chosen: Field) -> None:
        require_choice(chosen)

    @property
    def as_organisation(self) -> Organisation | None:
        return self.organisation if self.organisation is not None and self.speak_as.data == "organisation" else None

    @property
    def quote(self) -> Quote:
        return Quote(self.exact.data or "", self.prefix.data or "", self.suffix.data or "")

    @quote.setter
    def quote(self, quote: Quote) -> None:
        self.exact.data, self.prefix.data, self.suffix.data = quote.exact, quote.prefix, quote.suffix

    def take_sentence(self, block: Block) -> None:
        """The sentence that was chosen becomes the words concerned."""
        places = re.fullmatch(r"(\d{1,7})-(\d{1,7})", self.sentence.data or "")
        if places:
            self.quote = at(block.text, int(places[1]), int(places[2]))
        self.sentence.data = ""

    def typed(self) -> dict[str, str]:
        """What stands in the form, to be kept as a draft."""
        return {name: str(self[name].data or "") for name in TYPED if name in self}

    @property
    def token(self) -> str:
        """Under which it is kept: its own key, until it goes on with a draft."""
        return self.draft.data or self.form_key.data or ""

    def go_on_with(self, draft: ContributionDraft) -> None:
        self.draft.data, self.expected_digest.data, self.expected_counter.data = draft.token, draft.digest, draft.row_counter
        self.form_key.data = draft.fields.get("form_key") or draft.token

    @property
    def further_texts(self) -> list[tuple[str, str]]:
        """(heading, words) of what is written beside the body."""
        return [(gettext(field.heading), self[field.name].data) for field in FURTHER_TEXTS if self[field.name].data]

    @property
    def further_fields(self) -> list[Field]:
        return [self[field.name] for field in FURTHER_TEXTS]

    @property
    def declared(self) -> Interest | None:
        chosen = self.interest.data if "interest" in self else None
        return Interest(chosen) if chosen in list(Interest) else None

    def statement(self) -> dict:
        """What its author says."""
        return {
            "kind": self.kind.data, "comment_type": self.comment_type.data, "position": self.position.data,
            "as_organisation": self.as_organisation,
            **{name: (self[name].data or "") if name in self else "" for name in MAX_LENGTHS}, "interest": self.declared,
            "prefix": self.quote.prefix, "suffix": self.quote.suffix,
        }

    def values(self) -> dict:
        """What the service takes."""
        return {"form_key": self.form_key.data, "shown_ref": self.shown_ref.data or "", **self.statement()}


class ReplyForm(FlaskForm):
    body = TextAreaField(_("Your reply"), validators=[DataRequired(_("Write what you have to say about this contribution."))],
                         description=_("It is published below the contribution, and moderated like contributions."),
                         render_kw={"rows": 6, "dir": "auto", "class": "words", "maxlength": MAX_REPLY})
    speak_as = RadioField(_("You reply"), default="organisation", validate_choice=False,
                          validators=[InputRequired(_("Choose for whom you speak."))])
    form_key = HiddenField("")

    def __init__(self, *, organisation: Organisation | None, language: str, **kwargs):
        super().__init__(**kwargs)
        self.organisation = organisation
        offer_speaking(self, organisation, language, *(self.speak_as.raw_data or ()))

    def validate_speak_as(self, chosen: Field) -> None:
        require_choice(chosen)

    def values(self) -> dict:
        """What the service takes."""
        is_organisation = self.organisation is not None and self.speak_as.data == "organisation"
        return {"form_key": self.form_key.data or "", "body": self.body.data or "",
                "as_organisation": self.organisation if is_organisation else None}


class PositionForm(FlaskForm):
    """Which drafts are lodged together: each by its number, and by how often it was changed when the page showed it."""

    form_key = HiddenField("")
    drafts = SelectMultipleField("", validate_choice=False)
    interest = SelectField(_("If you sign for the organisation: your declaration"), validate_choice=False, validators=[Optional()])
    interests = TextAreaField(_("If there is an interest: which one"))


class RemarkForm(FlaskForm):
    """Something said of an offered draft, to whoever belongs to the organisation."""

    body = TextAreaField(_("Your remark"), validators=[DataRequired(_("Write what you have to say about this draft."))],
                         description=_("Only members of the organisation read it. Once sent it is not changed."),
                         render_kw={"rows": 3, "dir": "auto", "class": "words", "maxlength": MAX_REMARK})
    form_key = HiddenField("")


class ReturnForm(FlaskForm):
    """A draft goes back to its author, with a word."""

    words = TextAreaField(_("Your word to its author"), validators=[DataRequired(_("Say in a word what its author should change."))],
                          description=_("Members of the organisation read it in the thread."),
                          render_kw={"rows": 3, "dir": "auto", "class": "words", "maxlength": MAX_REMARK})
    expected_digest = HiddenField("")


class ConfirmForm(FlaskForm):
    """A button and its proof that the page sent it."""
