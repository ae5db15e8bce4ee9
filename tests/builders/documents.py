"""The OpenAPI documents of the services as the code says them.

``python -m tests.builders.documents`` writes them to their files; ``--check`` fails when a file says otherwise.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from deploy.local.catalogue import SERVICES
from shared.contracts.openapi import DOCUMENTS, published, written
from shared.kit.service import VERSION
from tests.builders.settings import api_of


def document_of(service: str) -> bytes:
    """From the routes of a service, as its file should have it."""
    with tempfile.TemporaryDirectory() as folder:
        document: dict[str, Any] = api_of(service, Path(folder)).openapi()
    document["info"]["version"] = VERSION
    return written(document)


def main(arguments: list[str]) -> int:
    """The exit code: 0 when every file is as it should be."""
    names = [service.name for service in SERVICES]
    if arguments == ["--check"]:
        wrong = [name for name in names if document_of(name) != published(name)]
        if wrong:
            advice = "write what changed down by: python -m tests.builders.documents"
            print(f"not as published: {', '.join(wrong)};", advice, file=sys.stderr)
            return 1
    elif arguments:
        print("usage: python -m tests.builders.documents [--check]", file=sys.stderr)
        return 1
    else:
        for name in names:
            (DOCUMENTS / f"{name}.json").write_bytes(document_of(name))
    print(f"documents: {len(names)} as published")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
