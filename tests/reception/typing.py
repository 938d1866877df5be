"""A batch, and what a slip says."""

import itertools
from datetime import timedelta

from consult.contributions.models import Kind, Origin, Position
from consult.contributions.models.contribution import CommentType
from consult.core.i18n import utcnow
from consult.reception import service
from consult.reception.models import Batch

numbers = itertools.count(1)


def a_batch(actor, consultation, **over) -> Batch:
    values = {"form_key": f"batch-{next(numbers)}", "origin": Origin.PAPER, "place": "Journée de Fès",
              "received_at": utcnow() - timedelta(hours=1), "announced": 40}
    return service.register(actor, consultation, **{**values, **over})


def slip(block, **over) -> dict:
    values = {"form_key": f"slip-{next(numbers)}", "block": block, "name": "Fatima Paper", "body": "Publier la liste en arabe.",
              "kind": Kind.COMMENT, "comment_type": CommentType.GENERAL, "position": Position.NEUTRAL}
    return {**values, **over}
