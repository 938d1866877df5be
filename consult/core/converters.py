"""What stands in an address, and what is no such page."""

from werkzeug.routing import BaseConverter, IntegerConverter

from consult.core.i18n import LANGUAGES
from consult.core.paging import MAX_NUMBER


class Number(IntegerConverter):
    """``<int:…>`` in an address: no more than the database can hold, or there is no such page."""

    def __init__(self, url_map, fixed_digits=0, min=None, max=MAX_NUMBER, signed=False):
        super().__init__(url_map, fixed_digits, min, max, signed)


class Language(BaseConverter):
    """``<language:language>`` in an address."""

    regex = "|".join(LANGUAGES)
