"""HTTP and work instruments. Labels are closed sets: route templates, methods, statuses, outcomes."""

from collections.abc import Iterator, Mapping
from copy import copy
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Sample

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

HTTP_SECONDS: Final = Histogram(
    "liangfu_http_request_seconds",
    "From the first byte of a request to the last of its answer",
    ["method", "route", "status"],
    buckets=_SECONDS,
)
HTTP_IN_FLIGHT: Final = Gauge("liangfu_http_requests_in_flight", "Requests being answered now")
WORK_SECONDS: Final = Histogram(
    "liangfu_work_seconds", "Units of work opened by routes, committed or rolled back", ["outcome"], buckets=_SECONDS
)
IDEMPOTENT: Final = Counter(
    "liangfu_idempotent_requests_total", "Requests with an Idempotency-Key by what became of them", ["outcome"]
)  # first, replayed, refused
REMOTE_SECONDS: Final = Histogram(
    "liangfu_remote_call_seconds", "Calls of other services", ["target", "outcome"], buckets=_SECONDS
)
CIRCUIT_OPEN: Final = Gauge("liangfu_remote_circuit_open", "1 while calls of a service are refused", ["target"])
BUDGET_EXCEEDED: Final = Counter(
    "liangfu_budget_exceeded_total", "Requests refused because a budget was used up", ["budget", "whose"]
)
READY_CHECK: Final = Gauge("liangfu_ready_check", "1 while the named readiness check passes", ["check"])

METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


class _Labelled:
    """Every family counted, with the same labels added to each of its samples."""

    def __init__(self, counted: CollectorRegistry, labels: Mapping[str, str]) -> None:
        self._counted = counted
        self._labels = dict(labels)

    def collect(self) -> Iterator[Metric]:
        for family in self._counted.collect():
            labelled = copy(family)  # some collectors give the same family every time
            labelled.samples = [
                Sample(sample.name, {**self._labels, **sample.labels}, sample.value, sample.timestamp, sample.exemplar)
                for sample in family.samples
            ]
            yield labelled


def exposition(*, service: str, role: str, counted: CollectorRegistry = REGISTRY) -> bytes:
    """The text Prometheus scrapes: everything this process counts, labelled with its service and role."""
    labelled = CollectorRegistry(auto_describe=False)
    labelled.register(_Labelled(counted, {"service": service, "role": role}))
    return generate_latest(labelled)
