"""What a browser does with the form."""

import html
import re

import sqlalchemy as sa

from consult.contributions.models import Contribution
from consult.core.db import session

FILLED = {"position": "opposed", "kind": "comment", "comment_type": "technical", "body": "Précisez l’échéance.", "speak_as": "organisation",
          "interest": "none"}


def address(block, language="en"):
    return f"/{language}/contributions/lodge/{block.chapter.number}/{block.key}"


def form_of(page):
    """What a browser would send back: hidden fields, texts, chosen buttons."""
    text = page.get_data(as_text=True).partition("<main")[2]
    inputs = [(dict(re.findall(r'([\w-]+)="([^"]*)"', tag)), tag) for tag in re.findall(r"<input[^>]*>", text)]
    values = {
        a["name"]: html.unescape(a.get("value", "")) for a, tag in inputs
        if a["type"] == "hidden" or (a["type"] == "radio" and " checked" in tag)
    }
    texts = re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\r?\n?(.*?)</textarea>', text, re.DOTALL)
    return {**values, **{name: html.unescape(value) for name, value in texts}}


def send(client, block, act="submit", language="en", **over):
    values = {**FILLED, "form_key": "form-key-1", **over, "act": act}
    return client.post(address(block, language), data={name: value for name, value in values.items() if value is not None})


def count():
    return session.scalar(sa.select(sa.func.count()).select_from(Contribution))


def text_of(response):
    return html.unescape(response.get_data(as_text=True))
