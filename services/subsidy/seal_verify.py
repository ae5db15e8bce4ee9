"""Proves the file of a run's seal offline, or names what was done to it.

``python -m services.subsidy.seal_verify FILE [--against OTHER]`` needs no database and no network: only the public
halves of the signing keys (`SealVerifySettings`). ``OTHER`` is another file of the same seal: where somebody wrote the
list of hashes anew as well, it names the lines.
"""

from __future__ import annotations

import base64
import binascii
import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.subsidy.domain.payroll.seal import Seal
from services.subsidy.domain.payroll.seal_check import SealReport, check
from shared.kit.signing import KeyPair, PublicKeys, parse_public_keys


class SealVerifySettings(BaseSettings):
    """From the environment; the service's own settings serve as they are."""

    model_config = SettingsConfigDict(frozen=True, hide_input_in_errors=True)

    audit_public_keys: str = "{}"
    """JSON of the public halves of the signing keys that were ever used."""
    audit_signing_key: SecretStr | None = None
    """Where the service's own settings are at hand: its public half is one of them."""

    def keys(self) -> PublicKeys:
        """What verifies signatures."""
        keys = parse_public_keys(self.audit_public_keys)
        if self.audit_signing_key is not None:
            signer = KeyPair.parse(self.audit_signing_key)
            keys[signer.key_id] = signer.public_key
        return keys


def verify_file(path: Path, keys: PublicKeys, *, against: Path | None = None) -> SealReport:
    """Check one file. Raises OSError where it cannot be read."""
    other = None if against is None else partial(_lines, against)
    return check(partial(_lines, path), partial(is_genuine, keys), against=other)


def is_genuine(keys: PublicKeys, seal: Seal) -> bool:
    """Whether the key the seal names, if we know it, signed it."""
    key = keys.get(seal.key_id)
    try:
        return key is not None and key.verifies(seal.statement, base64.b64decode(seal.signature, validate=True))
    except binascii.Error:
        return False


def _lines(path: Path) -> Iterator[str]:
    # Bytes that are no text stand out as an altered line; a file never stops the command.
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for line in file:
            yield line.removesuffix("\n")


def _told(report: SealReport) -> dict[str, Any]:
    seal = None if report.seal is None else {**report.seal.as_json(), "chain": report.seal.chain}
    findings = [
        {**asdict(each), "line": None if each.line is None else each.line._asdict()} for each in report.findings
    ]
    return {"intact": report.intact, **asdict(report), "seal": seal, "findings": findings}


def main() -> None:
    """Print the report as JSON; exit 1 when something is wrong."""
    parser = ArgumentParser(prog="python -m services.subsidy.seal_verify", description=__doc__)
    parser.add_argument("file", type=Path, help="as downloaded from /payroll-seals/{seal_id}/content")
    parser.add_argument("--against", type=Path, metavar="OTHER", help="another file of the same seal")
    asked = parser.parse_args()
    report = verify_file(asked.file, SealVerifySettings().keys(), against=asked.against)
    print(json.dumps(_told(report), ensure_ascii=False, indent=2))  # noqa: T201 - the answer of a command
    sys.exit(0 if report.intact else 1)


if __name__ == "__main__":
    main()
