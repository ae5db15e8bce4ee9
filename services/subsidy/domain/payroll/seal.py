"""What seals a settled run: its lines in order with the state they ended in, one hash each, signed and chained.

::

    digest   = SHA-256(key and hash of each line, in order of key)
    chain(n) = SHA-256(statement(n)), and statement(n) names chain(n-1) of the same division

The file of a seal is text, one JSON value a line: the seals of the division up to this one, then key and hash of every
line, then the lines themselves. Whoever has the public keys needs nothing else to prove it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final, NamedTuple, Self

FORMAT: Final = "liangfu/payroll-seal/1"
GENESIS: Final = "0" * 64
"""What the first seal of a division names as the one before it."""


class SealIsMalformed(ValueError):
    """The text is no seal, or no line of one."""


class LineKey(NamedTuple):
    """Names a line, in the order lines are sealed in. ``month`` is its first day."""

    month: str
    person_id: str
    scheme: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """One seal. ``number`` counts the seals of its division from 1; ``amount_fen`` is what was settled.

    ``approved`` is the digest two persons approved; ``as_approved`` whether the entered lines were still those, None
    where it cannot be said (drawn up under an earlier digest).
    """

    division: str
    number: int
    run_id: str
    run_version: int
    month: str
    schemes: tuple[str, ...]
    lines: int
    amount_fen: int
    digest: str
    approved: str
    as_approved: bool | None
    previous: str
    sealed_at: str
    key_id: str
    signature: str = field(default="", repr=False)

    @property
    def statement(self) -> bytes:
        """What is signed."""
        told = [getattr(self, name) for name in self.__dataclass_fields__ if name != "signature"]
        return _compact([FORMAT, *told]).encode()

    @property
    def chain(self) -> str:
        """What the next seal names."""
        return sha256(self.statement).hexdigest()

    def signed(self, signature: str) -> Self:
        """The same with its signature, base64."""
        return replace(self, signature=signature)

    def as_json(self) -> dict[str, Any]:
        """For the file."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_json(cls, told: Any) -> Self:
        """The reverse. Raises `SealIsMalformed`."""
        try:
            seal = cls(**told | {"schemes": tuple(told["schemes"])})
        except (TypeError, KeyError) as error:
            raise SealIsMalformed from error
        texts = ("division", "run_id", "month", "digest", "approved", "previous", "sealed_at", "key_id", "signature")
        numbers = ("number", "run_version", "lines", "amount_fen")
        typed = all(isinstance(getattr(seal, name), str) for name in texts) and all(
            type(getattr(seal, name)) is int for name in numbers
        )
        if not typed:
            raise SealIsMalformed
        return seal


LINE_FIELDS: Final = (
    "month",
    "person_id",
    "scheme",
    "seq",
    "award_id",
    "county",
    "amount_fen",
    "settled_before_fen",
    "cause",
    "rules",
    "state",
    "reason",
    "since",
)
"""What a line of the file tells, in this order."""
_AMOUNT, _STATE = LINE_FIELDS.index("amount_fen"), LINE_FIELDS.index("state")


def hash_of(line: str) -> str:
    """The hash of a line, of its text without its end."""
    return sha256(line.encode()).hexdigest()


def entry_of(text: str) -> tuple[LineKey, str]:
    """Key and hash of a line as the file lists them. Raises `SealIsMalformed`."""
    match _loaded(text):
        case [str(month), str(person_id), str(scheme), int(seq), str(hashed)] if len(hashed) == len(GENESIS):
            return LineKey(month, person_id, scheme, seq), hashed
    raise SealIsMalformed


def line_of(text: str) -> tuple[LineKey, int]:
    """Key of a line and what it settled, in fen. Raises `SealIsMalformed`."""
    match _loaded(text):
        case [str(month), str(person_id), str(scheme), int(seq), *_] as values if len(values) == len(LINE_FIELDS):
            amount, state = values[_AMOUNT], values[_STATE]
            if type(amount) is int and isinstance(state, str):
                return LineKey(month, person_id, scheme, seq), amount if state == "SETTLED" else 0
    raise SealIsMalformed


def header(seals: tuple[Seal, ...]) -> str:
    """The first line of the file: every seal of the division up to the file's own, which is the last."""
    return _compact({"format": FORMAT, "fields": LINE_FIELDS, "seals": [seal.as_json() for seal in seals]})


def seals_of(text: str) -> tuple[Seal, ...]:
    """The reverse, in the order they stand there. Raises `SealIsMalformed`."""
    match _loaded(text):
        case {"format": str(name), "seals": [_, *_] as told} if name == FORMAT:
            return tuple(Seal.from_json(each) for each in told)
    raise SealIsMalformed


LISTED: Final = '"keys and hashes"'
LINES: Final = '"lines"'
END: Final = '"end"'
"""What parts the sections of the file."""


def listed(lines: Iterator[str]) -> Iterator[str]:
    """Keys and hashes of a file that is read from its beginning. Raises `SealIsMalformed` where a mark is missing."""
    next(lines, None)  # the header
    if next(lines, None) != LISTED:
        raise SealIsMalformed
    yield from _until(LINES, lines)


def sealed(lines: Iterator[str]) -> Iterator[str]:
    """The lines of a file, behind that list; nothing may follow them. Raises `SealIsMalformed`."""
    for _ in listed(lines):
        pass
    yield from _until(END, lines)
    if next(lines, None) is not None:
        raise SealIsMalformed


def _until(mark: str, lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line == mark:
            return
        yield line
    raise SealIsMalformed


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SealIsMalformed from error
