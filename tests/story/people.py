"""What people do with their browser, told by addresses and names of fields: the words on the screen are of any language."""

import os
import re
from pathlib import Path

from playwright.sync_api import Page, Response

from consult.demonstration import PASSWORD
from tests.story.sites import Letters, Site

PICTURES = os.environ.get("STORY_PICTURES")


class Person:
    """Somebody at their screen."""

    def __init__(self, site: Site, letters: Letters, page: Page, language: str, folder: Path) -> None:
        self.site, self.letters, self.page, self.language, self.folder = site, letters, page, language, folder
        self.has_scripts = True
        self.faults: list[str] = []
        page.on("request", lambda request: self.same_origin(request.url))
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("console", lambda message: self.hear(message.type, message.text))
        page.on("response", self.check)

    def same_origin(self, url: str) -> None:
        if not url.startswith((self.site.base, "data:", "about:", "blob:")):
            self.faults.append(f"{self.page.url} asks {url}")

    def hear(self, kind: str, text: str) -> None:
        """A page that answers 403 or 422 on purpose is no fault; scripts and the content policy that complain are."""
        if kind in ("error", "warning") and not text.startswith("Failed to load resource"):
            self.faults.append(f"{self.page.url}: {text}")

    def check(self, response: Response) -> None:
        asked_by_page = response.request.resource_type not in ("document", "fetch", "xhr")
        if response.status >= 500 or (response.status >= 400 and asked_by_page):
            self.faults.append(f"{response.url} answers {response.status}")

    # Moving about

    def address(self, path: str) -> str:
        return f"{self.site.base}/{self.language}/{path}"

    def go(self, path: str = "") -> Response:
        return self.page.goto(self.address(path))

    def fetch(self, path: str) -> str:
        """The page as it comes over the wire: to look again and again without drawing it."""
        return self.page.request.get(self.address(path)).text()

    def press(self, selector: str) -> None:
        """Follow a link or press a button, and wait for the page that it brings."""
        with self.page.expect_navigation():
            self.page.locator(selector).first.click()

    def follow(self, selector: str) -> None:
        """Open what a link leads to, which a script would show beside the text."""
        self.page.goto(self.page.locator(selector).first.evaluate("a => a.href"))

    def sees(self, selector: str) -> bool:
        return self.page.locator(selector).count() > 0

    def text(self, selector: str = "main") -> str:
        return self.page.locator(selector).first.inner_text()

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(f"{self.site.base}/{self.language}/")

    def download(self, selector: str) -> Path:
        self.folder.mkdir(exist_ok=True)
        with self.page.expect_download() as promise:
            self.page.locator(selector).first.click()
        path = self.folder / promise.value.suggested_filename
        promise.value.save_as(path)
        return path

    def picture(self, name: str) -> None:
        """For whoever wants to look: at the width of a desk and of a phone."""
        if not PICTURES:
            return
        before = self.page.viewport_size
        for width in (1280, 360):
            self.page.set_viewport_size({"width": width, "height": 900})
            self.page.screenshot(path=f"{PICTURES}/{name}-{self.language}-{width}.png", full_page=True)
        self.page.set_viewport_size(before)

    # Accounts

    def sign_in(self, address: str, password: str = PASSWORD) -> "Person":
        self.go("accounts/login")
        self.page.fill("[name=identity]", address)
        self.page.fill("[name=passcode]", password)
        self.press("main [name=submit]")
        assert self.sees("form[action$=logout]"), self.text()
        return self

    def sign_out(self) -> None:
        self.press("form[action$=logout] button")
        assert not self.sees("form[action$=logout]")

    def sign_in_by_link(self, address: str) -> None:
        """On the sign-in page: ask for a link, open the letter, follow it."""
        self.page.fill("[name=identity]", address)
        self.press("[name=submit_send_code]")
        self.page.goto(self.letters.link(address, "follow-link"))
        self.press("main form button")

    def register(self, name: str, address: str) -> None:
        """On the page of registration; ends where the confirmed reader was going."""
        self.page.fill("[name=name]", name)
        self.page.fill("[name=email]", address)
        self.press("main form button")
        self.picture("check-mail")
        self.page.goto(self.letters.link(address, "/confirm"))
        self.picture("confirm")
        self.press("main form button")

    def add_organisation(self, name: str) -> None:
        self.go("organisations/add")
        self.page.fill("[name=name_fr]", name)
        self.page.fill("[name=short]", name.split()[-1][:12])
        for select in self.page.locator("main select").all():
            select.select_option(index=1)
        self.picture("add-organisation")
        self.press("main form .btn-primary")
        assert self.path == "accounts/profile", self.text()

    # Contributing

    def write(self, *, body: str, replacement: str = "", position: str = "in_favour_with_changes") -> None:
        self.page.check(f"[name=position][value={position}]")
        self.page.fill("[name=body]", body)
        if replacement:
            self.page.fill("[name=replacement]", replacement)
        self.declare()

    def declare(self) -> None:
        """That there is no interest, where the form asks: of whoever may sign for an organisation."""
        asked = self.page.locator("[name=interest][value=none]")
        if asked.count():
            asked.check()

    def reference(self) -> str:
        return re.search(r"PNQ-C\d-\d{4}", self.text(".big-ref"))[0]
