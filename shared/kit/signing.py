"""Signatures over small statements: Ed25519, or SM2 by setting (library ``gmssl-pyx``).

A key is one JSON document, ``{"id": "a1", "algorithm": "Ed25519", "private": "<base64>"}``; an SM2 key carries its
``public`` half as well. Whoever only verifies needs the public halves: ``{"a1": {"algorithm": …, "public": …}}``.
A KMS or HSM adapter implements `Signer` and keeps the private half to itself.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.util import find_spec
from typing import Any, Final, Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import SecretStr

__all__ = ["KeyPair", "PublicKey", "PublicKeys", "SignatureAlgorithm", "Signer", "SigningKeyIsMalformed", "new_key"]

_PRIVATE_BYTES: Final = 32


class SignatureAlgorithm(StrEnum):
    """The name is written beside every signature."""

    ED25519 = "Ed25519"
    SM2 = "SM2"

    @property
    def public_bytes(self) -> int:
        """Length of a public key: SM2's is the point without its leading 04."""
        match self:
            case SignatureAlgorithm.ED25519:
                return 32
            case SignatureAlgorithm.SM2:
                return 64


class SigningKeyIsMalformed(ValueError):
    """The configured key cannot be used. The message names what is wrong, never a value."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What verifies the signatures of one key."""

    algorithm: SignatureAlgorithm
    public: bytes

    def verifies(self, statement: bytes, signature: bytes) -> bool:
        """Whether the key's owner signed exactly this."""
        match self.algorithm:
            case SignatureAlgorithm.ED25519:
                try:
                    Ed25519PublicKey.from_public_bytes(self.public).verify(signature, statement)
                except InvalidSignature:
                    return False
                return True
            case SignatureAlgorithm.SM2:
                return _sm2_verifies(self.public, statement, signature)

    def as_json(self) -> dict[str, str]:
        """The member of a document of public keys."""
        return {"algorithm": self.algorithm.value, "public": base64.b64encode(self.public).decode()}


PublicKeys = Mapping[str, PublicKey]
"""Key id -> public half, of today's key and of earlier ones."""


class Signer(Protocol):
    """Signs with one key: a `KeyPair` in memory, or a key that never leaves its module."""

    @property
    def key_id(self) -> str:
        """The name of the key."""

    @property
    def public_key(self) -> PublicKey:
        """What verifies its signatures."""

    def sign(self, statement: bytes) -> bytes:
        """The signature."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A signing key held in memory."""

    key_id: str
    public_key: PublicKey
    _private: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: SecretStr | str) -> Self:
        """Read the setting. Raises SigningKeyIsMalformed without quoting it."""
        try:
            raw = json.loads(text.get_secret_value() if isinstance(text, SecretStr) else text)
        except ValueError:
            raise SigningKeyIsMalformed("the signing key is not JSON") from None
        match raw:
            case {"id": str(key_id), "algorithm": str(name), "private": private, **rest} if key_id:
                algorithm = _algorithm(name)
                seed = _decoded(private, "private", _PRIVATE_BYTES)
            case _:
                raise SigningKeyIsMalformed('a signing key has "id", "algorithm" and "private"')
        match algorithm:
            case SignatureAlgorithm.ED25519:
                public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
            case SignatureAlgorithm.SM2:
                if find_spec("gmssl_pyx") is None:
                    raise SigningKeyIsMalformed("SM2 needs the library gmssl-pyx")
                public = _decoded(rest.get("public"), "public", algorithm.public_bytes)
        pair = cls(key_id, PublicKey(algorithm, public), seed)
        if not pair.public_key.verifies(b"proof", pair.sign(b"proof")):
            raise SigningKeyIsMalformed("the two halves of the signing key do not belong together")
        return pair

    def sign(self, statement: bytes) -> bytes:
        match self.public_key.algorithm:
            case SignatureAlgorithm.ED25519:
                return Ed25519PrivateKey.from_private_bytes(self._private).sign(statement)
            case SignatureAlgorithm.SM2:
                from gmssl_pyx import sm2_sign  # noqa: PLC0415 - an optional library

                return bytes(sm2_sign(self._private, self.public_key.public, statement))


def parse_public_keys(text: str) -> dict[str, PublicKey]:
    """Read ``{"a1": {"algorithm": "Ed25519", "public": "<base64>"}}``. Raises SigningKeyIsMalformed."""
    try:
        raw = json.loads(text)
    except ValueError:
        raise SigningKeyIsMalformed("the public keys are not JSON") from None
    if not isinstance(raw, dict) or not all(isinstance(entry, dict) for entry in raw.values()):
        raise SigningKeyIsMalformed("the public keys are an object of objects")
    return {str(key_id): _public(entry) for key_id, entry in raw.items()}


def new_key(key_id: str, algorithm: SignatureAlgorithm = SignatureAlgorithm.ED25519) -> str:
    """A fresh key as its JSON document."""
    halves: dict[str, bytes]
    match algorithm:
        case SignatureAlgorithm.ED25519:
            halves = {"private": Ed25519PrivateKey.generate().private_bytes_raw()}
        case SignatureAlgorithm.SM2:
            from gmssl_pyx import sm2_key_generate  # noqa: PLC0415 - an optional library

            public, private = sm2_key_generate()
            halves = {"private": private, "public": public}
    told = {name: base64.b64encode(half).decode() for name, half in halves.items()}
    return json.dumps({"id": key_id, "algorithm": algorithm.value, **told})


def _public(entry: Mapping[str, Any]) -> PublicKey:
    algorithm = _algorithm(str(entry.get("algorithm")))
    return PublicKey(algorithm, _decoded(entry.get("public"), "public", algorithm.public_bytes))


def _algorithm(name: str) -> SignatureAlgorithm:
    try:
        return SignatureAlgorithm(name)
    except ValueError:
        known = ", ".join(SignatureAlgorithm)
        raise SigningKeyIsMalformed(f"the algorithm of a signing key is one of {known}") from None


def _decoded(encoded: object, what: str, length: int) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True) if isinstance(encoded, str) else b""
    except binascii.Error:
        key = b""
    if len(key) != length:
        raise SigningKeyIsMalformed(f'"{what}" of a signing key is base64 of {length} bytes')
    return key


def _sm2_verifies(public: bytes, statement: bytes, signature: bytes) -> bool:
    from gmssl_pyx import GmsslInnerError, sm2_verify  # noqa: PLC0415 - an optional library

    try:
        return bool(sm2_verify(public, statement, signature))
    except GmsslInnerError:  # not even the shape of a signature
        return False
