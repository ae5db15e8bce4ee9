"""Every door through which a process asks others: only where it was told to, only to the address it first found.

A client made by `http_client` reaches the origins it was made for and no others, whatever address a caller, an
answer or a redirect names. The name of an origin is resolved once and its addresses are pinned: nothing happens
between the check and the connection, and a name server that changes its mind later (DNS rebinding) changes nothing
while they answer. When none of them takes a connection the name is asked again, and an address of another kind than
before (a public name that turns to loopback, anything link-local) is refused.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from ipaddress import IPv6Address, ip_address
from typing import Final, Self

import httpx
import structlog

_log: Final = structlog.get_logger(__name__)

_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}
_REDIRECTS: Final = range(300, 400)
_NOT_MODIFIED: Final = 304
_NOTHING_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout)

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Host and port to addresses."""


class OutboundRefused(httpx.RequestError):
    """We refuse to ask there, or to follow where the answer points. `reason` is one of a closed set."""

    def __init__(self, reason: str, *, request: httpx.Request) -> None:
        super().__init__(reason, request=request)
        self.reason = reason


class Kind(StrEnum):
    """What sort of network an address belongs to."""

    LOOPBACK = "loopback"
    PRIVATE = "private"
    PUBLIC = "public"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: what a browser calls an origin."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: httpx.URL | str) -> Self:
        """The origin of an absolute http(s) URL. Raises ValueError."""
        url = httpx.URL(url)
        if url.scheme not in _PORTS or not url.host:
            message = "not an absolute http(s) URL"
            raise ValueError(message)
        return cls(url.scheme, url.host.lower().rstrip("."), url.port or _PORTS[url.scheme])


def kind_of(address: str) -> Kind:
    """The kind of an address; link-local (cloud metadata), multicast, unspecified and reserved ones are forbidden."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip.is_loopback:
        return Kind.LOOPBACK
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip.is_reserved:
        return Kind.FORBIDDEN
    return Kind.PUBLIC if ip.is_global else Kind.PRIVATE


async def resolve(host: str, port: int) -> list[str]:
    """The addresses the system's resolver gives, in its order. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class OutboundTransport(httpx.AsyncBaseTransport):
    """The transport behind every client of the house; raises OutboundRefused where it says no."""

    def __init__(
        self, origins: Iterable[Origin], inner: httpx.AsyncBaseTransport, *, resolver: Resolve = resolve
    ) -> None:
        self._origins = frozenset(origins)
        self._inner = inner
        self._resolve = resolver
        self._pinned: dict[Origin, list[str]] = {}
        self._kinds: dict[Origin, Kind] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask the pinned address of an allowed origin, and take no redirect for an answer."""
        origin = self._allowed(request)
        is_fresh = origin not in self._pinned
        addresses = self._pinned[origin] if not is_fresh else await self._pin(origin, request)
        try:
            response = await self._ask_any(addresses, request)
        except _NOTHING_SENT:
            if is_fresh:
                self._pinned.pop(origin, None)
                raise
            response = await self._ask_any(await self._pin(origin, request), request)
        if response.status_code in _REDIRECTS and response.status_code != _NOT_MODIFIED:
            await response.aclose()
            raise self._refused("redirect", request)
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    def _allowed(self, request: httpx.Request) -> Origin:
        try:
            origin = Origin.of(request.url)
        except ValueError:
            raise self._refused("scheme", request) from None
        if origin not in self._origins:
            raise self._refused("origin", request)
        return origin

    async def _pin(self, origin: Origin, request: httpx.Request) -> list[str]:
        self._pinned.pop(origin, None)
        try:
            addresses = await self._resolve(origin.host, origin.port)
        except OSError as error:
            raise httpx.ConnectError(f"cannot resolve {origin.host}", request=request) from error
        kinds = {kind_of(address) for address in addresses}
        kind = self._kinds.get(origin) or min(kinds, default=Kind.FORBIDDEN)
        # Several kinds for one name are a name server playing both sides.
        if kinds != {kind} or kind is Kind.FORBIDDEN:
            raise self._refused("address", request)
        self._kinds[origin] = kind
        self._pinned[origin] = addresses
        return addresses

    async def _ask_any(self, addresses: list[str], request: httpx.Request) -> httpx.Response:
        """The first address that takes a connection; until it does nothing was sent."""
        for address in addresses[:-1]:
            try:
                return await self._ask(address, request)
            except _NOTHING_SENT:
                continue
        return await self._ask(addresses[-1], request)

    async def _ask(self, address: str, request: httpx.Request) -> httpx.Response:
        """The same request, to the address; the name stays in `Host` and in what TLS checks."""
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=address.partition("%")[0]),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": request.url.host},
        )
        return await self._inner.handle_async_request(pinned)

    def _refused(self, reason: str, request: httpx.Request) -> OutboundRefused:
        _log.error("outbound.refused", reason=reason)
        return OutboundRefused(reason, request=request)


@cache
def _trust(scheme: str) -> ssl.SSLContext:
    """Whom a client of such an origin trusts: the authorities of the bundle, read once; without TLS nobody."""
    return httpx.create_ssl_context(trust_env=False) if scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def http_client(base_url: str, *, timeout_seconds: float = 3.0, connections_max: int = 20) -> httpx.AsyncClient:
    """An httpx client for the origin of `base_url` alone, with every limit set and no proxy from the environment.

    Raises ValueError when that is no absolute http(s) URL.
    """
    origin = Origin.of(base_url)
    limits = httpx.Limits(max_connections=connections_max, max_keepalive_connections=connections_max)
    transport = httpx.AsyncHTTPTransport(verify=_trust(origin.scheme), limits=limits, trust_env=False)
    return httpx.AsyncClient(
        base_url=base_url,
        timeout=httpx.Timeout(timeout_seconds, connect=min(1.0, timeout_seconds)),
        transport=OutboundTransport([origin], transport),
        trust_env=False,
        follow_redirects=False,
    )
