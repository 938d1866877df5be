"""The words of attached files, read by the worker so that they are found; a file is never shown by them."""

from collections.abc import Mapping

import sqlalchemy as sa

from consult.contributions.models import Attachment, AttachmentWords, Contribution
from consult.core.commands import command
from consult.core.db import session
from consult.core.permissions import Action, Actor, require


@command
def keep_file_words(_actor: Actor, contribution: Contribution, *, words: Mapping[int, str]) -> Contribution:
    """What was read of its files, by the number of each row; in place of what was read before."""
    of = sa.select(Attachment.id).where(Attachment.contribution_id == contribution.id, Attachment.is_confidential.is_(False))
    ids = session.scalars(of.where(Attachment.id.in_(words))).all()
    session.execute(sa.delete(AttachmentWords).where(AttachmentWords.attachment_id.in_(ids)))
    session.add_all([AttachmentWords(attachment_id=attachment_id, words=words[attachment_id]) for attachment_id in ids])
    return contribution


def list_file_words(actor: Actor, contribution: Contribution) -> dict[int, str]:
    """By the number of each file of which something was read, for whoever answers it."""
    require(actor, Action.CONTRIBUTIONS_READ_FILE_WORDS, contribution)
    return dict(session.execute(sa.select(Attachment.number, AttachmentWords.words).join(
        AttachmentWords, AttachmentWords.attachment_id == Attachment.id).where(
        Attachment.contribution_id == contribution.id, AttachmentWords.words != "")).all())
