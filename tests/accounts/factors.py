"""Second factors as people have them: an authenticator that shows codes, a passkey that answers, codes on a sheet of paper."""

import html
import json
import re
from datetime import timedelta

import sqlalchemy as sa
from passlib.totp import TOTP

from consult.core.audit import AuditEvent
from consult.core.db import session
from tests.accounts.keys import Key

STEP = timedelta(seconds=30)


def set_up(client) -> TOTP:
    page = client.get("/fr/accounts/set-up-authenticator").text
    held = TOTP(key=html.unescape(re.search(r'<code class="secret" dir="ltr">([^<]+)<', page)[1]), format="base32")
    assert client.post("/fr/accounts/set-up-authenticator", data={"code": held.generate().token}).status_code == 303
    return held


def second(client, code: str, **query):
    return client.post("/fr/accounts/tf-validate", data={"code": code}, query_string=query)


def codes_of(client) -> list[str]:
    page = client.post("/fr/accounts/renew-recovery-codes").text
    return re.findall(r"<li><code>([^<]+)</code></li>", page)


def acts_of(user) -> list[str]:
    return list(session.scalars(sa.select(AuditEvent.action).where(AuditEvent.subject_id == user.id).order_by(AuditEvent.id)))


def options_of(page) -> tuple[dict, str]:
    """What the page asks the browser for, and where its answer goes."""
    found = re.search(r'action="([^"]+)"\s+data-passkey="\w+"\s+data-options="([^"]+)"', page.text)
    return json.loads(html.unescape(found[2])), html.unescape(found[1])


def add_passkey(client, key: Key, name: str = "Clé du tiroir"):
    options, address = options_of(client.post("/fr/accounts/wan-register", data={"name": name}))
    return client.post(address, data={"credential": key.make(options)})


def long_ago(client) -> None:
    """When this browser signed in."""
    with client.session_transaction() as cookies:
        del cookies["proof"]
