"""The bill of materials (CycloneDX): what the platform, its pages and its tests are made of, as locked, and which package needs which."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from importlib import metadata
from itertools import groupby
from operator import itemgetter

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from tests.supply import vendored
from tests.supply.licences import licence_of
from tests.supply.locks import Pinned, pinned

NAMESPACE = uuid.UUID("5c1b2d5e-1f0c-5d0a-9f6e-0a8a5f0f7c11")  # of serial numbers, one for each content
DELIVERED = ("platform", "pages")
licences = LicenseFactory()


def written(moment: datetime) -> str:
    """The same text for the same locks, files and moment; raises :class:`ValueError` where the format's own schema does not take it."""
    bill = the_bill(moment)
    bill.serial_number = uuid.UUID(int=0)
    bill.serial_number = uuid.uuid5(NAMESPACE, JsonV1Dot6(bill).output_as_string())
    text = JsonV1Dot6(bill).output_as_string(indent=1) + "\n"
    if wrong := wrong_with(text):
        raise ValueError(wrong)
    return text


def wrong_with(text: str) -> str:
    """What the format's own schema says against it; empty where it says nothing."""
    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return str(found.data) if found else ""


def the_bill(moment: datetime) -> Bom:
    platform = Component(name="consult", version=metadata.version("consult"), type=ComponentType.APPLICATION, bom_ref="consult",
                         licenses=[licences.make_from_string("Apache-2.0")])
    pins = pinned()
    packages = {pin: package(pin) for pin in pins}
    files = list(assets())
    bill = Bom(components=[*packages.values(), *files], metadata=BomMetaData(component=platform, timestamp=moment))
    for pin, component in packages.items():
        bill.register_dependency(component, [packages[other] for other in pins if pin.name in other.required_by])
    bill.register_dependency(platform, [*(packages[pin] for pin in pins if not pin.required_by or "consult" in pin.required_by), *files])
    return bill


def scope(needed_for: str) -> ComponentScope:
    return ComponentScope.REQUIRED if needed_for in DELIVERED else ComponentScope.EXCLUDED


def package(pin: Pinned) -> Component:
    """Of the digests that are locked only one is of the file that is installed: they are properties, no digests of the component."""
    purl = PackageURL("pypi", None, canonicalize_name(pin.name), pin.version)
    told = [("needed-for", pin.needed_for), *(("locked-sha256", one) for one in pin.hashes), ("only-where", pin.marker)]
    properties = [Property(name=f"consult:{name}", value=value) for name, value in told if value]
    return Component(name=pin.name, version=pin.version, purl=purl, bom_ref=purl.to_string(), scope=scope(pin.needed_for),
                     properties=properties, licenses=[licences.make_from_string(licence_of(pin) or "")])


def assets() -> Iterator[Component]:
    """What stands in the project itself: each package of it, with its files and their digests."""
    ordered = sorted(vendored.entries(), key=itemgetter("origin", "file"))
    for origin, group in groupby(ordered, key=itemgetter("origin")):
        files, purl = list(group), PackageURL.from_string(origin)
        needed_for = "pages" if files[0]["file"].startswith("static/") else "tests"
        yield Component(
            name=files[0]["name"], version=files[0]["version"], purl=purl, bom_ref=origin, scope=scope(needed_for),
            licenses=[licences.make_from_string(files[0]["licence"])], properties=[Property(name="consult:needed-for", value=needed_for)],
            components=[Component(name=file["file"], type=ComponentType.FILE, bom_ref=file["file"],
                                  hashes=[HashType(alg=HashAlgorithm.SHA_256, content=file["sha256"])]) for file in files],
        )
