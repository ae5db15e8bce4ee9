"""Gauges of the indicators service."""

from __future__ import annotations

from prometheus_client import Gauge

STOCK = Gauge("liangfu_indicators_stock", "What counts today, by indicator and prefecture", ["indicator", "prefecture"])
