"""Collected texts that some tests read and no checkout holds: ``shared/data`` in a folder above, or the folder ``TEST_MATERIAL``."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def material(name: str) -> Path | None:
    """A folder or file of the collected material, or nothing."""
    places = [Path(os.environ["TEST_MATERIAL"])] if "TEST_MATERIAL" in os.environ else [above / "shared/data" for above in ROOT.parents]
    return next((place / name for place in places if (place / name).exists()), None)


def material_or_skip(name: str) -> Path:
    """The same for a test. All skip here and in the same words, so that pytest tells it in one line."""
    found = material(name)
    if found is None:
        pytest.skip("the collected material is not here: no folder shared/data above this checkout, none named by TEST_MATERIAL")
    return found
