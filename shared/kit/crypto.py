"""Secrets at rest: authenticated encryption of columns and files, and blind indexes to find them again.

A ciphertext says how it was made, so that keys and algorithms can change without a flag day::

    version (1 byte) | algorithm (1) | length of key id (1) | key id | nonce (12) | ciphertext | tag (16)

The header and the *context* (what the value is, for example ``b"person.name"``, and optionally of which row) are
authenticated: a value moved to another column or another row no longer opens. Master keys never encrypt anything
themselves; every use derives its own key (HKDF-SHA256), so fields, files and algorithms never share one.
"""

import base64
import binascii
import hmac
import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from hashlib import blake2b
from typing import Final, Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import ciphers, hashes
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

__all__ = [
    "Algorithm",
    "BlindIndex",
    "BlindTerms",
    "ChunkCipher",
    "Cipher",
    "CiphertextIsUnreadable",
    "KeyIsUnknown",
    "KeyRing",
    "Keys",
    "KeysAreMalformed",
    "key_named_in",
]

NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
KEY_BYTES: Final = 32
FORMAT_VERSION: Final = 1
_PREVIOUS: Final = "previous_index_key"
KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,32}")


class KeysAreMalformed(ValueError):
    """The configured keys cannot be used. The message names the place, never a value."""


class KeyIsUnknown(LookupError):
    """A ciphertext was made with a key this process does not have (retired too early, or the wrong key set)."""


class CiphertextIsUnreadable(ValueError):
    """The value was altered, moved to another place, cut, or is no ciphertext of ours. Which of these is not told."""


class Algorithm(IntEnum):
    """The number is written into every ciphertext: append, never renumber."""

    AES_256_GCM = 1
    SM4_GCM = 2

    @property
    def key_bytes(self) -> int:
        match self:
            case Algorithm.AES_256_GCM:
                return 32
            case Algorithm.SM4_GCM:
                return 16


class Keys(Protocol):
    """Where keys come from. A KMS or HSM adapter unwraps data keys at start-up and keeps the master key to itself."""

    @property
    def active(self) -> str:
        """Id of the data key that new ciphertexts use."""

    @property
    def algorithm(self) -> Algorithm:
        """How new ciphertexts are made."""

    def data_key(self, key_id: str) -> bytes:
        """The 32-byte data key; raises KeyIsUnknown."""

    def index_key(self) -> bytes:
        """The key of blind indexes, at least 32 bytes. It cannot rotate without re-indexing."""

    def previous_index_key(self) -> bytes | None:
        """The index key that some rows may still be indexed with, until a rotation has computed all anew."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys held in memory, parsed from ``{"active": "k1", "keys": {"k1": "<base64>"}, "index_key": "<base64>"}``."""

    active: str
    _keys: dict[str, bytes] = field(repr=False)
    _index_key: bytes = field(repr=False)
    algorithm: Algorithm = Algorithm.AES_256_GCM
    _previous_index_key: bytes | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: SecretStr | str, *, algorithm: Algorithm = Algorithm.AES_256_GCM) -> Self:
        """Reads the setting; raises KeysAreMalformed without ever quoting it."""
        try:
            raw = json.loads(text.get_secret_value() if isinstance(text, SecretStr) else text)
        except ValueError:
            raise KeysAreMalformed("data keys are not JSON") from None
        match raw:
            case {"active": str(active), "keys": dict(named), "index_key": index, **rest} if not rest.keys() - {
                _PREVIOUS
            }:
                keys = {str(key_id): _decoded(encoded, f"key {key_id!r}") for key_id, encoded in named.items()}
            case _:
                raise KeysAreMalformed(
                    f'data keys must have exactly "active", "keys" and "index_key", and may have "{_PREVIOUS}"'
                )
        if bad := [key_id for key_id in keys if not KEY_ID.fullmatch(key_id)]:
            raise KeysAreMalformed(f"key ids must be 1 to 32 letters, digits, dots or dashes: {bad}")
        if active not in keys:
            raise KeysAreMalformed(f"the active key {active!r} is not among the keys")
        index_key = _decoded(index, "the index key")
        if index_key in keys.values():
            raise KeysAreMalformed("the index key must differ from every data key")
        previous = _decoded(rest[_PREVIOUS], "the previous index key") if _PREVIOUS in rest else None
        if previous is not None and previous in (index_key, *keys.values()):
            raise KeysAreMalformed("the previous index key must differ from every other key")
        return cls(active, keys, index_key, algorithm, previous)

    def data_key(self, key_id: str) -> bytes:
        try:
            return self._keys[key_id]
        except KeyError:
            raise KeyIsUnknown(key_id) from None

    def index_key(self) -> bytes:
        return self._index_key

    def previous_index_key(self) -> bytes | None:
        return self._previous_index_key


def _decoded(encoded: object, what: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True) if isinstance(encoded, str) else b""
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeysAreMalformed(f"{what} must be base64 of {KEY_BYTES} bytes")
    return key


class Aead(Protocol):
    """Authenticated encryption with one derived key: ciphertext and tag in one string, InvalidTag on any change."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes: ...
    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes: ...


class _Sm4Gcm:
    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        encryptor = ciphers.Cipher(self._key, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated_data)
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        if len(data) < TAG_BYTES:
            raise InvalidTag
        decryptor = ciphers.Cipher(self._key, modes.GCM(nonce, data[-TAG_BYTES:])).decryptor()
        decryptor.authenticate_additional_data(associated_data)
        return decryptor.update(data[:-TAG_BYTES]) + decryptor.finalize()


def _derived(key: bytes, *, purpose: bytes, length: int, salt: bytes = b"") -> bytes:
    return HKDF(hashes.SHA256(), length, salt or None, b"liangfu/1/" + purpose).derive(key)


def _aead(keys: Keys, algorithm: Algorithm, key_id: str, *, purpose: bytes, salt: bytes = b"") -> Aead:
    label = purpose + b"/" + algorithm.name.encode()
    key = _derived(keys.data_key(key_id), purpose=label, length=algorithm.key_bytes, salt=salt)
    match algorithm:
        case Algorithm.AES_256_GCM:
            return AESGCM(key)
        case Algorithm.SM4_GCM:
            return _Sm4Gcm(key)


def key_named_in(header: bytes) -> tuple[Algorithm, str]:
    """Algorithm and key id a ciphertext, or its header alone, says it was made with. Raises CiphertextIsUnreadable."""
    return _parse_header(header)[:2]


def _header(algorithm: Algorithm, key_id: str) -> bytes:
    return bytes((FORMAT_VERSION, algorithm, len(key_id))) + key_id.encode("ascii")


def _parse_header(ciphertext: bytes) -> tuple[Algorithm, str, int]:
    """(algorithm, key id, length of the header)."""
    try:
        version, algorithm, key_length = ciphertext[:3]
        key_id = ciphertext[3 : 3 + key_length].decode("ascii")
        if version != FORMAT_VERSION or len(key_id) != key_length:
            raise CiphertextIsUnreadable
        return Algorithm(algorithm), key_id, 3 + key_length
    except ValueError:
        raise CiphertextIsUnreadable from None


def _bound(context: bytes, row: bytes) -> bytes:
    # The length keeps ("ab", "c") and ("a", "bc") apart.
    return len(context).to_bytes(2) + context + row


class Cipher:
    """Encrypts columns. New values use the active key and the chosen algorithm; old ones open with their own.

    ``context`` names the column (``b"person.name"``), ``row`` optionally the row (its id in bytes).
    Nonces are random: one data key serves 2**32 values before it must be rotated (NIST SP 800-38D).
    """

    def __init__(self, keys: Keys, algorithm: Algorithm | None = None) -> None:
        self._keys = keys
        self._header = _header(algorithm or keys.algorithm, keys.active)
        # Deriving costs more than encrypting; there are as many pairs as keys in use.
        self._aead = lru_cache(maxsize=64)(self._derive)
        self._active = self._aead(algorithm or keys.algorithm, keys.active)

    @property
    def header(self) -> bytes:
        """What every ciphertext made now begins with; one that begins otherwise needs rotation."""
        return self._header

    def _derive(self, algorithm: Algorithm, key_id: str) -> Aead:
        return _aead(self._keys, algorithm, key_id, purpose=b"field")

    def encrypt(self, plaintext: bytes, *, context: bytes, row: bytes = b"") -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        bound = self._header + _bound(context, row)
        return self._header + nonce + self._active.encrypt(nonce, plaintext, bound)

    def decrypt(self, ciphertext: bytes, *, context: bytes, row: bytes = b"") -> bytes:
        """Raises CiphertextIsUnreadable or KeyIsUnknown."""
        algorithm, key_id, start = _parse_header(ciphertext)
        return self._open(self._aead(algorithm, key_id), ciphertext, start, _bound(context, row))

    def encrypt_many(
        self, plaintexts: Sequence[bytes], *, context: bytes, rows: Iterable[bytes] | None = None
    ) -> list[bytes]:
        """One column of many rows; the same result as ``encrypt`` in a loop, without its overhead."""
        header, seal = self._header, self._active.encrypt
        nonces = os.urandom(NONCE_BYTES * len(plaintexts))
        cuts = range(0, len(nonces), NONCE_BYTES)
        prefix = header + _bound(context, b"")
        bounds = [prefix] * len(plaintexts) if rows is None else [prefix + row for row in rows]
        return [
            header + (nonce := nonces[cut : cut + NONCE_BYTES]) + seal(nonce, plaintext, bound)
            for cut, plaintext, bound in zip(cuts, plaintexts, bounds, strict=True)
        ]

    def decrypt_many(
        self, ciphertexts: Sequence[bytes], *, context: bytes, rows: Iterable[bytes] | None = None
    ) -> list[bytes]:
        """The reverse; keys may differ from value to value. Raises CiphertextIsUnreadable or KeyIsUnknown."""
        bounds = [b""] * len(ciphertexts) if rows is None else list(rows)
        prefix = _bound(context, b"")
        opened = []
        for ciphertext, row in zip(ciphertexts, bounds, strict=True):
            algorithm, key_id, start = _parse_header(ciphertext)
            opened.append(self._open(self._aead(algorithm, key_id), ciphertext, start, prefix + row))
        return opened

    def needs_rotation(self, ciphertext: bytes) -> bool:
        """Whether the value was made with another key or algorithm than new ones are."""
        return not ciphertext.startswith(self._header)

    @staticmethod
    def _open(aead: Aead, ciphertext: bytes, start: int, bound: bytes) -> bytes:
        body = start + NONCE_BYTES
        try:
            return aead.decrypt(ciphertext[start:body], ciphertext[body:], ciphertext[:start] + bound)
        except (InvalidTag, ValueError):
            raise CiphertextIsUnreadable from None


class ChunkCipher:
    """Encrypts one file in numbered chunks (the STREAM construction): each is readable alone, none can be
    reordered, repeated, left out or cut off, because number and "last" flag are part of nonce and authenticated data.

    ``header`` (with a random salt, hence a key of its own) is stored in front of the chunks.
    """

    SALT_BYTES: Final = 16
    OVERHEAD_BYTES: Final = TAG_BYTES

    def __init__(self, keys: Keys, header: bytes, *, context: bytes) -> None:
        """Opens what ``create`` made; raises CiphertextIsUnreadable or KeyIsUnknown."""
        algorithm, key_id, length = _parse_header(header)
        if len(header) != length + self.SALT_BYTES:
            raise CiphertextIsUnreadable
        self.header = header
        self._bound = header + _bound(context, b"")
        self._aead = _aead(keys, algorithm, key_id, purpose=b"file", salt=header[length:])

    @classmethod
    def create(cls, keys: Keys, *, context: bytes, algorithm: Algorithm | None = None) -> Self:
        header = _header(algorithm or keys.algorithm, keys.active)
        return cls(keys, header + os.urandom(cls.SALT_BYTES), context=context)

    @classmethod
    def header_length(cls, start: bytes) -> int:
        """How many bytes of a file are header, told from its first three."""
        return 3 + start[2] + cls.SALT_BYTES if len(start) >= 3 else 3  # noqa: PLR2004 - the three fixed bytes

    def seal(self, plaintext: bytes, number: int, *, last: bool) -> bytes:
        nonce = self._nonce(number, last=last)
        return self._aead.encrypt(nonce, plaintext, self._bound + nonce)

    def open(self, sealed: bytes, number: int, *, last: bool) -> bytes:
        """Raises CiphertextIsUnreadable."""
        nonce = self._nonce(number, last=last)
        try:
            return self._aead.decrypt(nonce, sealed, self._bound + nonce)
        except (InvalidTag, ValueError):
            raise CiphertextIsUnreadable from None

    @staticmethod
    def _nonce(number: int, *, last: bool) -> bytes:
        return number.to_bytes(NONCE_BYTES - 1) + bytes((last,))


class BlindIndex:
    """A keyed fingerprint (HMAC-SHA256, 32 bytes) that finds an encrypted value by equality without revealing it.

    Each ``purpose`` has its own key: equal values in two columns or two services do not look equal.
    The caller gives the canonical form of the value.
    """

    LENGTH_BYTES: Final = 32

    def __init__(self, keys: Keys, purpose: bytes) -> None:
        self._key = _derived(keys.index_key(), purpose=b"index/" + purpose, length=KEY_BYTES)
        previous = keys.previous_index_key()
        self._previous = previous and _derived(previous, purpose=b"index/" + purpose, length=KEY_BYTES)

    def both(self, canonical: str) -> list[bytes]:
        """What to look for: the index, and while a rotation is under way also the one it had before."""
        found = [self.of(canonical)]
        return [*found, hmac.digest(self._previous, canonical.encode(), "sha256")] if self._previous else found

    def of(self, canonical: str) -> bytes:
        return hmac.digest(self._key, canonical.encode(), "sha256")

    def of_many(self, canonicals: Iterable[str]) -> list[bytes]:
        return _digests(self._key, canonicals)

    def passes(self, canonicals: Sequence[str]) -> list[list[bytes]]:
        """The indexes of many, oldest key first: while a rotation is under way there are two of each."""
        return [_digests(key, canonicals) for key in (self._previous, self._key) if key]


def _digests(key: bytes, canonicals: Iterable[str]) -> list[bytes]:
    digest = hmac.digest
    return [digest(key, canonical.encode(), "sha256") for canonical in canonicals]


class BlindTerms:
    """Keyed fingerprints of eight bytes, many to a row: an index that finds rows by words it does not know.

    Short enough to be an array of numbers. A word may meet the fingerprint of another (one in 10**11, with a hundred
    million words in use), so it finds candidates, and never proves that two rows are equal.
    """

    LENGTH_BYTES: Final = 8

    def __init__(self, keys: Keys, purpose: bytes) -> None:
        self._key = _derived(keys.index_key(), purpose=b"terms/" + purpose, length=KEY_BYTES)
        previous = keys.previous_index_key()
        self._previous = previous and _derived(previous, purpose=b"terms/" + purpose, length=KEY_BYTES)

    def of(self, term: str) -> int:
        return self._fingerprint(term, self._key)

    def of_all(self, terms: Iterable[str]) -> list[int]:
        """Sorted, so that equal sets make equal rows."""
        return sorted(self._fingerprint(term, self._key) for term in terms)

    def both(self, terms: Iterable[str]) -> list[list[int]]:
        """What to look for: the fingerprints, and while a rotation is under way also those there were before."""
        words = list(terms)
        found = [self.of_all(words)]
        if self._previous:
            found.append(sorted(self._fingerprint(term, self._previous) for term in words))
        return found

    @classmethod
    def _fingerprint(cls, term: str, key: bytes) -> int:
        digest = blake2b(term.encode(), digest_size=cls.LENGTH_BYTES, key=key).digest()
        return int.from_bytes(digest, signed=True)
