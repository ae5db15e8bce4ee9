"""Rows of the indicators service: figures. They tell of no person, so what is checked is where they count."""

from __future__ import annotations

from typing import Final

from tests.integration.authorisation.row import Row, house, one
from tests.integration.authorisation.rows import house as common

_FIGURES, _READ = "/api/v1/indicators", "indicator:read"

ROWS: Final[tuple[Row, ...]] = (
    *common.basics("indicator"),
    *common.publishing_nothing(),
    *common.reading(),
    *common.trust(),
    house("GET", _FIGURES, _READ),
    house("GET", f"{_FIGURES}/values", _READ),
    one("GET", f"{_FIGURES}/values", _READ, query="?division=341502", note="of one county"),
    one("GET", f"{_FIGURES}/values", _READ, query="?division=341502&children=true", note="of its townships"),
    one(
        "GET", f"{_FIGURES}/series", _READ,
        query="?division=341502&indicator=persons&from=2026-01&to=2026-02",
    ),
)  # fmt: skip
