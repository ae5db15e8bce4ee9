"""The definitions that come with the product: data in ``catalogue/``, each with its version."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import orjson

from services.indicators.domain.definition import Catalogue, parse

_FOLDER: Final = Path(__file__).resolve().parents[1] / "catalogue"

CATALOGUE: Final = Catalogue(
    parse(each) for path in sorted(_FOLDER.glob("*.json")) for each in orjson.loads(path.read_bytes())
)
"""Every indicator there is, computed or reported."""
