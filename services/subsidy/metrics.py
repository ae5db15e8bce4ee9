"""Gauges of the subsidy service."""

from __future__ import annotations

from prometheus_client import Gauge

STOP_MISSED = Gauge(
    "liangfu_subsidy_stop_missed_awards",
    "Awards that contradicted the stop facts of our copy at the last sweep (KPI-20)",
)
