"""Telling whoever sends words that unseen signs were not kept with them, and removing those that cannot be kept when asked."""

from flask import Flask, Response, flash, has_request_context, request

from consult.core.i18n import _
from consult.core.remarks import LEFT_OUT, WITHOUT_UNSEEN, LeftOut

SENTENCES = {
    LeftOut.MARKS: _("Invisible marks that ask for a direction of writing, or for a word to be divided, were left out of your text: "
                     "the page finds both by itself."),
    LeftOut.WINDOWS: _("Signs of Windows that had lost their meaning (apostrophes, quotation marks, dashes) were put back: "
                       "read them over."),
    LeftOut.ASKED: _("The signs that cannot be kept were removed, as you asked: read the text over."),
}


def init_app(app: Flask) -> None:
    app.before_request(begin)
    app.after_request(tell)
    app.add_template_global(was_refused)


def begin_telling() -> None:
    LEFT_OUT.set(set())


def begin() -> None:
    begin_telling()
    WITHOUT_UNSEEN.set(is_asked)


def is_asked() -> bool:
    """The box beside the refusal of such a sign was ticked."""
    return has_request_context() and "without_unseen" in request.form


def was_refused() -> bool:
    """Whether what was sent holds a sign that cannot be kept; nobody may be able to see it to delete it: the page offers to remove it."""
    return LeftOut.REFUSED in (LEFT_OUT.get() or ())


def tell(response: Response) -> Response:
    """On the page that follows, once the words are recorded."""
    if response.status_code == 303:
        say()
    return response


def say() -> None:
    """On the next page that is drawn; once."""
    for sentence in taken():
        flash(sentence)


def taken() -> list[str]:
    """What is to be told, which is not told again."""
    told = LEFT_OUT.get() or set()
    sentences = [str(sentence) for what, sentence in SENTENCES.items() if what in told]
    told.clear()
    return sentences
