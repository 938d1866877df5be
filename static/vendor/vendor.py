"""Copy third-party assets from npm packages, and one face from a Debian package, into the project: ``python static/vendor/vendor.py``.

``package-lock.json`` fixes versions and integrity; nothing is run from the packages. Writes the files, ``static/css/fonts.css``
and ``manifest.json`` (version, licence, origin and digest of each file). ``--check`` compares the digests, offline and without Node.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = Path(__file__).with_name("manifest.json")
FONTS_CSS = ROOT / "static/css/fonts.css"

SERIF, SANS = "@fontsource/noto-serif", "@fontsource-variable/noto-sans"
NASKH, SANS_ARABIC, TIFINAGH = "@fontsource/noto-naskh-arabic", "@fontsource/noto-sans-arabic", "@fontsource/noto-sans-tifinagh"

# Faces of the pages: (package, family, subset, weight, style). A browser fetches a subset only when a page has its letters.
FACES = [
    *[(SERIF, "Noto Serif", subset, weight, style)
      for subset in ("latin-ext", "latin") for weight, style in (("400", "normal"), ("400", "italic"), ("700", "normal"))],
    (SANS, "Noto Sans", "latin-ext", "wght", "normal"),
    (SANS, "Noto Sans", "latin", "wght", "normal"),
    (NASKH, "Noto Naskh Arabic", "arabic", "400", "normal"),
    (NASKH, "Noto Naskh Arabic", "arabic", "700", "normal"),
    (SANS_ARABIC, "Noto Sans Arabic", "arabic", "400", "normal"),
    (SANS_ARABIC, "Noto Sans Arabic", "arabic", "700", "normal"),
    (TIFINAGH, "Noto Sans Tifinagh", "tifinagh", "400", "normal"),
]

# Whole faces for documents: (package, folder, file).
DOCUMENT_FACES = [
    ("noto-serif", "400Regular", "NotoSerif_400Regular.ttf"), ("noto-serif", "700Bold", "NotoSerif_700Bold.ttf"),
    ("noto-serif", "400Regular_Italic", "NotoSerif_400Regular_Italic.ttf"),
    ("noto-sans", "400Regular", "NotoSans_400Regular.ttf"), ("noto-sans", "700Bold", "NotoSans_700Bold.ttf"),
    ("noto-naskh-arabic", "400Regular", "NotoNaskhArabic_400Regular.ttf"), ("noto-naskh-arabic", "700Bold", "NotoNaskhArabic_700Bold.ttf"),
    ("noto-sans-arabic", "400Regular", "NotoSansArabic_400Regular.ttf"), ("noto-sans-arabic", "700Bold", "NotoSansArabic_700Bold.ttf"),
    ("noto-sans-tifinagh", "400Regular", "NotoSansTifinagh_400Regular.ttf"), ("noto-emoji", "400Regular", "NotoEmoji_400Regular.ttf"),
]
# The last resort: every script of the first plane and many signs of the others. Its licence stands beside it, written from the face's own.
UNIFONT, UNIFONT_VERSION, UNIFONT_LICENCE = "fonts-unifont", "1:15.0.01-2", "OFL-1.1 OR GPL-2.0-or-later WITH Font-exception-2.0"
UNIFONT_FILES = ("unifont.otf", "unifont_upper.otf")


def face_file(package: str, subset: str, weight: str, style: str) -> str:
    return f"{package.split('/')[1]}-{subset}-{weight}-{style}.woff2"


def copies() -> list[tuple[str, str, str]]:
    """(package, file in the package, place in the project)."""
    styles = [("bootstrap", f"dist/css/bootstrap-{part}{way}.min.css", f"static/vendor/bootstrap/bootstrap-{part}{way}.min.css")
              for part in ("reboot", "grid") for way in ("", ".rtl")]
    woff2 = [(package, face_file(package, subset, weight, style)) for package, _family, subset, weight, style in FACES]
    faces = [(package, f"files/{file}", f"static/fonts/{file}") for package, file in woff2]
    documents = [(f"@expo-google-fonts/{package}", f"{folder}/{file}", f"static/fonts/ttf/{file}")
                 for package, folder, file in DOCUMENT_FACES]
    licences = [("bootstrap", "LICENSE", "static/vendor/bootstrap/LICENSE"), ("axe-core", "LICENSE", "tests/vendor/axe.LICENSE"),
                ("@expo-google-fonts/noto-emoji", "LICENSE_FONT", "static/fonts/noto-emoji.LICENSE"),
                *[(package, "LICENSE", f"static/fonts/{package.split('/')[1]}.LICENSE")
                  for package in (SERIF, SANS, NASKH, SANS_ARABIC, TIFINAGH)]]
    return [*styles, *faces, *documents, ("axe-core", "axe.min.js", "tests/vendor/axe.min.js"), *licences]


def fonts_css(modules: Path) -> str:
    rules = ["/* Written by static/vendor/vendor.py. */"]
    for package, family, subset, weight, style in FACES:
        letters = json.loads((modules / package / "unicode.json").read_text())[subset]
        weights = "100 900" if weight == "wght" else weight
        rules.append(
            f'@font-face{{font-family:"{family}";font-style:{style};font-weight:{weights};font-display:swap;'
            f"src:url(../fonts/{face_file(package, subset, weight, style)}) format(\"woff2\");unicode-range:{letters}}}"
        )
    return "\n".join(rules) + "\n"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def origin_of(package: str, version: str) -> str:
    """The package URL: from where, with no address of any registry."""
    return f"pkg:npm/{quote(package)}@{version}"


def described(place: str, name: str, version: str, licence: str, origin: str, source: str) -> dict[str, str]:
    return {"file": place, "name": name, "version": version, "licence": licence, "origin": origin, "source": source,
            "sha256": digest(ROOT / place)}


def copy_all() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(ROOT / name, scratch)
        npm = shutil.which("npm") or sys.exit("npm is needed to fetch the packages; --check works without it.")
        subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=scratch, check=True)  # noqa: S603 - fixed arguments
        modules, entries = Path(scratch, "node_modules"), []
        for package, source, place in copies():
            about = json.loads((modules / package / "package.json").read_text())
            target = ROOT / place
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(modules / package / source, target)
            entries.append(described(place, package, about["version"], about["license"], origin_of(package, about["version"]), source))
        FONTS_CSS.write_text(fonts_css(modules))
        entries += copy_unifont(Path(scratch))
    MANIFEST.write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n")


def copy_unifont(scratch: Path) -> list[dict[str, str]]:
    """Its entries of the manifest; the package is unpacked, not installed."""
    for command in (("apt-get", "download", f"{UNIFONT}={UNIFONT_VERSION}"), ("sh", "-c", f"dpkg -x {UNIFONT}_*.deb unifont")):
        subprocess.run(command, cwd=scratch, check=True)  # noqa: S603 - fixed arguments
    entries = []
    for file in UNIFONT_FILES:
        target = ROOT / "static/fonts/ttf" / file
        shutil.copyfile(scratch / "unifont/usr/share/fonts/opentype/unifont" / file, target)
        origin = f"pkg:deb/debian/{UNIFONT}@{UNIFONT_VERSION}?arch=all"
        entries.append(described(target.relative_to(ROOT).as_posix(), UNIFONT, UNIFONT_VERSION, UNIFONT_LICENCE, origin,
                             f"usr/share/fonts/opentype/unifont/{file}"))
    return entries


def check() -> list[str]:
    """The files that are missing or are not what the manifest says."""
    entries = [(ROOT / entry["file"], entry) for entry in json.loads(MANIFEST.read_text())]
    return [entry["file"] for path, entry in entries if not path.is_file() or digest(path) != entry["sha256"]]


if __name__ == "__main__":
    if "--check" not in sys.argv:
        copy_all()
    if wrong := check():
        sys.exit("Not as in the manifest: " + ", ".join(wrong))
