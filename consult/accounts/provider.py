"""The OpenID provider of the settings, as its client sees it: what it says of itself, its keys, and what its answers are worth.

OpenID Connect Core 1.0, authorization code with PKCE (RFC 7636) and the issuer in the answer (RFC 9207). Requests, answers and tokens are
Authlib's and joserfc's business; here stands what they leave to their caller. Neither Flask nor the database is known here, and whoever
asks holds nothing of it: hence a file of its own.
"""

import enum
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Semaphore
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.common.urls import add_params_to_uri
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, ClaimError, ExpiredTokenError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from requests import PreparedRequest, RequestException, Response, Timeout
from requests.adapters import HTTPAdapter

from consult.core.config import Config
from consult.core.i18n import N_

DISCOVERY = "/.well-known/openid-configuration"
SCOPES = "openid email profile"
# Signatures that only the provider can make. HMAC is none: its key is the client's as well.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
LEEWAY = 60  # seconds by which the provider's clock may be wrong, or ours
LASTS = 3600  # seconds for which what the provider says of itself is not asked for again
AGAIN = 10  # seconds at least between two looks for keys that were not there
CONNECT, READ, PATIENCE = 4, 6, 10  # seconds
MAX_ANSWER = 512 * 1024
AT_ONCE = 4  # of the turns of a process: others go on when a provider keeps everybody waiting
MAX_SUBJECT = 255  # ASCII characters, as the standard says
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
ENDPOINTS = (*NEEDED, "userinfo_endpoint", "end_session_endpoint")

START_AGAIN = N_("Start again, in the browser in which you will go on; it must take cookies.")
BY_ADDRESS = N_("Try again in a few minutes, or sign in with your address: you need nothing else here.")
TELL_US = N_("Sign in with your address: you need nothing else here. If it lasts, write to the secretariat.")
ADDRESS_HERE = N_("Create an account here with your address, or sign in with it; then you link it to %(provider)s in your profile.")


class Failure(enum.Enum):
    """Why somebody who came back is not signed in: status of the page, what it says, and what to do next."""

    LOST = 400, N_("This browser did not ask %(provider)s who you are, or it was too long ago."), START_AGAIN
    USED = 409, N_("This answer of %(provider)s has served already, or is too old."), START_AGAIN
    CANCELLED = 403, N_("You did not sign in at %(provider)s, or it did not let you."), \
        N_("Start again, or sign in with your address: you need nothing else here.")
    UNREACHABLE = 503, N_("%(provider)s does not answer."), BY_ADDRESS
    BUSY = 503, N_("Too many people are waiting for %(provider)s at this moment."), BY_ADDRESS
    UNUSABLE = 502, N_("%(provider)s and this platform do not understand each other."), TELL_US
    MISTRUSTED = 502, N_("The answer of %(provider)s cannot be trusted: not all of it is meant for this platform, or signed."), TELL_US
    CLOCK = 502, N_("By our clock the answer of %(provider)s is too old, or of a time to come: one of the two clocks is wrong."), TELL_US
    NO_ADDRESS = 422, N_("%(provider)s did not tell us your e-mail address, or it is one to which we cannot write."), ADDRESS_HERE
    UNVERIFIED = 422, N_("%(provider)s has not checked that your e-mail address is yours."), ADDRESS_HERE
    CLOSED = 403, N_("This account is closed."), N_("Write to the secretariat.")
    BOUND = 409, N_("Who you are at %(provider)s is linked to another account here."), \
        N_("Sign out, then sign in by %(provider)s: you see in the profile of that account how to take it away there.")

    def __init__(self, status: int, message: str, remedy: str) -> None:
        self.status, self.message, self.remedy = status, message, remedy


class NotSignedIn(Exception):  # noqa: N818 - it says what it is
    """Nobody is signed in by the provider, for this reason."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.name)
        self.failure = failure


# What a provider says instead of a code; whatever is not here is a fault of the settings, its or ours.
ERRORS = {
    **dict.fromkeys(("access_denied", "login_required", "consent_required", "interaction_required", "account_selection_required"),
                    Failure.CANCELLED),
    "server_error": Failure.UNREACHABLE, "temporarily_unavailable": Failure.UNREACHABLE,
}


@dataclass(frozen=True)
class Identity:
    """Who somebody is at the provider, as it said just now."""

    issuer: str
    subject: str
    email: str = ""
    is_verified: bool = False
    name: str = ""
    is_proven: bool = False  # by a second factor, as the settings understand it


class Bounded(HTTPAdapter):
    """No answer is waited for, or read, without an end; none leads elsewhere."""

    def send(self, request: PreparedRequest, *_positional: Any, **options: Any) -> Response:
        began = time.monotonic()
        options.update(timeout=(CONNECT, READ), stream=True)
        response, body = super().send(request, **options), bytearray()
        try:
            while piece := response.raw.read1(65_536, decode_content=False):
                body += piece
                if len(body) > MAX_ANSWER or time.monotonic() - began > PATIENCE:
                    raise Timeout("too long an answer")
        finally:
            response.close()
        response._content, response._content_consumed = bytes(body), True  # as requests itself does
        return response


class Provider:
    """What is kept of it stays in the process, and is asked for anew each hour."""

    def __init__(self, config: Config) -> None:
        self.config, self.issuer = config, config.oidc_issuer
        self.turns = Semaphore(AT_ONCE)
        self.known: dict[str, tuple[float, Any]] = {}
        self.looked_at = float("-inf")

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Around whatever waits for the provider: of those who wait there are a few only."""
        if not self.turns.acquire(blocking=False):
            raise NotSignedIn(Failure.BUSY)
        try:
            yield
        except (RequestException, OSError) as error:
            raise NotSignedIn(Failure.UNREACHABLE) from error
        finally:
            self.turns.release()

    def session(self, **options: Any) -> OAuth2Session:
        session = OAuth2Session(self.config.oidc_client_id, self.config.oidc_client_secret, scope=SCOPES, code_challenge_method="S256",
                                **options)
        session.headers["Accept-Encoding"] = "identity"
        session.max_redirects = 0
        for scheme in ("https://", "http://"):
            session.mount(scheme, Bounded())
        return session

    # What it says of itself

    def metadata(self) -> dict[str, Any]:
        return self._known("metadata", self._discover)

    def keys(self, *, is_missing: bool = False) -> KeySet:
        """Anew where one is missing: keys are renewed when the provider likes."""
        if is_missing and time.monotonic() - self.looked_at >= AGAIN:
            self.looked_at = time.monotonic()
            self.known.pop("keys", None)
        return self._known("keys", self._fetch_keys)

    def _known(self, name: str, fetch: Callable[[], Any]) -> Any:
        asked_at, value = self.known.get(name, (float("-inf"), None))
        if time.monotonic() - asked_at < LASTS:
            return value
        with self.asked():
            value = fetch()
        self.known[name] = time.monotonic(), value
        return value

    def _get(self, url: str) -> dict[str, Any]:
        with self.session() as session:
            answer = session.get(url, withhold_token=True, allow_redirects=False)
        if answer.status_code != 200:
            raise NotSignedIn(Failure.UNREACHABLE)
        return _object(answer)

    def _discover(self) -> dict[str, Any]:
        found = self._get(self.issuer.rstrip("/") + DISCOVERY)
        if found.get("issuer") != self.issuer or any(not found.get(name) for name in NEEDED):
            raise NotSignedIn(Failure.UNUSABLE)
        allowed = ("https://", "http://") if self.issuer.startswith("http:") else ("https://",)
        if any(not str(found[name]).startswith(allowed) for name in ENDPOINTS if name in found):
            raise NotSignedIn(Failure.UNUSABLE)
        return found

    def _fetch_keys(self) -> KeySet:
        listed = self._get(self.metadata()["jwks_uri"]).get("keys")
        keys = []
        for key in listed if isinstance(listed, list) else ():
            if isinstance(key, dict) and key.get("kty") in ("RSA", "EC") and key.get("use", "sig") == "sig":
                try:
                    keys += KeySet.import_key_set({"keys": [key]}).keys
                except (JoseError, ValueError, KeyError, TypeError):
                    continue  # of a kind that is not known here; others may do
        if not keys:
            raise NotSignedIn(Failure.UNUSABLE)
        return KeySet(keys)

    # There and back

    def address(self, back: str, *, state: str, nonce: str, verifier: str, language: str) -> str:
        """Where somebody is sent to show who they are."""
        wanted = [word.removeprefix("acr:") for word in self.config.oidc_second_factor.split() if word.startswith("acr:")]
        more = {"acr_values": " ".join(wanted)} if wanted else {}
        with self.session(redirect_uri=back) as session:
            return session.create_authorization_url(self.metadata()["authorization_endpoint"], state=state, nonce=nonce,
                                                    code_verifier=verifier, ui_locales=language, **more)[0]

    def identity(self, answer: Mapping[str, str], back: str, *, nonce: str, verifier: str) -> Identity:
        """Whose the answer is that a browser brought back; :class:`NotSignedIn` for any that cannot be taken."""
        if answer.get("iss", self.issuer) != self.issuer:
            raise NotSignedIn(Failure.MISTRUSTED)
        metadata = self.metadata()
        if metadata.get("authorization_response_iss_parameter_supported") and "iss" not in answer:
            raise NotSignedIn(Failure.MISTRUSTED)
        if error := answer.get("error"):
            raise NotSignedIn(ERRORS.get(error, Failure.UNUSABLE))
        token = self._token(answer.get("code", ""), back, verifier)
        claims = self.claims(token, nonce)
        if not claims.get("email") and metadata.get("userinfo_endpoint"):
            claims = {**self._userinfo(token, claims["sub"]), **claims}
        return self._identity(claims)

    def _token(self, code: str, back: str, verifier: str) -> dict[str, Any]:
        metadata = self.metadata()
        known = metadata.get("token_endpoint_auth_methods_supported") or ("client_secret_basic",)
        method = "client_secret_basic" if "client_secret_basic" in known else "client_secret_post"
        try:
            with self.asked(), self.session(redirect_uri=back, token_endpoint_auth_method=method) as session:
                token = session.fetch_token(metadata["token_endpoint"], code=code, code_verifier=verifier, allow_redirects=False)
        except AuthlibBaseError as error:
            raise NotSignedIn(Failure.USED if error.error == "invalid_grant" else Failure.UNUSABLE) from error
        except ValueError as error:  # no JSON
            raise NotSignedIn(Failure.UNREACHABLE) from error
        if not isinstance(token, dict) or not isinstance(token.get("id_token"), str):
            raise NotSignedIn(Failure.UNUSABLE)
        return token

    def claims(self, token: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        """Of its ID token, which this provider signed for this platform, in answer to this very question, a short while ago."""
        try:
            try:
                signed = self._verified(token["id_token"], self.keys())
            except (InvalidKeyIdError, BadSignatureError):
                signed = self._verified(token["id_token"], self.keys(is_missing=True))
            expected = {"iss": {"essential": True, "value": self.issuer}, "sub": {"essential": True}}
            params = {"nonce": nonce, "client_id": self.config.oidc_client_id, "access_token": token.get("access_token")}
            claims = CodeIDToken(signed.claims, signed.header, expected, params)
            claims.validate(leeway=LEEWAY)
        except ClaimError as error:
            is_of_time = isinstance(error, ExpiredTokenError) or error.claim in ("exp", "iat", "nbf")
            raise NotSignedIn(Failure.CLOCK if is_of_time else Failure.MISTRUSTED) from error
        except (JoseError, AuthlibBaseError, ValueError, TypeError, KeyError) as error:
            raise NotSignedIn(Failure.MISTRUSTED) from error
        if claims["aud"] not in (self.config.oidc_client_id, [self.config.oidc_client_id]):
            raise NotSignedIn(Failure.MISTRUSTED)  # for others as well: they could bring it here
        if not isinstance(claims["sub"], str) or not claims["sub"].isascii() or not 0 < len(claims["sub"]) <= MAX_SUBJECT:
            raise NotSignedIn(Failure.MISTRUSTED)
        return dict(claims)

    def _verified(self, text: str, keys: KeySet) -> jwt.Token:
        return jwt.decode(text, keys, registry=JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False))

    def _userinfo(self, token: Mapping[str, Any], subject: str) -> dict[str, Any]:
        """What the ID token leaves out; of the same person, or nothing of it."""
        with self.asked(), self.session(token=dict(token)) as session:
            answer = session.get(self.metadata()["userinfo_endpoint"], allow_redirects=False)
        said = _object(answer) if answer.status_code == 200 else {}
        return {name: said[name] for name in ("email", "email_verified", "name") if name in said} if said.get("sub") == subject else {}

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        email, name, methods = claims.get("email"), claims.get("name"), claims.get("amr")
        shown = {f"acr:{claims.get('acr')}", *(f"amr:{method}" for method in (methods if isinstance(methods, list) else ()))}
        return Identity(
            self.issuer, claims["sub"], email if isinstance(email, str) else "", claims.get("email_verified") in (True, "true"),
            name if isinstance(name, str) else "", not shown.isdisjoint(self.config.oidc_second_factor.split()))

    def leaving_address(self, back: str) -> str | None:
        """Where somebody signs out at the provider too; None where it has no such page."""
        endpoint = self.metadata().get("end_session_endpoint")
        named = [("client_id", self.config.oidc_client_id), ("post_logout_redirect_uri", back)]
        return add_params_to_uri(endpoint, named) if endpoint else None


def _object(answer: Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError as error:
        raise NotSignedIn(Failure.UNREACHABLE) from error
    if not isinstance(found, dict):
        raise NotSignedIn(Failure.UNUSABLE)
    return found
