"""Values nobody else writes, and the search that finds them wherever and however they were written down.

Every value begins with a marker of the run: rare characters, or digits of a length that chance does not hit. A search
looks for a few markers in every spelling, and only what is around a find is compared with the values.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import secrets
import urllib.parse
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.values.identity_number import check_character

_AROUND: Final = range(-64, 1_024)
"""Bytes around a marker that are kept: what it belongs to, in its longest spelling."""
_STEP: Final = 256
"""The next look begins so far behind a find: what was kept there overlaps, so no value is cut."""
_ZIPPED: Final = b"PK\x03\x04"
_RARE: Final = range(0x4E00, 0x9FA5)


def _digits(count: int) -> str:
    return str(secrets.randbelow(9) + 1) + "".join(str(secrets.randbelow(10)) for _ in range(count - 1))


def _characters(count: int) -> str:
    return "".join(chr(secrets.choice(_RARE)) for _ in range(count))


@dataclass
class Canaries:
    """Makes the values of one run and remembers them."""

    values: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    _word: str = field(default_factory=lambda: _characters(4))
    _account: str = field(default_factory=lambda: "62" + _digits(10))
    _number: str = field(default_factory=lambda: f"990102{1940 + secrets.randbelow(60)}{_day()}")

    def words(self, count: int = 12) -> str:
        """A name, an address, a reason."""
        return self._made(self._word + _characters(count - len(self._word)))

    def number(self) -> str:
        """An identity number that is valid, of no place that exists."""
        seventeen = f"{self._number}{len(self.values):03d}"
        return self._made(seventeen + check_character(seventeen))

    def account(self) -> str:
        """A bank account."""
        return self._made(self._account + _digits(7))

    def phone(self) -> str:
        """A mobile number of no operator; too short for a marker, so it is one in full."""
        made = self._made("143" + _digits(8))
        self.phones.append(made)
        return made

    def _made(self, value: str) -> str:
        self.values.append(value)
        return value

    @property
    def markers(self) -> list[str]:
        """What to look for."""
        return [self._word, self._account, self._number, *self.phones]


def _day() -> str:
    return f"{1 + secrets.randbelow(12):02d}{1 + secrets.randbelow(28):02d}"


def spellings(clear: str) -> dict[str, bytes]:
    """The ways a value is usually written down."""
    plain = clear.encode()
    told = {
        "utf-8": plain,
        "utf-16-le": clear.encode("utf-16-le"),
        "utf-16-be": clear.encode("utf-16-be"),
        "gb18030": clear.encode("gb18030"),
        "hex": plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        "json": json.dumps(clear)[1:-1].encode(),
        "percent": urllib.parse.quote(clear).encode(),
    }
    for shift in range(3):
        # Inside a longer text base64 looks different at each of three offsets; its edges depend on the neighbours.
        encoded = base64.b64encode(b"\0" * shift + plain).decode()
        inner = encoded[(0, 2, 3)[shift] :].rstrip("=")[:-2]
        told[f"base64+{shift}"] = inner.encode()
        told[f"base64url+{shift}"] = inner.translate(str.maketrans("+/", "-_")).encode()
    return told


class Search:
    """Looks into one thing after the other. ``finds``: where, and what was around the marker."""

    def __init__(self, canaries: Canaries) -> None:
        self.needles = {spelt for marker in canaries.markers for spelt in spellings(marker).values()}
        self.things = 0
        self.size = 0
        self.finds: dict[str, list[bytes]] = defaultdict(list)
        self._seen: set[bytes] = set()

    def into(self, where: str, content: bytes) -> None:
        """Look at bytes, and into archives within them. What is the same as something before is looked at once."""
        self.things += 1
        self.size += len(content)
        digest = hashlib.sha256(content).digest()
        if digest in self._seen:
            return
        self._seen.add(digest)
        for needle in self.needles:
            at = content.find(needle)
            while at >= 0:
                self.finds[where].append(content[max(0, at + _AROUND.start) : at + _AROUND.stop])
                at = content.find(needle, at + _STEP)
        for name, member in _unzipped(content):
            self.into(f"{where}!{name}", member)

    def places_of(self, value: str) -> set[str]:
        """Where a value was found in full."""
        spelt = spellings(value).values()
        return {where for where, around in self.finds.items() if any(each in text for each in spelt for text in around)}

    def told(self, names: Mapping[str, Iterable[str]]) -> list[str]:
        """The finds in words: whose value (``names``: value -> its fields), or that it was a piece of one."""
        places = {" and ".join(sorted(fields)): self.places_of(value) for value, fields in names.items()}
        return [
            f"{', '.join(name for name, found in places.items() if where in found) or 'a piece'} in {where}"
            for where in sorted(self.finds)
        ]


def _unzipped(content: bytes) -> Iterable[tuple[str, bytes]]:
    if (at := content.find(_ZIPPED)) >= 0:
        try:
            with zipfile.ZipFile(io.BytesIO(content[at:])) as archive:
                for name in archive.namelist():
                    yield name, archive.read(name)
        except zipfile.BadZipFile:
            return
