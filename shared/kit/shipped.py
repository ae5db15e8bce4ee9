"""Documents that come with the product: examples a county begins from; nothing of them counts before it is in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import orjson


class Titled(Protocol):
    """What a document is called."""

    @property
    def title(self) -> str: ...


D = TypeVar("D", bound=Titled)


class Shipped(Generic[D]):
    """The files of a folder, each one document or a list of them."""

    def __init__(self, folder: Path, parse: Callable[[Mapping[str, Any]], D]) -> None:
        self._folder = folder
        self._parse = parse

    def documents(self, name: str) -> tuple[D, ...] | None:
        """The documents of a file; None when there is no such file."""
        return self._all.get(name)

    def names(self) -> tuple[str, ...]:
        """The files there are."""
        return tuple(self._all)

    def titles(self) -> dict[str, list[str]]:
        """The titles of the documents of each file."""
        return {name: [each.title for each in documents] for name, documents in self._all.items()}

    @cached_property
    def _all(self) -> dict[str, tuple[D, ...]]:
        return {path.stem: self._read(path) for path in sorted(self._folder.glob("*.json"))}

    def _read(self, path: Path) -> tuple[D, ...]:
        told = orjson.loads(path.read_bytes())
        return tuple(self._parse(each) for each in (told if isinstance(told, list) else [told]))
