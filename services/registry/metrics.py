"""Gauges of the registry."""

from __future__ import annotations

from prometheus_client import Gauge

EXPIRED_NOT_ANNOUNCED = Gauge(
    "liangfu_registry_expired_not_announced", "Certificates past their last valid day and not yet announced as expired"
)
