"""Asking another service: bounded in time and tries, with the machine's own token, and not at all while it is down."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
import stamina

from shared.kit.metrics import CIRCUIT_OPEN, REMOTE_SECONDS
from shared.kit.outbound import http_client

__all__ = ["Circuit", "MachineToken", "ServiceClient", "ServiceIsUnavailable", "http_client"]

_TRANSPORT_ERRORS: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Nothing was sent: trying again cannot do a thing twice."""
_LOST_ANSWERS: Final = (httpx.ReadError, httpx.ReadTimeout, httpx.WriteError, httpx.RemoteProtocolError)
"""Perhaps it was done: tried again only where repeating is harmless."""
_REPEATABLE: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_OVERLOADED: Final = frozenset({502, 503, 504})
_UNAUTHORIZED: Final = 401
_TOKEN_MARGIN_SECONDS: Final = 30.0


class ServiceIsUnavailable(Exception):
    """The service cannot be asked now: no connection, no answer in time, overloaded, or the circuit is open."""

    def __init__(self, service: str, reason: str) -> None:
        super().__init__(f"{service}: {reason}")
        self.service = service
        self.reason = reason


class Circuit:
    """Stops asking after `failures_max` failures in a row, and lets one try through every `rest_seconds`."""

    def __init__(
        self,
        service: str,
        *,
        failures_max: int = 5,
        rest_seconds: float = 2.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._failures_max = failures_max
        self._rest_seconds = rest_seconds
        self._monotonic = monotonic
        self._failures = 0
        self._next_try_at = 0.0
        self._gauge = CIRCUIT_OPEN.labels(service)

    @property
    def is_open(self) -> bool:
        """Whether the service has failed too often in a row."""
        return self._failures >= self._failures_max

    def enter(self) -> None:
        """Raise ServiceIsUnavailable while open, except for one try per rest."""
        if not self.is_open:
            return
        if self._monotonic() < self._next_try_at:
            raise ServiceIsUnavailable(self._service, "circuit open")
        self._next_try_at = self._monotonic() + self._rest_seconds

    def succeeded(self) -> None:
        """It answered: close."""
        self._failures = 0
        self._gauge.set(0)

    def failed(self) -> None:
        """It did not: count, and open when that was one too many."""
        self._failures += 1
        if self.is_open:
            self._next_try_at = self._monotonic() + self._rest_seconds
            self._gauge.set(1)


class MachineToken:
    """This machine's access token by the client credentials grant, kept until shortly before it expires."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        url: str,
        client_id: str,
        client_secret: str,
        scope: str = "",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._url = url
        self._credentials = (client_id, client_secret)
        self._scope = scope
        self._monotonic = monotonic
        self._token = ""
        self._good_until = 0.0
        self._fetching = asyncio.Lock()

    async def get(self) -> str:
        """A token with time left. Raises httpx.HTTPError when the issuer does not give one."""
        if self._monotonic() >= self._good_until:
            async with self._fetching:
                if self._monotonic() >= self._good_until:
                    await self._fetch()
        return self._token

    def forget(self) -> None:
        """Ask for a new one next time (the old one was refused)."""
        self._good_until = 0.0

    async def _fetch(self) -> None:
        form = {"grant_type": "client_credentials"} | ({"scope": self._scope} if self._scope else {})
        response = await self._client.post(self._url, data=form, auth=self._credentials)
        response.raise_for_status()
        told = response.json()
        lifetime_seconds = float(told.get("expires_in", 60))
        margin_seconds = min(_TOKEN_MARGIN_SECONDS, lifetime_seconds / 2)
        self._token = str(told["access_token"])
        self._good_until = self._monotonic() + lifetime_seconds - margin_seconds


class ServiceClient:
    """The API of one other service.

    Retries only named transport errors and 502-504, and lost answers only where repeating is harmless (an
    idempotent method, or a POST with an Idempotency-Key); answers of any other status are the caller's to read.
    """

    def __init__(
        self,
        service: str,
        client: httpx.AsyncClient,
        *,
        token: MachineToken | None = None,
        attempts_max: int = 3,
        circuit: Circuit | None = None,
    ) -> None:
        self.service = service
        self._client = client
        self._token = token
        self._attempts_max = attempts_max
        self._circuit = circuit or Circuit(service)

    async def get(
        self, path: str, *, params: Mapping[str, Any] | None = None, bearer: str | None = None
    ) -> httpx.Response:
        """GET `path`. Raises ServiceIsUnavailable."""
        return await self.request("GET", path, params=params, bearer=bearer)

    async def post(
        self, path: str, *, json: Any, idempotency_key: str | None = None, bearer: str | None = None
    ) -> httpx.Response:
        """POST `json` to `path`. Raises ServiceIsUnavailable."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return await self.request("POST", path, json=json, headers=headers, bearer=bearer)

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        bearer: str | None = None,
        **options: Any,
    ) -> httpx.Response:
        """One question, tried at most `attempts_max` times; `bearer` asks in a reader's name instead of the machine's.

        Raises ServiceIsUnavailable.
        """
        self._circuit.enter()
        asked = dict(headers or {})
        repeatable = method in _REPEATABLE or "Idempotency-Key" in asked
        started, outcome = time.perf_counter(), "failed"
        try:
            async for attempt in stamina.retry_context(
                on=lambda error: _worth_repeating(error, repeatable=repeatable),
                attempts=self._attempts_max,
                wait_initial=0.05,
                wait_max=0.5,
                timeout=None,
            ):
                with attempt:
                    response = await self._ask(method, path, asked, bearer, options)
        except (httpx.HTTPError, _Overloaded) as error:
            self._circuit.failed()
            raise ServiceIsUnavailable(self.service, type(error).__name__.lstrip("_")) from error
        else:
            outcome = "answered"
            self._circuit.succeeded()
            return response
        finally:
            REMOTE_SECONDS.labels(self.service, outcome).observe(time.perf_counter() - started)

    async def _ask(
        self, method: str, path: str, headers: Mapping[str, str], bearer: str | None, options: Mapping[str, Any]
    ) -> httpx.Response:
        response = await self._client.request(method, path, headers=await self._authorized(headers, bearer), **options)
        if response.status_code == _UNAUTHORIZED and bearer is None and self._token is not None:
            self._token.forget()  # revoked, or the issuer changed its keys: a new token settles which
            headers = await self._authorized(headers, bearer)
            response = await self._client.request(method, path, headers=headers, **options)
        if response.status_code in _OVERLOADED:
            raise _Overloaded(response)
        return response

    async def _authorized(self, headers: Mapping[str, str], bearer: str | None) -> dict[str, str]:
        token = bearer or (await self._token.get() if self._token else None)
        return {**headers, "Authorization": f"Bearer {token}"} if token else dict(headers)


class _Overloaded(Exception):
    """502, 503 or 504: somebody in between says that the service cannot answer now."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(str(response.status_code))


def _worth_repeating(error: Exception, *, repeatable: bool) -> bool:
    return isinstance(error, _TRANSPORT_ERRORS) or (repeatable and isinstance(error, (*_LOST_ANSWERS, _Overloaded)))
