"""The form by which one chooses what one is told."""

from flask_wtf import FlaskForm
from wtforms import RadioField
from wtforms.validators import InputRequired

from consult.core.i18n import _
from consult.core.news import Frequency, Topic


def choices() -> list[tuple[str, str]]:
    return [(one.value, one.label) for one in Frequency]


def field_of(topic: Topic) -> RadioField:
    return RadioField(
        _(topic.msgid), choices=choices, validators=[InputRequired(_("Choose how often."))],
        description=_("%(explained)s By default: %(frequency)s.", explained=_(topic.explained), frequency=_(topic.frequency.msgid)))


class NewsForm(FlaskForm):
    """One question for each topic that is chosen; the topics are told by their enum alone."""

    def frequencies(self) -> dict[Topic, Frequency]:
        return {topic: Frequency(self[topic.value].data) for topic in TOPICS}


TOPICS = Topic.where(is_chosen=True)
for one in TOPICS:
    setattr(NewsForm, one.value, field_of(one))
