"""The issuer's published keys: which of them may verify a token, how long they are believed, when they are asked for.

Two bounds hold whatever happens, both in seconds of this process's own clock:

- a key the issuer no longer publishes verifies nothing after ``keep_seconds`` (plus one question, 3 s at most);
- an issuer that cannot be reached invalidates nothing for ``stale_seconds``, and everything after that.
"""

import asyncio
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import httpx
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key

from shared.kit.instruments import ISSUER_KEYS_READ_AT, ISSUER_KEYS_UNREAD

_log: Final = structlog.get_logger(__name__)

FAMILIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Ed25519": "OKP",
        "EdDSA": "OKP",
        "ES256": "EC",
        "ES384": "EC",
        "ES512": "EC",
        "RS256": "RSA",
        "RS384": "RSA",
        "RS512": "RSA",
        "PS256": "RSA",
        "PS384": "RSA",
        "PS512": "RSA",
    }
)
"""Every algorithm a token may ever be signed with, and its kind of key: asymmetric ones only."""
_SAME_ALGORITHM: Final = {"EdDSA": "Ed25519"}
"""`EdDSA` is the older name of `Ed25519` that most issuers still write."""
_CURVES: Final = {"Ed25519": "Ed25519", "ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_RSA_BITS_MIN: Final = 2048
_DOCUMENT_BYTES_MAX: Final = 512 * 1024
KID_LENGTH_MAX: Final = 256


class IssuerKeysUnavailable(Exception):
    """The issuer's keys could not be read, and none are known that are still good."""


class IssuerKeys:
    """The public keys at `url`, cached; read again when old, and when a token names a key we do not know.

    A stranger can invent key ids, so an unknown one makes us ask at most once per `refetch_seconds`.
    """

    def __init__(
        self,
        url: str,
        client: httpx.AsyncClient,
        *,
        refetch_seconds: float = 5.0,
        keep_seconds: float = 300.0,
        stale_seconds: float = 4 * 3600.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._client = client
        self._refetch_seconds = min(refetch_seconds, keep_seconds)
        self._keep_seconds = keep_seconds
        self._stale_seconds = stale_seconds
        self._monotonic = monotonic
        self._keys: Mapping[tuple[str, str], Key] = {}
        self._asked_at: float | None = None
        self._read_at: float | None = None
        self._is_failing = False
        self._reading = asyncio.Lock()
        self.generation = 0
        """Rises whenever the set of published keys changes: what was proved by an older set has to be proved again."""

    async def refresh(self) -> None:
        """Read the keys if those known are old. Raises IssuerKeysUnavailable when none are good any more."""
        await self._read_if(lambda: self._older_than(self._read_at, self._keep_seconds))
        if self._older_than(self._read_at, self._stale_seconds):
            raise IssuerKeysUnavailable

    async def find(self, kid: str, algorithm: str) -> Key | None:
        """The key named `kid` that may verify `algorithm`, or None. Raises IssuerKeysUnavailable."""
        await self.refresh()
        name = (kid, FAMILIES[algorithm])
        await self._read_if(lambda: name not in self._keys)
        key = self._keys.get(name)
        return key if key is not None and _is_for(key, algorithm) else None

    async def _read_if(self, needed: Callable[[], bool]) -> None:
        """Ask once for all who wait, and not at all again within `refetch_seconds`."""
        if not needed() or not self._older_than(self._asked_at, self._refetch_seconds):
            return
        if self._is_failing and self._reading.locked():
            return  # known to be away: one asks again, the others go on with what is known
        async with self._reading:
            if needed() and self._older_than(self._asked_at, self._refetch_seconds):
                await self._read()

    def _older_than(self, moment: float | None, seconds: float) -> bool:
        return moment is None or self._monotonic() - moment >= seconds

    async def _read(self) -> None:
        try:
            document = await self._document()
        except (httpx.HTTPError, ValueError, RecursionError) as error:
            self._is_failing = True
            ISSUER_KEYS_UNREAD.inc()
            _log.warning("issuer_keys.unread", error=type(error).__name__)
            return
        finally:
            self._asked_at = self._monotonic()
        keys = dict(_usable(document))
        if not keys:
            _log.error("issuer_keys.none_usable")
        if _printed(keys.values()) != _printed(self._keys.values()):
            self.generation += 1
        self._keys, self._is_failing, self._read_at = keys, False, self._monotonic()
        ISSUER_KEYS_READ_AT.set_to_current_time()

    async def _document(self) -> list[Any]:
        response = await self._client.get(self._url)
        response.raise_for_status()
        if len(response.content) > _DOCUMENT_BYTES_MAX:
            message = "the key document is too large"
            raise ValueError(message)
        document = response.json()
        keys = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(keys, list):
            message = "not a key document"
            raise ValueError(message)  # noqa: TRY004 - what came is wrong, not how it was called
        return keys


def _usable(published: Iterable[Any]) -> Iterator[tuple[tuple[str, str], Key]]:
    """The keys that may verify signatures. One that is unreadable, weak or ambiguous is left out, not the others."""
    found: dict[tuple[str, str], list[Key]] = {}
    for entry in published:
        try:
            with warnings.catch_warnings(action="ignore"):  # about weak keys, which are left out below
                key = import_key(entry)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            continue
        if _may_verify(key):
            found.setdefault((str(key.kid), key.key_type), []).append(key)
    for name, keys in found.items():
        if len(_printed(keys)) > 1:
            _log.error("issuer_keys.ambiguous", kid=name[0])
            continue
        yield name, keys[0]


def _may_verify(key: Key) -> bool:
    """A symmetric key in a public document would let its readers forge tokens; one for encryption signs nothing."""
    match key:
        case RSAKey():
            is_strong = key.public_key.key_size >= _RSA_BITS_MIN
        case ECKey() | OKPKey():
            is_strong = key.get("crv") in _CURVES.values()
        case _:
            return False
    operations = key.get("key_ops")
    is_for_signatures = key.get("use") in {None, "sig"} and (operations is None or "verify" in operations)
    return is_strong and is_for_signatures and isinstance(key.kid, str) and 0 < len(key.kid) <= KID_LENGTH_MAX


def _is_for(key: Key, algorithm: str) -> bool:
    algorithm = _plain(algorithm)
    return key.get("crv") == _CURVES.get(algorithm) and (key.alg is None or _plain(key.alg) == algorithm)


def _plain(algorithm: str) -> str:
    return _SAME_ALGORITHM.get(algorithm, algorithm)


def _printed(keys: Iterable[Key]) -> set[tuple[str | None, str, str | None]]:
    """What tells keys apart: name, fingerprint, algorithm."""
    return {(key.kid, key.thumbprint(), key.alg) for key in keys}
