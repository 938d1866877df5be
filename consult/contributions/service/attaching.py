"""Files of a draft, until it is lodged: what they are is looked at, they are kept, and taken off again."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value

from consult.accounts.models import User
from consult.chapters.models import Block
from consult.contributions.files import inspect_apart, shown_name
from consult.contributions.models import (
    MAX_FILE_NAME,
    MAX_FILES,
    Attachment,
    AttachmentKind,
    Contribution,
    ContributionDraft,
    DraftFile,
    OfferedDraft,
)
from consult.core.audit import digest_of
from consult.core.commands import command
from consult.core.db import add_now, session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import _, utcnow
from consult.core.locks import list_locked, taken
from consult.core.permissions import Action, Actor, can, require
from consult.core.stores import Missing, store


@dataclass(frozen=True)
class KeptFile:
    """A file that is in the store, and what it is."""

    kind: AttachmentKind
    size: int
    sha256: str
    told: Sequence[Sequence[str]]


def get_kept(actor: Actor, block: Block, data: bytes) -> KeptFile:
    """What a file is, once it is looked at where nobody waits for it and kept; raises :class:`Invalid` (field ``file``) for what may not be
    attached.
    """
    require(actor, Action.CONTRIBUTIONS_WRITE, block)
    found = inspect_apart(data)
    return KeptFile(AttachmentKind(found.kind), len(found.data), store().put(found.data), found.told)


@command
def attach(actor: User, draft: ContributionDraft, *, file: KeptFile, name: str, is_confidential: bool) -> ContributionDraft:
    """It goes with the draft from now on, under the name that its author gave it; the same file again is the one that is there.

    :class:`Invalid` (field ``file``) where there are too many already, :class:`Conflict` where the draft is gone.
    """
    _hold(actor, Action.CONTRIBUTIONS_ATTACH, draft)
    files = files_of([draft])
    known = next((one for one in files if one.sha256 == file.sha256), None)
    if known is not None:
        known.is_confidential = known.is_confidential or is_confidential
    elif len(files) >= MAX_FILES:
        raise Invalid("file", _("A contribution has %(count)s files at most.", count=MAX_FILES), _("Take one of them off first."))
    else:
        _opened(file.sha256).close()  # a remainder that was put again may be going at this moment
        session.add(DraftFile(
            draft_id=draft.id, offered_draft_id=None, name=shown_name(name, file.kind.value, MAX_FILE_NAME), kind=file.kind,
            size=file.size, sha256=file.sha256, is_confidential=is_confidential, told=[list(one) for one in file.told], added_at=utcnow()))
    draft.updated_at = utcnow()
    return draft


@command
def detach(actor: User, draft: ContributionDraft, *, file_id: int) -> ContributionDraft:
    """Take a file off; one that is off already is no fault. :class:`Conflict` where the draft is gone."""
    _hold(actor, Action.CONTRIBUTIONS_DETACH, draft)
    for file in files_of([draft]):
        if file.id == file_id:
            session.delete(file)
            draft.updated_at = utcnow()
    return draft


def _hold(actor: User, act: Action, draft: ContributionDraft) -> None:
    """Whoever lodges it at this moment looks at its files once more, when it holds it too; :class:`Conflict` where it is gone."""
    if not list_locked(ContributionDraft, ContributionDraft.id == draft.id):
        raise taken()
    require(actor, act, draft)


def files_of(drafts: Iterable[ContributionDraft | OfferedDraft]) -> Sequence[DraftFile]:
    """In the order in which they were attached."""
    ids: dict[bool, list[int]] = {True: [], False: []}
    for draft in drafts:
        ids[isinstance(draft, ContributionDraft)].append(draft.id)
    own, offered = ids[True], ids[False]
    if not own and not offered:
        return []
    return session.scalars(sa.select(DraftFile).where(
        sa.or_(DraftFile.draft_id.in_(own), DraftFile.offered_draft_id.in_(offered))).order_by(DraftFile.id)).all()


def files_by_draft(drafts: Collection[ContributionDraft | OfferedDraft]) -> dict[ContributionDraft | OfferedDraft, list[DraftFile]]:
    """Those that have some."""
    whose = {(isinstance(draft, ContributionDraft), draft.id): draft for draft in drafts}
    found: dict[ContributionDraft | OfferedDraft, list[DraftFile]] = {}
    for file in files_of(drafts):
        found.setdefault(whose[file.draft_id is not None, file.draft_id or file.offered_draft_id or 0], []).append(file)
    return found


def list_draft_files(actor: Actor, draft: ContributionDraft | OfferedDraft) -> Sequence[DraftFile]:
    """Of one's own draft, or of one that was offered to one's organisation."""
    require(actor, Action.CONTRIBUTIONS_READ_DRAFT_FILE, draft)
    return files_of([draft])


def move_to_offered(draft: ContributionDraft, offered: OfferedDraft) -> None:
    """They go with its words to the organisation."""
    for file in files_of(list_locked(ContributionDraft, ContributionDraft.id == draft.id)):
        file.draft_id, file.offered_draft_id = None, offered.id
    session.flush()


def move_to_draft(offered: OfferedDraft, draft: ContributionDraft) -> None:
    """And back."""
    for file in files_of([offered]):
        file.draft_id, file.offered_draft_id = draft.id, None
    session.flush()


def get_files_digest(files: Iterable[DraftFile]) -> str:
    """By it a form says which it had shown; empty where there are none."""
    shown = [[file.id, file.sha256, file.is_confidential] for file in files]
    return digest_of(shown) if shown else ""


def require_as_shown(files: Iterable[DraftFile], shown: str) -> None:
    """Nothing is lodged that its author did not see; :class:`Invalid` where the form showed other files."""
    if get_files_digest(files) != shown:
        raise Invalid("files_shown", _("The files of this draft were changed in another window."),
                      _("Nothing was lodged. Look at the files as they are now, then send it again."))


def are_those_of(contribution: Contribution, files: Collection[DraftFile]) -> bool:
    """Whether it was lodged with these files; a form that has none says nothing of them."""
    return not files or [_said_of(file) for file in files] == [_said_of(file) for file in contribution.attachments]


def _said_of(file: DraftFile | Attachment) -> tuple[Any, ...]:
    return file.name, file.sha256, file.is_confidential


def add_attachments(contribution: Contribution, files: Iterable[DraftFile]) -> None:
    """They are lodged with it; their bytes are in the store since they were attached."""
    lodged = [Attachment(contribution_id=contribution.id, number=number, name=file.name, kind=file.kind, size=file.size,
                         sha256=file.sha256, is_confidential=file.is_confidential) for number, file in enumerate(files, 1)]
    for attachment in lodged:
        add_now(attachment)
        set_committed_value(attachment, "contribution", contribution)
    set_committed_value(contribution, "attachments", lodged)


# Reading


def get_draft_file(actor: Actor, file_id: int) -> tuple[DraftFile, IO[bytes]]:
    """As it is kept, for whoever may read its draft; :class:`NotFound` for any other, which is nobody's to know of, and
    :class:`Conflict` where the store lost it.
    """
    file = session.get(DraftFile, file_id)
    draft = file and (session.get(ContributionDraft, file.draft_id) if file.draft_id else session.get(OfferedDraft, file.offered_draft_id))
    if file is None or draft is None or not can(actor, Action.CONTRIBUTIONS_READ_DRAFT_FILE, draft):
        raise NotFound
    return file, _opened(file.sha256)


def get_file(actor: Actor, ref: str, number: int) -> tuple[Attachment, IO[bytes]]:
    """As it was lodged, for whoever may read it; raises :class:`NotFound`, and :class:`Conflict` where the store lost it."""
    file = _attachment(ref, number)
    require(actor, Action.CONTRIBUTIONS_READ_FILE, file)
    return file, _opened(file.sha256)


@command
def open_annex(_actor: User, file: Attachment) -> IO[bytes]:
    """A confidential annex is read by whoever is in charge of its chapter: the journal says who, and when.

    :class:`Invalid` for a file that is none, :class:`Conflict` where the store lost it.
    """
    if not file.is_confidential:
        raise Invalid("file", _("This file is no confidential annex."), _("Open it from the page of the contribution."))
    return _opened(file.sha256)


def get_annex(actor: Actor, ref: str, number: int) -> Attachment:
    """Raises :class:`NotFound`."""
    file = _attachment(ref, number)
    require(actor, Action.CONTRIBUTIONS_OPEN_ANNEX, file)
    return file


def _attachment(ref: str, number: int) -> Attachment:
    found = session.scalar(sa.select(Attachment).join(Attachment.contribution).where(
        Contribution.ref == ref.upper(), Attachment.number == number))
    if found is None:
        raise NotFound(_("There is no such file."), _("Open the page of the contribution: its files are listed there."))
    return found


def _opened(sha256: str) -> IO[bytes]:
    """Raises :class:`Conflict` where the store lost it."""
    try:
        return store().open(sha256)
    except Missing as error:
        raise Conflict(_("This file is missing from the platform’s store."),
                       _("The secretariat is able to have it restored from a backup: tell them its reference.")) from error
