"""Marks, the report, and the table at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.faults.report import Report

PROJECT: Final = Path(__file__).resolve().parents[2]
HERE: Final = Path(__file__).parent
_REPORT: Final = pytest.StashKey[Report]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_REPORT] = Report()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("faults")


@pytest.fixture(scope="session")
def report(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    """Lines appear at once, whatever pytest captures; files when the session ends."""
    report = pytestconfig.stash[_REPORT]
    capture = pytestconfig.pluginmanager.get_plugin("capturemanager")
    assert capture is not None

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\n  {line}", end="", flush=True)

    report.say = say
    yield report
    report.write(PROJECT / "var" / "faults" / "report.json", tmp_path_factory.getbasetemp() / "faults.json")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if lines := config.stash[_REPORT].table():
        terminalreporter.section("faults: from the end of the fault to agreement")
        for line in lines:
            terminalreporter.write_line(line)
