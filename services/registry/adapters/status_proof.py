"""A signed proof of a certificate's status that anybody checks offline with the published keys (JWS, RFC 7515, 9864).

It is bound to the card by a salted digest of the number: whoever holds the card can see that the proof is of this card,
and whoever only has the proof learns no number.
"""

from __future__ import annotations

import base64
import hashlib
import secrets as randomness
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

import orjson
import segno

from services.registry.domain.certificate import Certificate
from shared.kit.signing import PublicKeys, SignatureAlgorithm, Signer
from shared.values.certificate_number import CertificateNumber

TYPE: Final = "liangfu-status+jwt"
LIFETIME: Final = timedelta(hours=24)
_ALGORITHMS: Final = {SignatureAlgorithm.ED25519: "Ed25519", SignatureAlgorithm.SM2: "SM2"}


def prove(
    certificate: Certificate, number: CertificateNumber, signer: Signer, *, issuer: str, now: datetime, today: date
) -> tuple[str, datetime]:
    """The proof and until when it may be relied on."""
    until = now + LIFETIME
    salt = randomness.token_urlsafe(12)
    payload = {
        "iss": issuer,
        "iat": int(now.timestamp()),
        "exp": int(until.timestamp()),
        "status": certificate.status_on(today).value,
        "issued_on": certificate.issued_on.isoformat(),
        "expires_on": certificate.expires_on.isoformat(),
        "salt": salt,
        "card": binding(number.number, salt),
    }
    header = {"alg": _ALGORITHMS[signer.public_key.algorithm], "kid": signer.key_id, "typ": TYPE}
    signed = f"{_encoded(orjson.dumps(header))}.{_encoded(orjson.dumps(payload))}"
    return f"{signed}.{_encoded(signer.sign(signed.encode()))}", until


def binding(number: str, salt: str) -> str:
    """What ties a proof to a card: SHA-256 of salt and number."""
    return _encoded(hashlib.sha256(f"{salt}.{number}".encode()).digest())


def qr_svg(proof: str) -> str:
    """The proof as a QR code, drawn as SVG."""
    return str(segno.make(proof, error="m", micro=False).svg_inline(scale=3, border=4))


def key_set(keys: PublicKeys) -> dict[str, Any]:
    """The published keys as a JWK set (RFC 8037); SM2 keys as the coordinates of their point."""
    return {"keys": [_key(key_id, keys) for key_id in keys]}


def _key(key_id: str, keys: PublicKeys) -> Mapping[str, str]:
    key = keys[key_id]
    told = {"kid": key_id, "use": "sig", "alg": _ALGORITHMS[key.algorithm]}
    if key.algorithm is SignatureAlgorithm.ED25519:
        return {**told, "kty": "OKP", "crv": "Ed25519", "x": _encoded(key.public)}
    return {**told, "kty": "EC", "crv": "SM2", "x": _encoded(key.public[:32]), "y": _encoded(key.public[32:])}


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
