"""Whether an API does what its OpenAPI document says: generated requests, good and bad, over real HTTP."""

from __future__ import annotations

import itertools
import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

import schemathesis
from fastapi.routing import iter_route_contexts
from hypothesis import strategies as st
from schemathesis import engine
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import events
from schemathesis.generation.meta import TestPhase
from schemathesis.openapi.checks import RejectedPositiveData

from shared.kit.problems import FRAMEWORK_FAULTS
from shared.kit.routing import Route
from shared.values.identity_number import check_character
from tests.builders.served import EVERYTHING, Served
from tests.unit.kit.a_service import a_token

IS_FULL: Final = os.environ.get("LIANGFU_PROFILE") == "full"
HAS_ALL_OF_THE_KIT: Final = "subsidy"
_HOURS: Final = 20 * 3_600
_SHARED: Final = frozenset({ParameterLocation.QUERY, ParameterLocation.HEADER, ParameterLocation.BODY})
_NOT_AS_DOCUMENTED: Final = frozenset(
    {"bad_request", "body_not_json", "unknown_parameter", "repeated_parameter", "media_type_unsupported"}
)
"""Codes that say that a request was not what the document asks for."""


@dataclass
class Conformance:
    """What a run saw: how many requests with which answers, and what was wrong."""

    cases: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)
    """What and where -> how to see it again."""
    unprotected: list[str] = field(default_factory=list)
    """Operations that answered a request without a token, although they ask for one."""

    def __str__(self) -> str:
        told = ", ".join(f"{count} × {status}" for status, count in sorted(self.statuses.items()))
        return f"{self.cases} cases ({told}), {len(self.wrong)} wrong"


def examined(api: Served, headers: dict[str, str], *, examples: int, phases: tuple[str, ...]) -> Conformance:
    """Run every check of schemathesis over every operation of an API; `headers` go with every request."""
    seen = Conformance()
    for event in engine.from_schema(_schema_of(api, headers, examples=examples, phases=phases)).execute():
        match event:
            case events.ScenarioFinished():
                _note(seen, event.recorder)
            case events.NonFatalError():
                seen.wrong[f"{event.label}: the run"] = repr(event.value)
            case events.FatalError():
                raise event.exception
            case _:
                pass
    return seen


def _note(seen: Conformance, recorder: Any) -> None:
    for case_id, interaction in recorder.interactions.items():
        seen.cases += 1
        if interaction.response is None:
            seen.wrong[f"{recorder.label}: no answer"] = str(interaction.request)
            continue
        seen.statuses[interaction.response.status_code] += 1
        node = recorder.cases.get(case_id)
        if interaction.response.status_code < 400 and node and node.value.operation.definition.raw["security"]:
            seen.unprotected.append(recorder.label)
    for checks in recorder.checks.values():
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                seen.wrong.setdefault(
                    f"{failure.operation}: {failure.title}", f"{failure.message}\n{check.failure_info.code_sample}"
                )


def bearer(person_id: UUID | None = None) -> dict[str, str]:
    """Somebody who may do everything everywhere, for as long as a run takes; who they are in the records."""
    known = None if person_id is None else str(person_id)
    token = a_token(roles=[EVERYTHING], divisions=["*"], exp=int(time.time()) + _HOURS, person_id=known)
    return {"Authorization": f"Bearer {token}"}


def _schema_of(api: Served, headers: dict[str, str], *, examples: int, phases: tuple[str, ...]) -> Any:
    config = schemathesis.Config.from_dict(
        {
            "seed": 20260501,
            "base-url": api.url,
            "headers": headers,
            "workers": 1,
            "request-timeout": 60,
            "max-stream-events": 1,
            "continue-on-failure": True,
            "cache": {"enabled": False},
            "warnings": False,
            "generation": {
                "max-examples": examples,
                "deterministic": not IS_FULL,
                "no-shrink": True,
                "database": "none",
                "with-security-parameters": bool(headers),
            },
            "phases": {
                **{name: {"enabled": name in phases} for name in ("examples", "fuzzing", "stateful")},
                "coverage": {
                    "enabled": "coverage" in phases,
                    **({} if IS_FULL else {"unexpected-methods": ["delete", "options"]}),
                },
            },
            "operations": [] if IS_FULL or api.service == HAS_ALL_OF_THE_KIT else _kit_left_out(api),
            # RFC 6585: a change that names no version is answered 428.
            "checks": {"missing_required_header": {"expected-statuses": [400, 401, 403, 422, 428]}},
        }
    )
    schema = schemathesis.openapi.from_dict(api.app.openapi(), config=config)

    @schema.hook
    def filter_failure(_context: Any, failure: Any, _case: Any, response: Any) -> bool:
        """A document tells shapes; what a rule or a value refuses by name is no breach of it."""
        return not (isinstance(failure, RejectedPositiveData) and _is_by_rule(response.json()))

    if not IS_FULL:
        telling = _Telling()

        @schema.hook
        def filter_case(_context: Any, case: Any) -> bool:
            return telling.is_so(case)

    return schema


class _Telling:
    """In the quick profile a mistake in a parameter or a field is made at two operations that have it, not at all.

    What is wrong with a path is always tried, and so is every valid request.
    """

    OPERATIONS: Final = 2

    def __init__(self) -> None:
        self._tried: defaultdict[tuple[object, ...], set[str]] = defaultdict(set)

    def is_so(self, case: Any) -> bool:
        """Whether a case can tell anything new."""
        phase = case.meta.phase
        if phase.name is not TestPhase.COVERAGE or phase.data.parameter_location not in _SHARED:
            return True
        if not _is_negative(case):
            return True
        told = phase.data
        tried = self._tried[told.parameter_location, told.parameter, told.location, told.scenario, told.description]
        if len(tried) < self.OPERATIONS:
            tried.add(case.operation.label)
        return case.operation.label in tried


_keys: Final = (f"case-{number}" for number in itertools.count())


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """A key is good once: a valid one is another each time, else only the first request would get anywhere."""
    if "Idempotency-Key" in (case.headers or {}) and not _is_negative(case):
        case.headers["Idempotency-Key"] = next(_keys)


def _kit_left_out(api: Served) -> list[dict[str, Any]]:
    """The quick profile goes through all corners of the kit's own routes once, not four times."""
    contexts = iter_route_contexts(api.app.routes)
    paths = {
        context.path_format
        for context in contexts
        if isinstance(context.route, Route) and context.route.endpoint.__module__.startswith("shared.kit.")
    }
    told = sorted(paths & api.app.openapi()["paths"].keys())
    return [{"include-path": told, "phases": {"coverage": {"enabled": False}}, "generation": {"max-examples": 1}}]


def _is_negative(case: Any) -> bool:
    return case.meta is not None and case.meta.generation.mode.is_negative


def _is_by_rule(problem: dict[str, Any]) -> bool:
    return problem["code"] not in _NOT_AS_DOCUMENTED and not any(
        error["code"] in FRAMEWORK_FAULTS for error in problem["errors"]
    )


# ---------------------------------------------------------------------------- values a pattern cannot describe


@st.composite
def _citizen_ids(draw: st.DrawFn) -> str:
    day = draw(st.dates(date(1930, 1, 1), date(2025, 12, 31)))
    base = f"99{draw(st.integers(0, 9999)):04d}{day:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    return base + check_character(base)


_DIVISIONS: Final = ("34", "3415", "341502", "341503", "341502001", "341502001001", "341503001001")


def _formats() -> Iterator[tuple[str, st.SearchStrategy[str]]]:
    yield "citizen-id", _citizen_ids()
    yield "division", st.sampled_from(_DIVISIONS)
    yield "county-division", st.sampled_from([code for code in _DIVISIONS if len(code) >= 6])
    yield "month", st.builds("{:04d}-{:02d}".format, st.integers(2020, 2030), st.integers(1, 12))
    yield "phone", st.builds("1{:010d}".format, st.integers(3_000_000_000, 9_999_999_999))
    yield "bank-account", st.builds("{:019d}".format, st.integers(1, 10**18))
    yield "person-name", st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2, max_size=4)


for _name, _strategy in _formats():
    schemathesis.openapi.format(_name, _strategy)
