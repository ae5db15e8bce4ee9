"""Access tokens: RFC 9068 JWTs of one issuer, verified against its published keys and read in the house's words."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key
from pydantic import BaseModel, ConfigDict

from shared.kit.issuer_keys import KID_LENGTH_MAX, IssuerKeys, IssuerKeysUnavailable

__all__ = ["ALGORITHMS", "ClaimNames", "Claims", "IssuerKeys", "IssuerKeysUnavailable", "TokenInvalid", "TokenVerifier"]

TokenAlgorithm = Literal[
    "Ed25519", "EdDSA", "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"
]
TokenType = Literal["at+jwt", "JWT"]

ALGORITHMS: Final[tuple[TokenAlgorithm, ...]] = ("Ed25519", "EdDSA", "ES256", "RS256", "PS256")
"""Accepted unless the settings say otherwise."""
_TOKEN_LENGTH_MAX: Final = 16_384
_POINTERS: Final = frozenset({"jku", "jwk", "x5u", "x5c", "b64", "enc", "zip"})
"""Headers with which a token would bring or fetch its own key, or be something else than a plain signed token."""
_ID_TOKEN_CLAIMS: Final = frozenset({"nonce", "at_hash", "c_hash"})

Claims = Mapping[str, Any]


class TokenInvalid(Exception):
    """The token proves nothing; `reason` is for the log (a closed set), never for the caller."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ClaimNames(BaseModel):
    """Where an issuer writes what the house wants to know; a dot leads into a claim (`realm_access.roles`).

    `roles` and `divisions` are lists, or one text with blanks between. A machine is whoever's subject is its client
    (RFC 9068 2.2); an issuer with other subjects for machines (Keycloak's service accounts) names them by
    `machine`: the claim that then reads `machine_prefix` + client.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    client: tuple[str, ...] = ("client_id", "azp")
    name: str = "name"
    roles: str = "roles"
    divisions: str = "divisions"
    scope: str = "scope"
    person_id: str = "person_id"
    ward_ids: str = "ward_ids"
    machine: str | None = None
    machine_prefix: str = "service-account-"

    def read(self, told: Claims) -> Claims:
        """The claims under the house's names; what the issuer does not tell is absent."""
        client = next((value for name in self.client if isinstance(value := _inside(told, name), str) and value), "")
        read = {**told, "client_id": client}
        for name in ("name", "roles", "divisions", "scope", "person_id", "ward_ids"):
            read.pop(name, None)
            value = _inside(told, getattr(self, name))
            if value is not None:
                read[name] = value.split() if name in _LISTS and isinstance(value, str) else value
        if self.machine is not None and client:
            is_machine = _inside(told, self.machine) == self.machine_prefix + client
            # A person whose subject happens to read like the client must not become it.
            read["sub"] = client if is_machine else f"user:{told['sub']}" if told["sub"] == client else told["sub"]
        return read


_LISTS: Final = frozenset({"roles", "divisions", "ward_ids"})


def _inside(claims: Claims, path: str) -> Any:
    """The value at a path; a claim whose very name has the dots (a URL) comes first."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


class _AllowList(jws.JWSRegistry):
    """The allow list, without joserfc's warning about the name EdDSA (issuers choose it, not we)."""

    def get_alg(self, name: str) -> Any:
        if name not in (self.allowed or ()):
            raise TokenInvalid("algorithm")
        return self.algorithms[name]


@dataclass(frozen=True, slots=True)
class _Known:
    claims: Claims
    until: float
    generation: int


class TokenVerifier:
    """Says whose token it is, or that it proves nothing.

    A verified token is remembered for `remember_seconds` at most, never past its expiry or a change of the issuer's
    keys: checking a signature costs more than most reads. Only its hash is kept.
    """

    def __init__(
        self,
        keys: IssuerKeys,
        *,
        issuer: str,
        audience: str,
        types: tuple[TokenType, ...] = ("at+jwt",),
        algorithms: tuple[TokenAlgorithm, ...] = ALGORITHMS,
        names: ClaimNames | None = None,
        lifetime_seconds_max: float = 24 * 3600.0,
        leeway_seconds: int = 5,
        remember_seconds: float = 30.0,
        remembered_max: int = 4096,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._now = now
        self._types = frozenset(kind.lower() for kind in types)
        self._algorithms = algorithms
        self._names = names or ClaimNames()
        self._lifetime_seconds_max = lifetime_seconds_max
        self._remember_seconds = remember_seconds
        self._remembered_max = remembered_max
        self._remembered: OrderedDict[bytes, _Known] = OrderedDict()
        self._leeway_seconds = leeway_seconds
        self._allowed = _AllowList(algorithms=algorithms, strict_check_header=False)
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(self._now()),
            leeway=leeway_seconds,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )

    async def verify(self, token: str) -> Claims:
        """The claims of a good token, under the house's names. Raises TokenInvalid or IssuerKeysUnavailable."""
        if len(token) > _TOKEN_LENGTH_MAX:
            raise TokenInvalid("length")
        await self._keys.refresh()
        name = sha256(token.encode(errors="surrogatepass")).digest()
        if (known := self._remembered.get(name)) is not None:
            if self._now() < known.until and known.generation == self._keys.generation:
                return known.claims
            del self._remembered[name]
        claims = await self._verify(token)
        until = min(self._now() + self._remember_seconds, claims["exp"] + self._leeway_seconds)
        self._remembered[name] = _Known(claims, until, self._keys.generation)
        if len(self._remembered) > self._remembered_max:
            self._remembered.popitem(last=False)
        return claims

    async def _verify(self, token: str) -> Claims:
        try:
            header = jws.extract_compact(token.encode("ascii")).headers()
            if not isinstance(header, dict):  # joserfc takes any JSON for a header
                raise TokenInvalid("malformed")
            key = await self._key_named_in(header)
            claims = jwt.decode(token, key, None, self._allowed).claims
            self._claims.validate(claims)
            self._judge(header, claims)
        except JoseError as error:
            raise TokenInvalid("malformed" if error.error == "decode_error" else error.error) from error
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise TokenInvalid("malformed") from error
        return self._names.read(claims)

    async def _key_named_in(self, header: Mapping[str, Any]) -> Key:
        if "crit" in header:  # we understand no extension, so each critical one is a reason to refuse (RFC 7515 4.1.11)
            raise TokenInvalid("crit")
        if not _POINTERS.isdisjoint(header):
            raise TokenInvalid("header")
        if _type_of(header) not in self._types:  # an ID token is no access token (RFC 9068 4)
            raise TokenInvalid("typ")
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in self._algorithms:
            raise TokenInvalid("algorithm")
        if not isinstance(kid, str) or not 0 < len(kid) <= KID_LENGTH_MAX:
            raise TokenInvalid("kid")
        key = await self._keys.find(kid, str(algorithm))
        if key is None:
            raise TokenInvalid("kid")
        return key

    def _judge(self, header: Mapping[str, Any], claims: Claims) -> None:
        """What the signature alone does not tell."""
        if not 0 < claims["exp"] - claims["iat"] <= self._lifetime_seconds_max:
            raise TokenInvalid("lifetime")
        if _type_of(header) == "jwt" and (
            claims.get("typ", "Bearer") != "Bearer" or not _ID_TOKEN_CLAIMS.isdisjoint(claims)
        ):
            raise TokenInvalid("typ")


def _type_of(header: Mapping[str, Any]) -> str:
    """The media type of the token; `application/` may be left out (RFC 7515 4.1.9)."""
    return str(header.get("typ", "")).lower().removeprefix("application/")
