"""Which tests cite which rules, in their names or their words, and how a machine is drawn: read off the source."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared.values.machine import Machine
from tests.architecture.source import ROOT, parsed, python_files


@dataclass(frozen=True)
class Citing:
    """How rules with some prefixes are cited: ``CERT-24, 25`` in words, ``_cert_24_25`` in names."""

    prefixes: tuple[str, ...]

    def shown(self) -> dict[str, list[str]]:
        """Rule -> the tests that cite it, in name or docstring; else the files that are about it."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        whole: defaultdict[str, list[str]] = defaultdict(list)
        for path in python_files("tests"):
            where = str(path.relative_to(ROOT))
            if "architecture" in where:
                continue
            tree = parsed(path)
            for test in self.tests_in(tree):
                for rule in dict.fromkeys(self.cited_by(test)):
                    found[rule].append(f"`{where}` {test.name.removeprefix('test_').replace('_', ' ')}")
            for rule in dict.fromkeys(self._cited_in(ast.get_docstring(tree) or "")):
                whole[rule].append(f"`{where}`")
        return {**whole, **found}

    def tests_in(self, tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Tests, and what names a rule as a test does."""
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (
                node.name.startswith("test_") or self._named.search(node.name)
            ):
                yield node

    def cited_by(self, test: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
        """The rules one test names."""
        for found in self._named.finditer(test.name):
            yield from (f"{found[1].upper()}-{number}" for number in found[2].strip("_").split("_"))
        yield from self._cited_in(ast.get_docstring(test) or "")

    def _cited_in(self, text: str) -> Iterator[str]:
        pattern = rf"\b({'|'.join(self.prefixes)})-(\d\d)((?:(?:, |…| and )\d\d)*)"
        for found in re.finditer(pattern, text):
            yield f"{found[1]}-{found[2]}"
            yield from (f"{found[1]}-{number}" for number in re.findall(r"\d\d", found[3]))

    @property
    def _named(self) -> re.Pattern[str]:
        return re.compile(rf"_({'|'.join(self.prefixes).lower()})((?:_\d\d)+)")


def drawn(title: str, machine: Machine[Any, Any]) -> list[str]:
    """A machine as a table and a diagram."""
    rows = [f"| {' | '.join(row)} |" for row in machine.rows()]
    return [
        "",
        f"## {title}",
        "",
        "| from | event | guard | to | effect | rules |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
        "```mermaid",
        *machine.diagram().splitlines(),
        "```",
    ]
