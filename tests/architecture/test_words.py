"""What may not be written where: nouns in the kit, commits by hand, addresses in locks, who wrote it."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.source import ROOT, parsed, python_files, spoken, tracked_files, words

NOUNS: Final = frozenset(
    {
        *("certificate", "certificates", "subsidy", "subsidies", "rehab", "indicator", "indicators"),
        *("registry", "registries", "award", "awards", "disability", "disabilities"),
    }
)
LIBRARY_NAMES: Final = frozenset({"CollectorRegistry", "REGISTRY", "JWTClaimsRegistry", "JWSRegistry", "JWERegistry"})
"""Classes of libraries the kit uses, which happen to be called so."""

MAY_COMMIT: Final = frozenset({"shared/kit/work.py", "shared/kit/migrations.py"})
"""The unit of work, and the migrator's advisory lock, which must be held outside any migration's transaction."""

ENDS_TRANSACTIONS: Final = frozenset({"commit", "rollback"})

_PLACES: Final = ("/work" + "/main", "/work" + "/shared", "/tmp" + "/lf")
_AUTHORS: Final = re.compile(
    # Taken apart, so that this file does not find itself.
    r"\b(cl[a]ude|anthr[o]pic|open[a]i|chat[g]pt|gpt-[\d]|cop[i]lot|language m[o]del|co-authored[-]by|"
    r"(generated|written|assisted) by (an? )?(ai|llm|ass[i]stant)|ai[-](generated|written|assisted))\b",
    re.IGNORECASE,
)


def nouns_in(path: Path) -> list[str]:
    """Where a module of the kit speaks of the trade."""
    found = []
    for line, token in spoken(path):
        if token not in LIBRARY_NAMES and (said := words(token) & NOUNS):
            found.append(f"{path.name}:{line}: {', '.join(sorted(said))}")
    return found


@pytest.mark.parametrize("path", list(python_files("shared/kit")), ids=lambda path: path.name)
def test_the_kit_knows_verbs_and_never_nouns(path: Path) -> None:
    assert nouns_in(path) == []


@pytest.mark.parametrize(
    "line",
    [
        "registry_url = ''",
        "class CertificateKeeper: ...",
        "STREAM = 'copy_registry_person'",
        "# a subsidy waits here",
        "def of_rehab(): ...",
        "countIndicators = 0",
    ],
)
def test_a_noun_in_the_kit_is_noticed(tmp_path: Path, line: str) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text(line + "\n")
    assert nouns_in(planted)


def transaction_ends(tree: ast.Module) -> list[int]:
    """Lines on which something is committed or rolled back by hand."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ENDS_TRANSACTIONS
    ]


def test_nobody_commits_but_the_unit_of_work() -> None:
    found = {
        str(path.relative_to(ROOT)): lines
        for path in python_files("services", "shared", "deploy")
        if (lines := transaction_ends(parsed(path)))
    }
    assert found.keys() <= MAY_COMMIT, found


@pytest.mark.parametrize("statement", ["await work.connection.commit()", "connection.rollback()"])
def test_a_commit_by_hand_is_noticed(statement: str) -> None:
    assert transaction_ends(ast.parse(f"async def f(work, connection):\n    {statement}\n")) == [2]


def readable(path: Path) -> str:
    """The text of a file, empty for anything that is not text."""
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("name", ["requirements.txt", "requirements.in"])
def test_a_lock_names_packages_and_no_place_to_get_them_from(name: str) -> None:
    text = (ROOT / name).read_text()
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    option = re.compile(r"\s*(-i|-f|--\w*(index|find|trusted))")
    assert [line for line in lines if "://" in line or " @ " in line or option.match(line)] == []


def test_every_locked_package_has_an_exact_version_and_hashes() -> None:
    entries = re.split(r"^(?=[a-z0-9])", (ROOT / "requirements.txt").read_text(), flags=re.MULTILINE)[1:]
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9_.\[\]-]+==[^ ]+ ", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_nothing_in_the_tree_speaks_of_who_or_what_wrote_it() -> None:
    told = []
    for path in tracked_files():
        text = readable(path)
        told += [f"{path.relative_to(ROOT)}: {found.group(0)}" for found in _AUTHORS.finditer(text)]
        told += [f"{path.relative_to(ROOT)}: {place}" for place in _PLACES if place in text]
    assert told == []


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", "CHANGELOG.md", "Makefile"])
def test_a_stranger_finds_what_a_project_must_have(name: str) -> None:
    assert (ROOT / name).read_text().strip()


def test_every_command_the_readme_promises_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    promised = {"demo", "test", "proof", "up", "down", "check", "bench", "faults", "faults-quick"}
    assert promised <= targets
    said = set(re.findall(r"`make ([a-z-]+)`", (ROOT / "README.md").read_text()))
    assert said <= targets
