"""Access tokens: RFC 9068 JWTs of one issuer, verified against its published keys."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import httpx
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

ALGORITHMS: Final = ("Ed25519", "EdDSA", "RS256", "ES256")
"""`EdDSA` is the older name of `Ed25519` that most issuers still write."""
_ASYMMETRIC: Final = frozenset({"OKP", "RSA", "EC"})
_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
_TOKEN_LENGTH_MAX: Final = 16_384

Claims = Mapping[str, Any]


class TokenInvalid(Exception):
    """The token proves nothing; `reason` is for the log (a closed set), never for the caller."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class IssuerKeysUnavailable(Exception):
    """The issuer's keys could not be read and none are known."""


class IssuerKeys:
    """The public keys at `url`, cached; read again when old, and when a token names a key we do not know.

    A stranger can invent key ids, so an unknown one makes us ask at most once per `refetch_seconds`.
    A failing issuer does not invalidate keys already known.
    """

    def __init__(
        self,
        url: str,
        client: httpx.AsyncClient,
        *,
        refetch_seconds: float = 5.0,
        keep_seconds: float = 600.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._client = client
        self._refetch_seconds = refetch_seconds
        self._keep_seconds = keep_seconds
        self._monotonic = monotonic
        self._keys: dict[str, Key] = {}
        self._asked_at: float | None = None
        self._read_at: float | None = None
        self._reading = asyncio.Lock()

    async def find(self, kid: str) -> Key | None:
        """The key named `kid`, or None. Raises IssuerKeysUnavailable when no key was ever read."""
        if kid not in self._keys or self._older_than(self._read_at, self._keep_seconds):
            async with self._reading:
                if self._older_than(self._asked_at, self._refetch_seconds) and (
                    kid not in self._keys or self._older_than(self._read_at, self._keep_seconds)
                ):
                    await self._read()
        if self._read_at is None:
            raise IssuerKeysUnavailable
        return self._keys.get(kid)

    def _older_than(self, moment: float | None, seconds: float) -> bool:
        return moment is None or self._monotonic() - moment >= seconds

    async def _read(self) -> None:
        self._asked_at = self._monotonic()
        try:
            response = await self._client.get(self._url)
            response.raise_for_status()
            published = KeySet.import_key_set(response.json())
        except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError):
            return
        # A symmetric key in a public document would let its readers forge tokens.
        self._keys = {key.kid: key for key in published if key.kid and key.key_type in _ASYMMETRIC}
        self._read_at = self._monotonic()


class _AllowList(jws.JWSRegistry):
    """The allow list, without joserfc's warning about the name EdDSA (issuers choose it, not we)."""

    def get_alg(self, name: str) -> Any:
        if name not in ALGORITHMS:
            raise TokenInvalid("algorithm")
        return self.algorithms[name]


@dataclass(frozen=True, slots=True)
class _Known:
    claims: Claims
    until: float


class TokenVerifier:
    """Says whose token it is, or that it proves nothing.

    A verified token is remembered for `remember_seconds` at most (and never past its expiry): checking a
    signature costs more than most reads. Only its hash is kept.
    """

    def __init__(
        self,
        keys: IssuerKeys,
        *,
        issuer: str,
        audience: str,
        leeway_seconds: int = 5,
        remember_seconds: float = 30.0,
        remembered_max: int = 4096,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._now = now
        self._remember_seconds = remember_seconds
        self._remembered_max = remembered_max
        self._remembered: OrderedDict[bytes, _Known] = OrderedDict()
        self._leeway_seconds = leeway_seconds
        self._allowed = _AllowList(algorithms=ALGORITHMS, strict_check_header=False)
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(now()),
            leeway=leeway_seconds,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    async def verify(self, token: str) -> Claims:
        """The claims of a good token. Raises TokenInvalid or IssuerKeysUnavailable."""
        if len(token) > _TOKEN_LENGTH_MAX:
            raise TokenInvalid("length")
        name = sha256(token.encode()).digest()
        if (known := self._remembered.get(name)) is not None:
            if self._now() < known.until:
                return known.claims
            del self._remembered[name]
        claims = await self._verify(token)
        until = min(self._now() + self._remember_seconds, float(claims["exp"]) + self._leeway_seconds)
        self._remembered[name] = _Known(claims, until)
        if len(self._remembered) > self._remembered_max:
            self._remembered.popitem(last=False)
        return claims

    async def _verify(self, token: str) -> Claims:
        try:
            header = jws.extract_compact(token.encode()).headers()
        except (JoseError, ValueError, TypeError) as error:
            raise TokenInvalid("malformed") from error
        key = await self._key_named_in(header)
        try:
            claims = jwt.decode(token, key, None, self._allowed).claims
            self._claims.validate(claims)
        except JoseError as error:
            raise TokenInvalid(error.error) from error
        except (ValueError, TypeError) as error:
            raise TokenInvalid("malformed") from error
        return claims

    async def _key_named_in(self, header: Mapping[str, Any]) -> Key:
        if "crit" in header:  # we understand no extension, so each critical one is a reason to refuse (RFC 7515 4.1.11)
            raise TokenInvalid("crit")
        if str(header.get("typ", "")).lower() not in _TYPES:  # an ID token is no access token (RFC 9068 4)
            raise TokenInvalid("typ")
        if header.get("alg") not in ALGORITHMS:
            raise TokenInvalid("algorithm")
        kid = header.get("kid")
        key = await self._keys.find(kid) if isinstance(kid, str) else None
        if key is None:
            raise TokenInvalid("kid")
        return key
