"""The key in a letter by which its reader stops such letters: whose, and of which topics; it opens nothing else."""

from collections.abc import Sequence
from datetime import timedelta

from itsdangerous import BadSignature, URLSafeTimedSerializer

from consult.core.config import derived_key, this_app
from consult.core.news import Topic

LASTS = timedelta(days=400)  # a letter is looked at again after a year


def token_of(user_id: int, topics: Sequence[Topic]) -> str:
    return _serializer().dumps([user_id, [topic.value for topic in topics]])


def read_token(token: str) -> tuple[int, list[Topic]] | None:
    """None for what nobody here signed, or long ago."""
    try:
        user_id, topics = _serializer().loads(token, max_age=int(LASTS.total_seconds()))
        return int(user_id), [Topic(topic) for topic in topics if topic in Topic.where(is_chosen=True)]
    except (BadSignature, TypeError, ValueError):
        return None


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(derived_key(this_app().extensions["consult_config"].secret, "news"), salt="stop")
