"""The source tree as data, for tests that read the rules off it."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
SERVICES: Final = tuple(sorted(path.parent.name for path in (ROOT / "services").glob("*/main.py")))


def python_files(*folders: str) -> Iterator[Path]:
    """Every module below some folders of the project."""
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    """A module's syntax tree."""
    return ast.parse(path.read_text(), filename=str(path))


def words(text: str) -> set[str]:
    """The words a text is made of, identifiers taken apart: ``copy_ofPersons`` has copy, of and persons."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", text)}


def spoken(path: Path) -> Iterator[tuple[int, str]]:
    """Names, strings and comments of a module, each with its line."""
    kinds = {tokenize.NAME, tokenize.STRING, tokenize.COMMENT}
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type in kinds:
            yield token.start[0], token.string


def tracked_files() -> list[Path]:
    """Every file of the project that is, or is about to be, in version control."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def called_name(call: ast.Call) -> str:
    """The last word of what is called: ``errors.PersonHasDied(...)`` → ``PersonHasDied``."""
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""
