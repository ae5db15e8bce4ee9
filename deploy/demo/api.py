"""One service as one caller sees it: over HTTP, with a token, and nothing else."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from uuid import uuid4

import httpx

TIMEOUT_SECONDS: Final = 30.0
PAGE: Final = 1_000
JOB_POLL_SECONDS: Final = 0.2

Json = dict[str, Any]


class Refused(Exception):
    """A service answered something else than was expected; shows what it said."""

    def __init__(self, response: httpx.Response) -> None:
        request = response.request
        super().__init__(f"{request.method} {request.url} answered {response.status_code}: {response.text[:500]}")
        self.status = response.status_code


class NeverCame(Exception):
    """Something that had to become true did not in time."""


class JobDidNotSucceed(Exception):
    """A job ended otherwise than well, or did not account for its rows."""


class Api:
    """A keep-alive client of one service with one caller's token."""

    def __init__(self, base_url: str, token: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def fetch(self, path: str, **params: Any) -> httpx.Response:
        """GET, whatever it is. Raises Refused unless it is a success."""
        return _successful(await self._client.get(path, params=params))

    async def get(self, path: str, **params: Any) -> Json:
        """GET a JSON object."""
        answer: Json = (await self.fetch(path, **params)).json()
        return answer

    async def items(self, path: str, **params: Any) -> AsyncIterator[Json]:
        """A whole list, page by page."""
        cursor: dict[str, str] = {}
        while True:
            page = await self.get(path, limit=PAGE, **params, **cursor)
            for item in page["items"]:
                yield item
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}

    async def entries(self, *, after: int) -> AsyncIterator[Json]:
        """The journal of the service after a position, up to its end."""
        while True:
            page = await self.get("/api/v1/journal", after=after, limit=PAGE)
            for event in page["events"]:
                yield event
            if page["next"] == after:
                return
            after = page["next"]

    async def post(self, path: str, body: Json | None = None, *, seen: str | None = None) -> httpx.Response:
        """POST, once (with a fresh idempotency key). ``seen``: the ETag of what is to be changed."""
        headers = {"Idempotency-Key": str(uuid4())} | ({} if seen is None else {"If-Match": seen})
        return _successful(await self._client.post(path, json=body, headers=headers))

    async def upload(self, path: str, file: Path) -> Json:
        """Send a spreadsheet to an import; the job it became."""
        with file.open("rb") as content:
            answer = await self._client.post(
                path, files={"file": (file.name, content)}, headers={"Idempotency-Key": str(uuid4())}
            )
        job: Json = _successful(answer).json()
        return job

    async def finish(self, job: Json, *, told: Callable[[int, int | None], None]) -> Json:
        """Wait until a job has ended, telling done and total; its report. Raises JobDidNotSucceed."""
        while job["state"] in {"QUEUED", "RUNNING"}:
            await asyncio.sleep(JOB_POLL_SECONDS)
            job = await self.get(f"/api/v1/jobs/{job['job_id']}")
            told(job["done"], job["total"])
        if job["state"] != "SUCCEEDED":
            message = f"{job['kind']} ended {job['state']}: {job['error']}"
            raise JobDidNotSucceed(message)
        report: Json = job["result"]
        return report


def _successful(response: httpx.Response) -> httpx.Response:
    if not response.is_success:
        raise Refused(response)
    return response


async def eventually(
    attempt: Callable[[], Awaitable[Any]], *, what: str, seconds: float, every: float = 0.01, of: Collection[int] = ()
) -> Any:
    """Try until there is an answer that is not None. ``of``: refusals with these statuses are tried again too.

    Raises NeverCame.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            if (found := await attempt()) is not None:
                return found
        except Refused as refusal:
            if refusal.status not in of:
                raise
        if time.monotonic() > deadline:
            message = f"{what}: not within {seconds:g} s"
            raise NeverCame(message)
        await asyncio.sleep(every)
