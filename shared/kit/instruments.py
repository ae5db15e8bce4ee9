"""Prometheus instruments of the event chain. Labels are closed sets: service names, relations, outcomes."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

RELAY_PUBLISHED = Counter("liangfu_relay_published_total", "Journal entries carried to the broker")
RELAY_POSITION = Gauge("liangfu_relay_position", "Last journal position the broker acknowledged")
RELAY_BACKLOG_SECONDS = Gauge(
    "liangfu_relay_backlog_seconds", "Age of the oldest journal entry the last relay step found unpublished"
)
CONSUMED = Counter(
    "liangfu_consumer_events_total", "Events by what became of them", ["publisher", "outcome"]
)  # applied, duplicate, parked, buried, unreadable, not_in_journal
CONSUMER_POSITION = Gauge("liangfu_consumer_position", "Contiguous position applied", ["publisher"])
CONSUMER_LAG_EVENTS = Gauge("liangfu_consumer_lag_events", "Publisher's position minus ours", ["publisher"])
CONSUMER_DELAY_SECONDS = Histogram(
    "liangfu_consumer_delay_seconds",
    "From the publisher's commit to our commit",
    ["publisher"],
    buckets=(0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300),
)
CONSUMER_CAUGHT_UP = Counter(
    "liangfu_consumer_journal_reads_total", "Events fetched from the publisher's journal, not the broker", ["publisher"]
)
CONSUMER_RESYNCS = Counter("liangfu_consumer_resyncs_total", "Resyncs after a new epoch", ["publisher"])
DEAD_LETTERS = Gauge("liangfu_dead_letters", "Letters that wait for somebody", ["publisher", "state"])
DRIFT = Gauge("liangfu_drift_rows", "Copied rows still different in the last round", ["publisher", "relation"])
DRIFT_ALARMS = Counter(
    "liangfu_drift_alarms_total", "Rows with the same version but other content", ["publisher", "relation"]
)
REPAIRED = Counter("liangfu_drift_repaired_total", "Copied rows mended by a repair", ["publisher", "relation"])
ANTI_ENTROPY_ROUNDS = Counter("liangfu_anti_entropy_rounds_total", "Comparisons by outcome", ["publisher", "outcome"])

AUDIT_SEALED = Counter("liangfu_audit_sealed_total", "Audit rows sealed into the chain")
AUDIT_SEALED_AT = Gauge("liangfu_audit_sealed_timestamp_seconds", "When the sealer last had sealed all there was")
AUDIT_ANCHORED_AT = Gauge(
    "liangfu_audit_anchored_timestamp_seconds", "When the newest head was last known to lie outside", ["where"]
)  # file, stream
AUDIT_FINDINGS = Gauge("liangfu_audit_findings", "What the last verification found wrong with the trail")
AUDIT_OPEN = Gauge("liangfu_audit_open_ids", "Row ids that a running transaction may still commit")
AUDIT_SEAL_SECONDS = Histogram("liangfu_audit_seal_seconds", "One seal: read, hash, chain, sign, commit")
AUDIT_SUPPRESSED = Counter("liangfu_audit_suppressed_total", "Refused attempts counted together, not one by one")
AUDIT_LOST = Counter("liangfu_audit_lost_total", "Refused attempts that could not be recorded: the database was away")

ISSUER_KEYS_READ_AT = Gauge("liangfu_issuer_keys_read_timestamp_seconds", "When the token issuer's keys were last read")
ISSUER_KEYS_UNREAD = Counter("liangfu_issuer_keys_unread_total", "Attempts to read the issuer's keys that failed")
