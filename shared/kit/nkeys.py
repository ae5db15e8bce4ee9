"""NATS nkeys: an Ed25519 key by which a service proves who it is, without telling the broker anything secret.

The form is NATS's own: base32 of prefix, key and CRC-16; seeds begin with `SU`, public keys of users with `U`.
"""

import base64
import binascii
import secrets
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SEED: Final = 18 << 3
_USER: Final = 20 << 3
_KEY_BYTES: Final = 32
_CHECK_BYTES: Final = 2
_KIND_BITS: Final = 0b11111


class SeedIsMalformed(ValueError):
    """Not the seed of a user's nkey; says nothing of what it was."""


class Nkey:
    """The key of one user of the broker."""

    def __init__(self, seed: str) -> None:
        """Read a seed (`SU...`). Raises SeedIsMalformed."""
        self._private = Ed25519PrivateKey.from_private_bytes(_raw(seed))

    @classmethod
    def generate(cls) -> Self:
        """A new key."""
        return cls(_seed(secrets.token_bytes(_KEY_BYTES)))

    @property
    def seed(self) -> str:
        """The secret, to be kept."""
        return _seed(self._private.private_bytes_raw())

    @property
    def public(self) -> str:
        """What the broker's configuration knows of it."""
        return _text(bytes([_USER]) + self._private.public_key().public_bytes_raw())

    def sign(self, nonce: str) -> bytes:
        """The answer to the broker's challenge."""
        return base64.urlsafe_b64encode(self._private.sign(nonce.encode())).rstrip(b"=")

    def __repr__(self) -> str:
        return f"Nkey({self.public})"


def _seed(key: bytes) -> str:
    # The kind of key straddles two bytes: 5 bits of "seed", 5 bits of "user" (kinds are multiples of 8).
    return _text(bytes([_SEED | _USER >> 5, (_USER & _KIND_BITS) << 3]) + key)


def _text(prefixed: bytes) -> str:
    check = binascii.crc_hqx(prefixed, 0).to_bytes(_CHECK_BYTES, "little")
    return base64.b32encode(prefixed + check).decode().rstrip("=")


def _raw(seed: str) -> bytes:
    try:
        decoded = base64.b32decode(seed.strip() + "=" * (-len(seed.strip()) % 8))
    except ValueError:
        raise SeedIsMalformed from None
    head, check = decoded[:-_CHECK_BYTES], decoded[-_CHECK_BYTES:]
    is_whole = binascii.crc_hqx(head, 0).to_bytes(_CHECK_BYTES, "little") == check
    kind = (head[0] & 0b11111000, (head[0] & 0b111) << 5 | head[1] >> 3) if len(head) == _KEY_BYTES + 2 else None
    if not is_whole or kind != (_SEED, _USER):
        raise SeedIsMalformed
    return head[2:]
