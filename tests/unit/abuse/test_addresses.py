"""What may stand in an address, because addresses are written to logs, histories and proxies; and what is rationed."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.abuse.services import NAMES, app_of

# fmt: off
KNOWN = frozenset({
    "limit", "cursor", "after", "division", "status", "state", "kind", "scheme", "relation", "relations", "fields",
    "buckets", "publisher", "format", "dry_run", "overdue", "open_only", "actor", "route", "since", "until",
    "as_of", "known_at", "month", "category", "grade", "flag", "indicator", "from", "to", "level", "children",
    "matter", "warned", "paper", "purpose", "day", "on_conflict", "checked", "ground", "year",
    "outcome", "need", "portal", "received_on", "case_no", "code",
    "first", "last", "before", "died", "cause", "within_days", "dispatch_no",
    "programme", "free", "unchecked", "on",
    "period", "ranked_by", "aspect", "form",
    "variant", "check", "holds", "seq", "reading", "item_code", "rule", "standing",
})
# fmt: on
"""Parameters that may stand in an address beside ids; whoever adds one says here that it is no secret of anybody."""
NAMED = frozenset(
    {
        "GET /api/v1/code-lists/{name}",
        "GET /api/v1/local-rules",
        "POST /api/v1/shipped-policies/{name}/drafts",
        "POST /api/v1/shipped-bank-declarations/{name}/drafts",
        "POST /api/v1/shipped-programmes/{name}/drafts",
        "POST /api/v1/payroll-runs/{run_id}/checks/{name}/waiver",
    }
)
"""A `name` in an address is that of a list, a rule, a check, or a file that came with the product."""
TELLING = re.compile(
    r"citizen|id_?no|identity|number|phone|mobile|tel$|account|bank|card|person_name|birth|address|diagnos|"
    r"secret|password|token|api_?key|credential|signature",
)
RATIONED = re.compile(r"/(lookup|disclosure|copy|exports|verification|person-links|[a-z]+-imports)$")
"""Routes that find somebody by a number, show clear values, or carry much away."""


def operations(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in app_of(name, monkeypatch).openapi()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def parameters(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (one for one in operation.get("parameters", ()) if one["in"] in {"path", "query"})


def _is_uuid(schema: dict[str, Any]) -> bool:
    return any(one.get("format") == "uuid" for one in (schema, *schema.get("anyOf", ())))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_about_a_person_and_no_secret_stands_in_an_address(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, wrong = 0, []
    for route, operation in operations(name, monkeypatch):
        for parameter in parameters(operation):
            seen += 1
            is_id = parameter["name"].endswith("_id") and _is_uuid(parameter["schema"])
            is_known = is_id or parameter["name"] in KNOWN or route in NAMED
            if TELLING.search(parameter["name"]) or not is_known:
                wrong.append(f"{route}: {parameter['name']}")
    print(f"{name}: {seen} parameters of addresses, {len(wrong)} that tell something")
    assert not wrong
    assert seen > 10


@pytest.mark.parametrize("name", NAMES)
def test_what_finds_shows_or_carries_away_persons_is_rationed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = dict(operations(name, monkeypatch))
    rationed = [route for route in found if RATIONED.search(route)]
    assert rationed
    assert not [route for route in rationed if not found[route].get("x-budgets")]


def test_every_service_is_looked_at() -> None:
    assert {"registry", "subsidy"} <= set(NAMES)
