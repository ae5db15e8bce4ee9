"""Gauges of the indicators service."""

from __future__ import annotations

from prometheus_client import Gauge

STOCK = Gauge("liangfu_indicators_stock", "What counts today, by indicator and prefecture", ["indicator", "prefecture"])
RATE = Gauge(
    "liangfu_indicators_rate", "Rates of this month, 0 to 1, by indicator and prefecture", ["indicator", "prefecture"]
)
