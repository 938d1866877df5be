"""Forgetting oneself, and somebody who asked for it."""

from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, HiddenField, TextAreaField
from wtforms.validators import DataRequired

from consult.core.fields import at_most
from consult.core.i18n import _
from consult.privacy.models import MAX_WORDS

TRACE = (DataRequired(_("Write it down: it is the trace of the request.")), at_most(MAX_WORDS))
WORDS = {"rows": 3, "dir": "auto", "maxlength": MAX_WORDS}


class ForgetForm(FlaskForm):
    is_sure = BooleanField(_("I have read what goes and what stays; it cannot be undone"),
                           validators=[DataRequired(_("Tick this box to be forgotten."))])


class RequestForm(FlaskForm):
    """Whom, how they were known, and what they asked."""

    email = EmailField(_("E-mail address of the account"),
                       validators=[DataRequired(_("Type the address of the account.")), at_most(320)],
                       render_kw={"dir": "ltr", "maxlength": 320, "autocomplete": "off"})
    identity_check = TextAreaField(
        _("How their identity was checked"), validators=TRACE,
        render_kw=WORDS, description=_("For instance: a letter from the address of the account; an identity card shown at the office, of "
                                       "which no copy was kept. No name, no number."))
    reason = TextAreaField(
        _("What was asked, and when"), validators=TRACE,
        description=_("For instance: letter received on 12 March, registered under number 84. No name."), render_kw=WORDS)
    looked_at = HiddenField()  # the number of the account whose page was shown
