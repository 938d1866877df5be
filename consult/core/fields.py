"""What the forms of every room share."""

from wtforms.validators import Length

from consult.core.i18n import _


def at_most(characters: int) -> Length:
    """No longer than this, said in the reader's language: WTForms' own sentence is missing in Arabic."""
    return Length(max=characters, message=_("%(count)s characters at most.", count=characters))
