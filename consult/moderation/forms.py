"""What a moderator decides, with the mark of what their page showed (``expected_counter``)."""

from collections.abc import Mapping

from flask_wtf import FlaskForm
from wtforms import SelectField, SelectMultipleField, TextAreaField
from wtforms.validators import DataRequired, Optional

from consult.contributions.models import MAX_REPLY
from consult.contributions.statement import MAX_LENGTHS
from consult.core.fields import CounterField, at_most
from consult.core.i18n import _
from consult.moderation.models import MAX_FLAG_WORDS, MAX_PHRASES, MAX_WORDS, Part, Reason, Verdict


class VerdictForm(FlaskForm):
    """Of a verdict: a reason of its list, for everybody, and words for the author; one that needs none has but a button."""

    expected_counter = CounterField()
    reason = SelectField(_("Reason (published in the register)"), validators=[DataRequired(_("Choose a reason of the list."))])
    phrases = TextAreaField(
        _("Words to take out of the public’s sight"),
        description=_("Select them in the text and press the button below, or copy them here exactly as they stand: a phrase on each "
                      "line. They are hidden wherever they stand in it."),
        validators=[DataRequired(_("Choose the words that are hidden.")), at_most(MAX_PHRASES)],
        render_kw={"dir": "auto", "rows": 3, "maxlength": MAX_PHRASES, "data-phrases": ""},
    )
    words = TextAreaField(
        _("Message to the author"), description=_("Sent to the author by mail with the reason and the way to appeal; not published."),
        validators=[DataRequired(_("Write to the author what led to this decision: a reason alone does not tell them.")),
                    at_most(MAX_WORDS)],
        render_kw={"dir": "auto", "rows": 5, "maxlength": MAX_WORDS},
    )

    def __init__(self, verdict: Verdict, **kwargs):
        super().__init__(**kwargs)
        self.reason.choices = [("", _("Choose a reason")), *((reason.value, reason.label) for reason in verdict.reasons)]
        if not verdict.needs_words:
            del self.reason, self.words
        if verdict.asks_author:
            self.phrases.label.text = _("Words that should be written otherwise")
            self.phrases.description = _("Select them in the text and press the button below, or copy them here exactly as they stand: a "
                                         "phrase on each line. Leave it empty if the whole text is meant.")
            self.phrases.validators = [Optional(), at_most(MAX_PHRASES)]
            self.phrases.flags.required = False
        if not verdict.names_words:
            del self.phrases
        for field in self:
            field.id = f"{verdict.value}-{field.name}"  # the page may show several such forms

    def values(self) -> dict:
        values = {name: value for name, value in self.data.items() if name in ("expected_counter", "phrases", "words")}
        return {**values, "reason": Reason(self.reason.data)} if "reason" in self else values


class SeveralForm(FlaskForm):
    """What was ticked. Each choice is a ref and the mark of what the page showed of it: ``PNQ-C2-0042:1``."""

    choice = SelectMultipleField(validate_choice=False)

    def expected_counter(self) -> dict[str, int]:
        """What no page writes is a ref of nothing, or a mark of nothing that was ever shown: it is told like any other refusal."""
        return dict(map(ref_and_mark, filter(str.strip, self.choice.data or ())))  # no list where not one field was sent


def ref_and_mark(choice: str) -> tuple[str, int]:
    ref, _colon, mark = choice.rpartition(":")
    return ref or choice, int(mark) if mark.isdecimal() and len(mark) < 10 else 0


class WithholdSeveralForm(SeveralForm):
    """The same reason and the same message for each of those that were ticked."""

    reason = SelectField(_("Reason (published in the register)"), validators=[DataRequired(_("Choose a reason of the list."))])
    words = TextAreaField(
        _("Message to the authors"), description=_("Sent to each author by mail with the reason and the way to appeal; not published."),
        validators=[DataRequired(_("Write to the authors what led to this decision: a reason alone does not tell them.")),
                    at_most(MAX_WORDS)],
        render_kw={"dir": "auto", "rows": 5, "maxlength": MAX_WORDS},
    )

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.reason.choices = [("", _("Choose a reason")), *((reason.value, reason.label) for reason in Verdict.WITHHOLD.reasons)]

    def values(self) -> dict:
        return {"reason": Reason(self.reason.data), "words": self.words.data}


class AppealForm(FlaskForm):
    """What an author says to the secretariat against a decision."""

    words = TextAreaField(
        _("Why the decision should be looked at again"), description=_("The secretariat and the commission read it; it is not published."),
        validators=[DataRequired(_("Say why the decision should be looked at again.")), at_most(MAX_WORDS)],
        render_kw={"dir": "auto", "rows": 8, "maxlength": MAX_WORDS},
    )


class RephraseForm(FlaskForm):
    """The author's other words, of the parts that the text has; it begins with those that stand."""

    body = TextAreaField(_("Your text"), validators=[DataRequired(_("Write what you have to say."))],
                         render_kw={"dir": "auto", "rows": 8})
    replacement = TextAreaField(_("Proposed change"), validators=[DataRequired(_("Write the change that you propose."))],
                                render_kw={"dir": "auto", "rows": 4})
    justification = TextAreaField(_("Justification"), validators=[Optional()], render_kw={"dir": "auto", "rows": 4})

    def __init__(self, texts: Mapping[Part, str], *, of_reply: bool, **kwargs):
        super().__init__(**kwargs, data={part.value: text for part, text in texts.items()})
        for part in Part:
            if part not in texts:
                del self[part.value]
            else:
                field, most = self[part.value], MAX_REPLY if of_reply else MAX_LENGTHS[part.value]
                field.validators, field.render_kw = [*field.validators, at_most(most)], {**field.render_kw, "maxlength": most}

    def values(self) -> dict[str, str]:
        return {part.value: self[part.value].data or "" for part in Part if part.value in self}


class FlagForm(FlaskForm):
    """What a reader tells the moderators about a published text."""

    reason = SelectField(_("What is against the charter"), validators=[DataRequired(_("Choose a reason of the list."))])
    words = TextAreaField(
        _("What a moderator should look at"), description=_("The moderators alone read it; its author does not learn who flagged it."),
        validators=[DataRequired(_("Say in a few words what a moderator should look at.")), at_most(MAX_FLAG_WORDS)],
        render_kw={"dir": "auto", "rows": 4, "maxlength": MAX_FLAG_WORDS},
    )

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.reason.choices = [("", _("Choose a reason")), *((one.value, one.label) for one in Reason.where(is_breach=True))]
