"""Anchors: signed heads of the audit chain outside the database, in a file and on a stream.

A chain proves itself only up to its end: whoever may write the database could cut it, or rewrite its last part. A head
that lies somewhere else, signed, cannot be taken back.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson

from shared.kit.bus import Bus, StreamMissing
from shared.kit.signing import PublicKeys, Signer

STREAM: Final = "AUDIT"
STREAM_DAYS: Final = 3_650
_LINE_BYTES_MAX: Final = 4_096
LOOK_BACK: Final = 24
"""How many anchors of the stream a verification reads: the newest, and 1, 2, 4… before it."""


class AnchorIsMalformed(ValueError):
    """The bytes are no anchor."""


@dataclass(frozen=True, slots=True)
class Head:
    """The chain up to one seal: ``number`` seals with the hash ``chain``; ``high`` is the largest row id so far."""

    service: str
    number: int
    high: int
    chain: bytes
    sealed_at: str
    key_id: str
    signature: bytes = field(default=b"", repr=False)

    @property
    def statement(self) -> bytes:
        """What is signed."""
        return orjson.dumps(
            ["liangfu/audit/1", self.service, self.number, self.high, self.chain.hex(), self.sealed_at, self.key_id]
        )

    def signed_by(self, signer: Signer) -> Head:
        """The same head with its signature."""
        return Head(
            self.service,
            self.number,
            self.high,
            self.chain,
            self.sealed_at,
            self.key_id,
            signer.sign(self.statement),
        )

    def is_genuine(self, keys: PublicKeys) -> bool:
        """Whether the key it names, if we know it, signed it."""
        key = keys.get(self.key_id)
        return key is not None and key.verifies(self.statement, self.signature)

    def to_json(self) -> bytes:
        """One line, without its end."""
        return orjson.dumps(
            {
                "service": self.service,
                "number": self.number,
                "high": self.high,
                "chain": self.chain.hex(),
                "sealed_at": self.sealed_at,
                "key_id": self.key_id,
                "signature": base64.b64encode(self.signature).decode(),
            }
        )

    @classmethod
    def from_json(cls, line: bytes) -> Head:
        """The reverse. Raises AnchorIsMalformed."""
        try:
            raw = orjson.loads(line)
            return cls(
                service=str(raw["service"]),
                number=int(raw["number"]),
                high=int(raw["high"]),
                chain=bytes.fromhex(raw["chain"]),
                sealed_at=str(raw["sealed_at"]),
                key_id=str(raw["key_id"]),
                signature=base64.b64decode(raw["signature"], validate=True),
            )
        except (ValueError, KeyError, TypeError, binascii.Error) as error:
            raise AnchorIsMalformed from error


class AnchorFile:
    """One line a head, appended and synced; best on a disk, or a mount, that the database's owner cannot write."""

    def __init__(self, directory: Path, service: str) -> None:
        self.path = directory / f"{service}.anchors.jsonl"

    def append(self, head: Head) -> None:
        """Durable when it returns. A line that a crash cut short is taken away first: its head is appended again."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            tail = os.pread(descriptor, _LINE_BYTES_MAX, max(size - _LINE_BYTES_MAX, 0))
            if not tail.endswith(b"\n"):
                os.ftruncate(descriptor, size - len(tail) + tail.rfind(b"\n") + 1)
            os.write(descriptor, head.to_json() + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """(line number, line) of what is not empty; nothing when there is no file."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line


async def publish(bus: Bus, head: Head) -> None:
    """To the stream, durably. Raises BusUnavailable."""
    message_id = f"{head.service}/{head.number}/{head.chain.hex()}"
    try:
        await bus.put(_subject(head.service), head.to_json(), message_id=message_id)
    except StreamMissing:
        await bus.ensure_stream(STREAM, kept_days=STREAM_DAYS)
        await bus.put(_subject(head.service), head.to_json(), message_id=message_id)


async def published(bus: Bus, service: str) -> Sequence[bytes]:
    """Anchors of the stream: the newest, and ever earlier ones. Raises BusUnavailable."""
    newest = await bus.newest(STREAM, _subject(service))
    if newest is None:
        return ()
    found = {newest.sequence: newest.body}
    for step in range(LOOK_BACK):
        earlier = await bus.first_from(STREAM, _subject(service), newest.sequence - (1 << step))
        if earlier is not None:
            found[earlier.sequence] = earlier.body
        if newest.sequence <= 1 << step:
            break
    return [found[sequence] for sequence in sorted(found)]


def _subject(service: str) -> str:
    return f"audit.{service}"
