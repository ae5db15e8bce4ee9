"""Region is a parameter, not a filter somebody remembers: every read port takes ``within`` (house rule 24)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.source import ROOT, parsed, python_files

WRITES: Final = frozenset(
    {
        *("add", "save", "reach", "forget", "remember", "move", "take_back"),
        *("decide", "begin_pause", "end_pause", "grant_back_payment"),
        *("tell", "post_notice", "end_notices", "object", "decide_objection"),
    }
)
"""Verbs of ports that store what somebody has loaded within their scope."""

SYSTEM_WORK: Final = {
    "Awards.judge": "follows the journal for everybody, whoever is responsible",
    "Awards.follow": "follows what was just told, whoever is responsible",
    "Decisions.open_pause": "of an award found in the caller's scope, and locked",
    "Decisions.has_back_payment": "of an award found in the caller's scope, and locked",
    "Awards.stop_turned": "a timer of the house",
    "Awards.unite": "follows the journal for everybody, whoever is responsible",
    "Work.schemes": "what the policies in force have: about no person",
    "CaseWork.home": "which county decides and pays: whoever takes in may be anywhere (SUB-26)",
    "CaseWork.verdict": "of a case found in the caller's scope, and locked",
    "CaseWork.quota": "of a county as a whole: about no person",
    "CaseWork.running": "of a county as a whole: about no person",
    "CaseWork.has_running": "of the person of a case found in the caller's scope, and locked",
    "CaseWork.supersede": "of the person of a case found in the caller's scope, and locked",
    "CaseWork.timing": "the calendar and the local rules of a place: about no person",
    "Cases.judge": "follows the journal for everybody, whoever is responsible",
    **dict.fromkeys(
        (
            *("Care.refer", "Care.answer", "Care.assessments", "Care.assess", "Care.plan", "Care.agree"),
            *("Care.attended", "Care.log", "Care.void", "Care.expect_visits", "Care.visit"),
        ),
        "of a case found in the caller's scope, and locked",
    ),
    **dict.fromkeys(
        ("Aid.used", "Aid.release", "Aid.stages", "Aid.pass_stage", "Aid.serial_taken", "Aid.deliver"),
        "of a place found in the caller's scope, and locked",
    ),
    "Aid.spent": "money of a programme found in the caller's scope, and locked",
    "Aid.draw_up": "of a programme found in the caller's scope",
    "Aid.settle": "of a settlement found in the caller's scope, and locked",
    "Aid.free": "places of a programme found in the caller's scope, and locked: about no person",
    "Needs.meet": "of a delivery made in the caller's scope",
    "Needs.reopen": "of a delivery found in the caller's scope, and locked",
    "Needs.next": "who waits for a programme as a whole, whoever frees a place",
    "Aid.release_dead": "follows the journal for everybody, whoever is responsible",
    "Institutions.agree": "of an institution found in the caller's scope",
    "Institutions.has_place": "of an institution a client chose, who may choose any (REH-24)",
    "Institutions.staff": "who works at an institution: held to the institution of a case found in the scope",
    "Institutions.catalogue": "the catalogue: about no person",
    "Work.timing": "the calendar and the limits of a place: about no person",
    "Spells.align": "follows the journals for everybody",
    "Spells.hand_over": "follows the journals for everybody",
    "Spells.next_persons": "a timer of the house",
    "Figures.count": "counts below one root, which the route has found in the caller's scope",
    "Figures.reported": "reads below one root, which the route has found in the caller's scope",
    "Figures.as_of": "how far journals were read: about no person",
}
"""Reads and writes of the house itself, each with the reason why no caller's scope applies."""


def unscoped(tree: ast.Module) -> Iterator[str]:
    """``Class.method`` of every asynchronous method of a protocol that has no keyword-only ``within: Scope``."""
    for declared in tree.body:
        if not isinstance(declared, ast.ClassDef) or not _is_protocol(declared):
            continue
        for method in declared.body:
            if isinstance(method, ast.AsyncFunctionDef) and not _takes_scope(method):
                yield f"{declared.name}.{method.name}"


def _is_protocol(declared: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id == "Protocol" for base in declared.bases)


def _takes_scope(method: ast.AsyncFunctionDef) -> bool:
    named = zip(method.args.kwonlyargs, method.args.kw_defaults, strict=True)
    return any(arg.arg == "within" and default is None and _is_scope(arg.annotation) for arg, default in named)


def _is_scope(annotation: ast.expr | None) -> bool:
    return isinstance(annotation, ast.Name) and annotation.id == "Scope"


def refused(tree: ast.Module) -> list[str]:
    """Reads without a scope that nobody has given a reason for."""
    return [name for name in unscoped(tree) if name.partition(".")[2] not in WRITES and name not in SYSTEM_WORK]


PORTS: Final = sorted(
    path for path in (ROOT / "services").glob("*/use_cases/*.py") if path.stem.split("_")[-1] == "ports"
)


@pytest.mark.parametrize("path", PORTS, ids=lambda path: f"{path.parents[1].name}-{path.stem}")
def test_every_read_port_takes_the_scope_of_the_reader(path: Path) -> None:
    assert refused(parsed(path)) == []


@pytest.mark.parametrize(
    "method",
    [
        "async def get(self, person_id: UUID) -> Person | None: ...",
        "async def get(self, person_id: UUID, within: Scope) -> Person | None: ...",
        "async def get(self, person_id: UUID, *, within: Scope = EVERYWHERE) -> Person | None: ...",
        "async def get(self, person_id: UUID, *, within: str) -> Person | None: ...",
    ],
    ids=["missing", "positional", "with a default", "of another type"],
)
def test_a_read_port_without_a_scope_is_noticed(method: str) -> None:
    assert refused(ast.parse(f"class Persons(Protocol):\n    {method}\n")) == ["Persons.get"]


def test_no_reason_outlives_the_method_it_was_given_for() -> None:
    standing = {name for path in PORTS for name in unscoped(parsed(path))}
    assert SYSTEM_WORK.keys() <= standing


COUNTS: Final = frozenset({"open_and_undecided"})
"""Figures of the house's own gauges: about no person."""


def unscoped_queries(tree: ast.Module) -> list[str]:
    """Module-level reads for routes that take a connection and no scope."""
    return [
        function.name
        for function in tree.body
        if isinstance(function, ast.AsyncFunctionDef)
        and not function.name.startswith("_")
        and any(arg.arg == "connection" for arg in function.args.args)
        and function.name not in COUNTS
        and not _takes_scope(function)
    ]


@pytest.mark.parametrize(
    "path",
    [path for path in python_files("services") if path.name == "queries.py" and "indicators" not in path.parts],
    ids=lambda path: path.parents[1].name,
)
def test_every_query_of_a_route_takes_the_scope_of_the_reader(path: Path) -> None:
    assert unscoped_queries(parsed(path)) == []
