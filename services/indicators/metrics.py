"""Gauges of the indicators service."""

from __future__ import annotations

from prometheus_client import Gauge

STOCK = Gauge("liangfu_indicators_stock", "What counts today, by indicator and prefecture", ["indicator", "prefecture"])
FINDINGS = Gauge(
    "liangfu_indicators_findings", "Figures of this month that do not fit each other, by rule of the checks", ["rule"]
)
UNSUBMITTED = Gauge(
    "liangfu_indicators_unsubmitted_snapshots", "Approved snapshots that the level above has not taken yet"
)
RATE = Gauge(
    "liangfu_indicators_rate", "Rates of this month, 0 to 1, by indicator and prefecture", ["indicator", "prefecture"]
)
