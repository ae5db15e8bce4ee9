"""Gauges of the registry."""

from __future__ import annotations

from prometheus_client import Gauge

EXPIRED_NOT_ANNOUNCED = Gauge(
    "liangfu_registry_expired_not_announced", "Certificates past their last valid day and not yet announced as expired"
)
SEARCH_STALE = Gauge("liangfu_registry_search_stale", "Persons whose search terms wait to be computed anew")
DUPLICATES_OPEN = Gauge(
    "liangfu_registry_duplicates_open", "Pairs of records that may be one person and wait for somebody"
)
REPORTS_WAITING = Gauge(
    "liangfu_registry_reports_waiting", "Reports from outside that wait for somebody", ["kind", "state"]
)
PORTAL_CASES_WAITING = Gauge(
    "liangfu_registry_portal_cases_waiting",
    "Cases with steps the portal they came from does not know of",
    ["portal"],
)
APPLICATIONS_OVERDUE = Gauge(
    "liangfu_registry_applications_overdue", "Applications that should have left their state by now"
)
REMINDERS_WAITING = Gauge("liangfu_registry_reminders_waiting", "Reminders of expiry that wait to be sent")
WORKING_YEAR_MISSING = Gauge(
    "liangfu_registry_working_year_missing", "The year whose working days somebody has to enter; 0: none"
)
