"""Telling whoever sends words that unseen marks were not kept with them."""

from flask import Flask, Response, flash

from consult.core.i18n import _
from consult.core.remarks import LEFT_OUT

TOLD = _("Invisible marks that ask for a direction of writing were left out of your text: the page finds it by itself.")


def init_app(app: Flask) -> None:
    app.before_request(begin)
    app.after_request(tell)


def begin() -> None:
    LEFT_OUT.set(False)


def tell(response: Response) -> Response:
    """On the page that follows, once the words are recorded."""
    if LEFT_OUT.get() and response.status_code == 303:
        flash(str(TOLD))
    return response
