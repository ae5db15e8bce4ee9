"""The OpenAPI documents as they are published, one per service: what integrators build on.

Each is kept as a file, so that a change of the API is seen where it is made, and no process makes its own. One line a
path, a schema and a response.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import orjson

DOCUMENTS: Final = Path(__file__).with_name("documents")


def published(service: str) -> bytes:
    """The document of a service."""
    return (DOCUMENTS / f"{service}.json").read_bytes()


def written(document: dict[str, Any]) -> bytes:
    """A document as its file has it."""
    return _lines(document, depth=2) + b"\n"


def _lines(node: Any, *, depth: int) -> bytes:
    if depth < 0 or not isinstance(node, dict):
        return orjson.dumps(node)
    members = (orjson.dumps(name) + b": " + _lines(each, depth=depth - 1) for name, each in node.items())
    return b"{\n" + b",\n".join(members) + b"\n}"
