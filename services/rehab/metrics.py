"""Gauges of the rehab service."""

from __future__ import annotations

from prometheus_client import Gauge

OPEN_CASES = Gauge("liangfu_rehab_open_cases", "Cases that are not closed")
UNDECIDED_TRANSFERS = Gauge(
    "liangfu_rehab_undecided_transfers", "Open cases whose person moved to another county and nobody has decided yet"
)
OVERDUE_CASES = Gauge("liangfu_rehab_overdue_cases", "Open cases past the last day for the step they wait for")
