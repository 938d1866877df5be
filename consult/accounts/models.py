"""Users."""

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, column_property, declared_attr, mapped_column, relationship

from consult.core.append_only import all_but
from consult.core.config import requires_second_factor
from consult.core.db import Base, PrimaryKey, Timestamp, fk, read_once, session
from consult.core.i18n import N_, _, gettext, utcnow
from consult.core.identity import CredentialIdentity, Identity
from consult.core.states import StateEnum, Tone, says

MAX_NAME = 200
MAX_AGENT = 40
MAX_PASSKEY = 60  # characters of its name
SESSION_LASTS = timedelta(days=30)  # however it is used
INVITATION_LASTS = timedelta(days=7)
NAMELESS = _("Write your name: contributions are not anonymous.")


class User(Base, Identity):
    """A person with an account; the names that Flask-Security asks for keep its spelling."""

    __tablename__ = "user"
    __append_only__ = False  # a person corrects their data, and may ask to be forgotten
    __recorded__ = all_but(
        "language", "is_told_of_work", "password", "fs_uniquifier", "confirmed_at", "us_totp_secrets", "us_phone_number", "tf_totp_secret",
        "totp_counter", "mf_recovery_codes", "fs_webauthn_user_handle", "signed_in_at", "warned_at", "forgotten_at")
    __personal__ = frozenset({"email", "name", "name_ar", "function"})
    __table_args__ = (sa.CheckConstraint("email = lower(email)", name="email_lower"),)

    id: Mapped[PrimaryKey]
    email: Mapped[str] = mapped_column(sa.String(320), unique=True)
    name: Mapped[str] = mapped_column(sa.String(MAX_NAME), default="")
    name_ar: Mapped[str | None] = mapped_column(sa.String(MAX_NAME))
    function: Mapped[str | None] = mapped_column(sa.String(MAX_NAME))
    language: Mapped[str] = mapped_column(sa.String(3), default="fr")
    is_name_public: Mapped[bool] = mapped_column(default=False)
    is_told_of_work: Mapped[bool] = mapped_column(default=True, server_default=sa.true())  # by mail, of what waits for those in charge
    is_demonstration: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Timestamp]

    password: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(sa.String(64), unique=True)
    confirmed_at: Mapped[datetime | None]
    us_totp_secrets: Mapped[str | None]
    us_phone_number: Mapped[str | None] = mapped_column(sa.String(128))
    signed_in_at: Mapped[datetime | None]  # last
    warned_at: Mapped[datetime | None]  # that an account which nobody uses any more will be forgotten
    forgotten_at: Mapped[datetime | None]  # what is left names nobody
    # The authenticator: its secret, encrypted by a key of the settings, and which of its codes served last (none before it serves again).
    tf_totp_secret: Mapped[str | None]
    totp_counter: Mapped[int | None] = mapped_column(sa.BigInteger)
    mf_recovery_codes: Mapped[list[Any] | None]  # as digests; each goes when it has served
    # By which passkeys know whose they are.
    fs_webauthn_user_handle: Mapped[str | None] = mapped_column(sa.String(64), unique=True, index=True)  # type: ignore[assignment]
    # Somebody who said something elsewhere, and for whom it was typed: no account, and nobody signs in to it. Whose it is once its
    # person has an account and showed the code on their stub; and of such an account, that it has some.
    is_entered: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    person_id: Mapped[int | None] = fk("user.id")
    has_claimed: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    # Of the digests of what is personal here, in the journal: changed when that is erased, so that nobody can guess it from them.
    salt: Mapped[str] = mapped_column(sa.String(32), default=lambda: secrets.token_hex(16))

    if TYPE_CHECKING:
        # Given by the models of the rooms above, whose classes this room does not know.
        membership: Mapped[Any | None]
        mandate: Mapped[Any | None]
        memberships: Mapped[list[Any]]
        appointments: Mapped[list[Any]]
        has_passkey: Mapped[bool]

    webauthn: Mapped[list["Passkey"]] = relationship(  # type: ignore[assignment]  # they are the library's as well
        order_by="Passkey.id", back_populates="user", passive_deletes="all")

    is_system = False
    is_proven_elsewhere = False  # in this session: see UserSession.is_factor_proven
    tf_phone_number = None  # Flask-Security asks; no codes are sent to telephones
    roles: list[Any] = []  # noqa: RUF012 - Flask-Security asks for its own roles; ours are appointments

    person: Mapped["User | None"] = relationship("User", remote_side="User.id", viewonly=True)

    @property
    def reached(self) -> "User":
        """To whom a letter to this one is written."""
        return self.person or self

    def wrote(self, author_id: int | None) -> bool:
        """Whether that is this person: by their account, or by what was typed for them and is theirs."""
        return author_id is not None and (author_id == self.id or author_id in self.claimed_ids)

    @property
    def claimed_ids(self) -> frozenset[int]:
        """Those of the persons for whom it was typed what this one said elsewhere."""
        return _ids_claimed_by(self.id) if self.has_claimed else frozenset()

    @property
    def organisation_id(self) -> int | None:
        """Of the organisation for which this person may sign at this moment; None: for themselves alone."""
        return self.mandate.organisation_id if self.mandate is not None and self.mandate.is_in_force else None

    @property
    def organisation(self) -> Any | None:
        return self.mandate.organisation if self.organisation_id is not None and self.mandate is not None else None

    @property
    def member_of_id(self) -> int | None:
        """Of the organisation that knows this person as one of its own, whether they sign for it or not."""
        if self.organisation_id is not None:
            return self.organisation_id
        return self.membership.organisation_id if self.membership is not None and self.membership.state.is_member else None

    def belonged_to(self, organisation_id: int, since: datetime) -> bool:
        """At that moment, now, or at any time between; whoever only asked to belong to it is no stranger to it."""
        return organisation_id == self.organisation_id or any(
            held.organisation_id == organisation_id and (held.left_at is None or held.left_at >= since) for held in self.memberships)

    def holds(self, role: str, commission_id: int | None = None) -> bool:
        """Whether this person holds the role; a role of a commission counts in that commission only, or anywhere when none is named."""
        return any(
            a.role == role and (a.commission_id is None or commission_id is None or a.commission_id == commission_id)
            for a in self.appointments
        )

    @property
    def tf_primary_method(self) -> str | None:  # type: ignore[override]  # it is asked for, never set
        return "authenticator" if self.tf_totp_secret else None

    @property
    def has_factor(self) -> bool:
        """Whether signing in asks for more than the password or the link."""
        return bool(self.tf_totp_secret) or bool(self.has_passkey)

    @property
    def must_have_factor(self) -> bool:
        return requires_second_factor() and any(appointment.role.decides for appointment in self.appointments)

    @property
    def lacks_factor(self) -> bool:
        """What is reserved for those in charge waits until they have one, or sign in where they were asked for one."""
        return self.must_have_factor and not self.has_factor and not self.is_proven_elsewhere

    def read_anew(self) -> None:
        """What this person holds, and for whom they speak, is asked again."""
        session.flush()
        session.expire(self, ["appointments", "membership", "memberships", "mandate"])

    @property
    def shown_name(self) -> str:
        """What those in charge read beside what this person wrote."""
        return self.name or gettext("A participant")

    @property
    def staff_name(self) -> str:
        """What those in charge read beside what this person decided, or is deciding."""
        return self.name or gettext("A former member of the commission")

    def audit_details(self) -> dict[str, Any]:
        """Since when somebody agreed to be named, and until when, is to be shown."""
        return {"is_name_public": bool(self.is_name_public)}

    def public_name(self, language: str = "fr") -> str | None:
        """The name to show beside what this person wrote, or None when they did not agree to it."""
        if not self.is_name_public:
            return None
        return self.name_ar if language == "ar" and self.name_ar else self.name


@read_once
def _ids_claimed_by(person_id: int) -> frozenset[int]:
    return frozenset(session.scalars(sa.select(User.id).where(User.person_id == person_id)))


class UserSession(Base):
    """One sign-in in one browser, from its beginning until it is ended: what its cookies hold is kept as a digest alone."""

    __tablename__ = "user_session"
    __append_only__ = False  # gone once it is over
    __recorded__ = False  # who is signed in where: nobody’s word
    __table_args__ = (sa.Index(None, "opened_at"),)

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = fk("user.id")
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    agent: Mapped[str] = mapped_column(sa.String(MAX_AGENT), default="")
    is_remembered: Mapped[bool] = mapped_column(default=False)
    opened_at: Mapped[Timestamp]
    seen_at: Mapped[Timestamp]  # some minutes ago at the earliest
    # The provider by which it began asked for a second factor, as the settings understand it.
    is_factor_proven: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    # When its owner showed last who they are, and what the browser in which they did holds to say so.
    proved_at: Mapped[datetime | None]
    proof_hash: Mapped[str | None] = mapped_column(sa.String(64))


class Passkey(Base, CredentialIdentity):
    """A key pair whose private half stays in a telephone, a computer or a security key; Flask-Security's spelling where it asks."""

    __tablename__ = "passkey"
    __append_only__ = False  # gone once its owner, or an administrator, takes it away
    __recorded__ = False  # with what somebody signs in: nobody’s word
    __table_args__ = (sa.UniqueConstraint("user_id", "name"),)

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = fk("user.id")
    name: Mapped[str] = mapped_column(sa.String(MAX_PASSKEY))
    credential_id: Mapped[bytes] = mapped_column(sa.LargeBinary(1024), unique=True)
    public_key: Mapped[bytes] = mapped_column(sa.LargeBinary)
    sign_count: Mapped[int] = mapped_column(sa.BigInteger)
    transports: Mapped[list[Any] | None]
    backup_state: Mapped[bool]
    device_type: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[Timestamp]
    lastuse_datetime: Mapped[Timestamp]

    user: Mapped[User] = relationship(back_populates="webauthn")

    usage = "secondary"
    extensions = None


User.has_passkey = column_property(sa.exists().where(Passkey.user_id == User.id).correlate_except(Passkey), deferred=True)


class ProviderIdentity(Base):
    """Who somebody is at an OpenID provider: by its issuer and subject alone, which never change there, never by an address."""

    __tablename__ = "provider_identity"
    __append_only__ = False  # gone once its owner takes it away
    __recorded__ = False  # with what somebody signs in: nobody’s word
    __table_args__ = (sa.UniqueConstraint("issuer", "subject"), sa.UniqueConstraint("user_id", "issuer"))

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = fk("user.id")
    issuer: Mapped[str] = mapped_column(sa.String(500))
    subject: Mapped[str] = mapped_column(sa.String(255))
    bound_at: Mapped[Timestamp]
    used_at: Mapped[Timestamp]


class Registration(Base):
    """What was typed to ask for an account that nobody has confirmed yet: anybody may type anybody's address, and a password with it."""

    __tablename__ = "registration"
    __append_only__ = False  # gone once the address is confirmed
    __recorded__ = False  # nobody’s word until the address is confirmed

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = fk("user.id")
    browser_key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    name: Mapped[str] = mapped_column(sa.String(MAX_NAME))
    language: Mapped[str] = mapped_column(sa.String(3))
    password: Mapped[str | None]
    created_at: Mapped[Timestamp]


class InvitationState(StateEnum):
    tone: Tone
    is_open: bool  # its link may still be taken up
    refusal: str  # what whoever opens the link is told, to be translated where it is shown
    remedy: str

    SENT = "sent", N_("Sent"), says(
        leads_to=("accepted", "withdrawn", "replaced", "expired"), tone=Tone.OCHRE, is_open=True, refusal="", remedy="")
    ACCEPTED = "accepted", N_("Accepted"), says(
        leads_to=(), tone=Tone.GREEN, is_open=False,
        refusal=N_("This invitation was accepted already: its link serves once."), remedy=N_("If it was you, sign in."))
    WITHDRAWN = "withdrawn", N_("Withdrawn"), says(
        leads_to=(), tone=Tone.BRICK, is_open=False,
        refusal=N_("This invitation was withdrawn."), remedy=N_("Whoever invited you can tell you why."))
    REPLACED = "replaced", N_("Replaced by a newer one"), says(
        leads_to=(), tone=Tone.NONE, is_open=False,
        refusal=N_("This invitation was sent once more, and this link opens nothing any more."),
        remedy=N_("Open the link of the newest letter."))
    # By its day alone: nothing is written down when it comes.
    EXPIRED = "expired", N_("Expired"), says(
        leads_to=("withdrawn", "replaced"), tone=Tone.NONE, is_open=False,
        refusal=N_("This invitation has expired."), remedy=N_("Ask whoever invited you to send it once more."))


class InvitedByLetter(Base):
    """To one address, by a letter: its link serves once, until its day, and is kept as a digest alone. To what, the rooms above say."""

    __abstract__ = True
    __append_only__ = False  # gone some time after its end, whatever became of it
    __recorded__ = False  # letters and their keys; who invited and who accepted stands in the journal, with what was given

    id: Mapped[PrimaryKey]
    address: Mapped[str] = mapped_column(sa.String(320), index=True)
    language: Mapped[str] = mapped_column(sa.String(3))
    state: Mapped[InvitationState] = mapped_column(default=InvitationState.SENT)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    invited_by_id: Mapped[int | None] = fk("user.id")  # None: from the command line
    created_at: Mapped[Timestamp]
    expires_at: Mapped[datetime] = mapped_column(index=True)

    @declared_attr
    def invited_by(cls) -> Mapped[User | None]:  # noqa: N805 - of the class
        return relationship(User)

    @property
    def email(self) -> str:
        """As letters ask for it."""
        return self.address

    @property
    def current_state(self) -> InvitationState:
        """At this very second."""
        return InvitationState.EXPIRED if self.state.is_open and self.expires_at <= utcnow() else self.state
