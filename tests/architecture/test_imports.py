"""The import graph is law: every contract holds, and each one fails when it is broken on purpose."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.source import ROOT

PLANTS: Final = {
    "Services never import each other; they meet in shared.contracts": (
        "services/registry/domain/planted_neighbour.py",
        "import services.subsidy.domain.errors",
    ),
    "shared knows no service, and neither knows how it is deployed": (
        "shared/values/planted_owner.py",
        "import services.registry.domain.errors",
    ),
    "shared has three shelves: kit, contracts, values": (
        "shared/contracts/planted_shelf.py",
        "import shared.kit.clock",
    ),
    "Inside a service every arrow points at the domain": (
        "services/registry/use_cases/planted_arrow.py",
        "import services.registry.adapters.work",
    ),
    "The domain and the values are the standard library and each other": (
        "services/registry/domain/planted_framework.py",
        "import pydantic",
    ),
    "Use cases speak to ports: no framework, no kit": (
        "services/subsidy/use_cases/planted_port.py",
        "import sqlalchemy",
    ),
    "Only the bus touches nats": ("shared/kit/planted_broker.py", "import nats"),
    "Tables stay behind repositories": ("services/subsidy/entrypoints/planted_table.py", "import sqlalchemy"),
}
"""Contract -> a module that breaks it."""


def contract_names() -> set[str]:
    """Every contract written down in pyproject.toml."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]}


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    """The checker's verdict on a tree."""
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache"],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "", "PYTHONPATH": str(tree), "COLUMNS": "200", "NO_COLOR": "1"},
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project's code in a folder of its own."""
    for name in ("services", "shared", "deploy"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "static", "*.gz", "schemas")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def explanations(output: str) -> dict[str, str]:
    """Contract -> what the checker says about its violations."""
    _, _, broken = output.partition("Broken contracts")
    found: dict[str, str] = {}
    name = ""
    for line in broken.splitlines():
        if line in PLANTS:
            name = line
        elif name:
            found[name] = found.get(name, "") + line + "\n"
    return found


def test_every_import_contract_holds() -> None:
    verdict = lint_imports(ROOT)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


def test_every_import_contract_has_a_planted_violation_here() -> None:
    assert contract_names() == PLANTS.keys()


def test_every_import_contract_fails_when_it_is_broken(copy: Path) -> None:
    for file, statement in PLANTS.values():
        (copy / file).write_text(f'"""Planted."""\n\n{statement}\n')
    verdict = lint_imports(copy)
    assert verdict.returncode != 0
    told = explanations(verdict.stdout)
    for name, (file, _) in PLANTS.items():
        module = file.removesuffix(".py").replace("/", ".")
        assert module in told.get(name, ""), f"{name} did not notice {module}:\n{verdict.stdout}"


@pytest.mark.parametrize(
    "stray", ["services/registry/helpers.py", "shared/helpers/__init__.py"], ids=["in a service", "a fourth shelf"]
)
def test_a_module_outside_the_silhouette_is_refused(copy: Path, stray: str) -> None:
    (copy / stray).parent.mkdir(exist_ok=True)
    (copy / stray).write_text('"""Planted."""\n')
    verdict = lint_imports(copy)
    assert verdict.returncode != 0
    assert "helpers" in verdict.stdout + verdict.stderr
