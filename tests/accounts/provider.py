"""The provider that the tests run, and a browser's way there and back."""

import html
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import requests
from werkzeug.test import TestResponse

from consult.accounts.provider import Provider
from tests.benchmarks.servers import free_port
from tests.waiting import until

BACK, OUT = "http://consult.test/fr/accounts/come-back", "http://consult.test/fr/accounts/signed-out"
CLIENT, SECRET = "consult", "of-this-platform-and-its-provider"  # noqa: S105 - of these tests
NAMES = {"oidc_name_fr": "Identité Exemple", "oidc_name_ar": "هوية مثال", "oidc_name_en": "Example Identity"}
TWICE = "urn:example:two-factors"


@dataclass
class Running:
    """As the tests talk to it."""

    issuer: str

    def told(self, **said) -> list[str]:
        """Tell it something; the paths that it was asked for since it was told something last."""
        return requests.post(f"{self.issuer}/control", json=said, timeout=30).json()

    def knows(self, who: str, **claims) -> None:
        self.told(people={who: {"sub": who, **claims}})

    def settings(self, **more) -> dict[str, str]:
        return {"oidc_issuer": self.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET, **NAMES, **more}


@contextmanager
def running(back: str = BACK, out: str = OUT) -> Iterator[Running]:
    port = free_port()
    arguments = [sys.executable, "-m", "tests.accounts.provider_server", str(port), CLIENT, SECRET, back, out]
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            until(lambda: answers(f"http://127.0.0.1:{port}"), "the provider of the tests does not start")
            yield Running(f"http://127.0.0.1:{port}")
        finally:
            process.kill()


def answers(issuer: str) -> bool:
    try:
        return requests.get(f"{issuer}/jwks", timeout=5).ok
    except requests.ConnectionError:
        return False


def used_by(app, monkeypatch, **settings) -> Provider:
    """From now on this application sends people to the provider of these settings."""
    provider = Provider(replace(app.extensions["consult_config"], **settings))
    monkeypatch.setitem(app.extensions, "consult_provider", provider)
    return provider


# A browser's way


def go(client, language: str = "fr", **values) -> str:
    """From the sign-in page to the provider: the address there."""
    there = client.post(f"/{language}/accounts/go-to-provider", data=values)
    assert there.status_code == 303, there.text
    return onwards(client.get(there.location))


def onwards(page: TestResponse) -> str:
    assert page.status_code == 200, page.text
    return html.unescape(re.search(r'href="([^"]+)" rel="noreferrer"', page.text)[1])


def say(address: str, who: str, **more) -> str:
    """What somebody does at the provider: the path with which they come back."""
    asked = requests.get(address, timeout=30)
    token = html.unescape(re.search(r'name="token" value="([^"]+)"', asked.text)[1])
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(address))
    answer = requests.post(f"{origin}/verify", data={"token": token, "who": who, **more}, allow_redirects=False, timeout=30)
    back = urlsplit(answer.headers["Location"])
    assert answer.headers["Location"].startswith(BACK), answer.headers["Location"]
    return f"{back.path}?{back.query}"


def come_back(client, who: str, language: str = "fr", **more) -> TestResponse:
    """All of the way, and once more where the answer is read in another language."""
    answer = client.get(say(go(client, language), who, **more))
    return client.get(answer.location) if "/come-back?" in (answer.location or "") else answer
