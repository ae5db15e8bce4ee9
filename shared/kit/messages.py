"""Messages to people: a port that answers with evidence, and a spool that keeps them, encrypted, for a gateway.

A service decides whom to tell what and keeps the receipt beside the reason. Sending may be repeated after a crash, so
every message has an id that a gateway may use to send it once.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from shared.kit.crypto import Cipher, Keys

SPOOL: Final = b"message.spool"


class Medium(StrEnum):
    """How somebody is told."""

    SMS = "SMS"
    LETTER = "LETTER"


@dataclass(frozen=True, slots=True)
class Message:
    """``recipient`` is a telephone or a postal address; neither it nor the text is ever shown or logged."""

    message_id: UUID
    medium: Medium
    recipient: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Whether somebody took the message, and what they say about it: evidence, or the reason why not."""

    taken: bool
    evidence: str


class Messenger(Protocol):
    """Whoever carries messages."""

    async def send(self, messages: Sequence[Message]) -> Mapping[UUID, Receipt]:
        """A receipt for every message. Raises only when nothing was taken and all of it may be sent again."""


class FileSpool:
    """Keeps each batch as one encrypted file, named by time; a gateway's process reads and removes it."""

    def __init__(self, directory: Path, keys: Keys) -> None:
        self._directory = directory
        self._cipher = Cipher(keys)

    async def send(self, messages: Sequence[Message]) -> Mapping[UUID, Receipt]:
        """Durable when it returns; the evidence names the file and what it contained."""
        if not messages:
            return {}
        name = f"{uuid7()}.spool"
        digest = await asyncio.to_thread(self._write, name, messages)
        return {each.message_id: Receipt(taken=True, evidence=f"spool:{name}:{digest}") for each in messages}

    def _write(self, name: str, messages: Sequence[Message]) -> str:
        lines = [
            {"id": str(each.message_id), "medium": each.medium, "to": each.recipient, "text": each.text}
            for each in messages
        ]
        content = orjson.dumps(lines)
        sealed = self._cipher.encrypt(content, context=SPOOL, row=name.encode())
        self._directory.mkdir(parents=True, exist_ok=True)
        arriving = self._directory / f"{name}.arriving"
        with arriving.open("wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        arriving.rename(self._directory / name)
        return hashlib.sha256(sealed).hexdigest()[:16]

    def read(self, name: str) -> list[Message]:
        """What a batch contains, for whoever carries it on."""
        sealed = (self._directory / name).read_bytes()
        lines = orjson.loads(self._cipher.decrypt(sealed, context=SPOOL, row=name.encode()))
        return [Message(UUID(each["id"]), Medium(each["medium"]), each["to"], each["text"]) for each in lines]
