"""How often anybody may: budgets declared at the route, counted per person, per client and per stated purpose.

Every permitted request draws on the budget `request`; an expensive one also on its own:

    @router.post("/lookup", dependencies=[Budget("person.lookup", subject="30/minute;600/day")])

Counters live in the process, as sliding windows: asking them costs microseconds and no other server. A service with
several API processes says so in `api_processes`, and each admits its part, so together they never admit more than the
budget. What was counted is forgotten at a restart. Settings replace rates by the budget's name, for one client by
`name@client`, for all budgets by `*`.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil, floor
from typing import Annotated, Any, Final

from fastapi import Depends
from fastapi.dependencies.models import Dependant
from limits import RateLimitItem, parse_many
from limits.aio.storage import Storage
from limits.aio.storage.base import SlidingWindowCounterSupport
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from pydantic import AfterValidator, BaseModel, ConfigDict
from starlette.requests import HTTPConnection

from shared.kit.metrics import BUDGET_EXCEEDED
from shared.kit.problems import Problem
from shared.values.purpose import Purpose

_COUNTERS_MAX: Final = 50_000
_ADDRESS_LENGTH_MAX: Final = 64


def _readable(rates: str) -> str:
    if rates:
        parse_many(rates)
    return rates


RateText = Annotated[str, AfterValidator(_readable)]
"""`30/minute;600/day`, as the library `limits` reads it; empty: unlimited."""


class Rates(BaseModel):
    """What one budget allows: to one client, to one person of it, and to that person under one stated purpose.

    A machine is its client: `subject` and `purpose` are for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    client: RateText = ""
    subject: RateText = ""
    purpose: RateText = ""


REQUEST: Final = "request"
_ORDINARY: Final = Rates(client="5000/second", subject="50/second;1500/minute")
"""Of every request together. A house of clerks shares one client, so that is wide and a person's is not."""
_REFUSALS: Final = "600/minute"
"""Requests without a good token, of one address."""


@dataclass(frozen=True, slots=True)
class DeclaredBudget:
    """A budget as its route declares it."""

    name: str
    rates: Rates

    async def __call__(self) -> None:
        """As a dependency it does nothing: the route spends before it reads the body."""


def Budget(name: str, *, client: str = "", subject: str = "", purpose: str = "") -> Any:  # noqa: N802 - like Depends
    """The route draws on the budget `name`; without rates here or in the settings it is counted as unlimited."""
    return Depends(DeclaredBudget(name, Rates(client=client, subject=subject, purpose=purpose)))


def budgets_in(dependant: Dependant) -> Iterator[DeclaredBudget]:
    """Every budget a route declares."""
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, DeclaredBudget):
            yield dependency.call
        yield from budgets_in(dependency)


class Windows(Storage, SlidingWindowCounterSupport):
    """The library's sliding windows in this process's memory: constant time, bounded, no threads, no tasks.

    Its own memory storage walks over every counter at each hit. The one touched longest ago makes room.
    """

    STORAGE_SCHEME = None

    def __init__(self, *, counters_max: int = _COUNTERS_MAX, now: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._counters_max = counters_max
        self._now = now
        self._counters: OrderedDict[str, tuple[int, int, int]] = OrderedDict()
        """Key -> number of the window, count in the window before, count in this one."""

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing here can fail."""
        return ValueError

    async def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count if there is room."""
        previous, previous_ttl, current, _ = self._read(key, expiry)
        if floor(previous * previous_ttl / expiry + current) + amount > limit:
            return False
        self._counters[key] = (int(self._now() // expiry), previous, current + amount)
        self._counters.move_to_end(key)
        if len(self._counters) > self._counters_max:
            self._counters.popitem(last=False)
        return True

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Count and seconds left of the window before, and of this one."""
        return self._read(key, expiry)

    def _read(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        now = self._now()
        left = expiry - now % expiry
        window, previous, current = self._counters.get(key, (0, 0, 0))
        match int(now // expiry) - window:
            case 0:
                return previous, left, current, left + expiry
            case 1:
                return current, left, 0, left + expiry
            case _:
                return 0, 0.0, 0, left + expiry

    async def clear_sliding_window(self, key: str, expiry: int) -> None:  # noqa: ARG002 - the library's signature
        """Forget one counter."""
        self._counters.pop(key, None)

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count whether there is room or not."""
        _, _, current, _ = self._read(key, expiry)
        await self.acquire_sliding_window_entry(key, current + amount + 1, expiry, amount)
        return current + amount

    async def get(self, key: str) -> int:
        """What is counted in the present window."""
        return self._counters.get(key, (0, 0, 0))[2]

    async def get_expiry(self, key: str) -> float:  # noqa: ARG002 - the library's signature
        """Counters have no moment of their own at which they end."""
        return self._now()

    async def check(self) -> bool:
        """Memory answers."""
        return True

    async def reset(self) -> int | None:
        """Forget all counters; how many there were."""
        count = len(self._counters)
        self._counters.clear()
        return count

    async def clear(self, key: str) -> None:
        """Forget one counter."""
        self._counters.pop(key, None)


class Budgets:
    """The budgets of one API process. `replaced` are the rates of the settings, by name."""

    def __init__(
        self, replaced: Mapping[str, Rates] | None = None, *, processes: int = 1, now: Callable[[], float] = time.time
    ) -> None:
        self._replaced = dict(replaced or {})
        self._processes = processes
        self._now = now
        self._people = SlidingWindowCounterRateLimiter(Windows(now=now))
        # Addresses can be invented by the million: they must not push out what is counted for callers.
        self._addresses = SlidingWindowCounterRateLimiter(Windows(now=now))
        self._parsed: dict[str, tuple[RateLimitItem, ...]] = {}

    async def spend(self, budget: DeclaredBudget, connection: HTTPConnection) -> None:
        """Count one request of the connection's caller. Raises Problem 429 with `Retry-After`.

        The person comes first: who has used up their own part uses up nothing of their client's.
        """
        caller = getattr(connection.state, "caller", None)
        if caller is None:
            return
        rates = self._rates(budget, caller.client_id)
        if not caller.machine:
            person = (caller.client_id, caller.subject)
            await self._count(self._people, rates.subject, budget.name, "subject", person)
            if rates.purpose:
                purpose = _stated_purpose(connection)
                await self._count(self._people, rates.purpose, budget.name, "purpose", (*person, purpose))
        await self._count(self._people, rates.client, budget.name, "client", (caller.client_id,))

    async def refused(self, connection: HTTPConnection) -> None:
        """Count one request without a good token; raises Problem 429 when an address sends too many of them."""
        address = connection.client.host[:_ADDRESS_LENGTH_MAX] if connection.client else ""
        rates = self._replaced.get("refused", Rates(client=_REFUSALS))
        await self._count(self._addresses, rates.client, "refused", "address", (address,))

    def _rates(self, budget: DeclaredBudget, client_id: str) -> Rates:
        for name in (f"{budget.name}@{client_id}", budget.name, "*"):
            if name in self._replaced:
                return self._replaced[name]
        return budget.rates

    async def _count(
        self, limiter: SlidingWindowCounterRateLimiter, rates: str, name: str, whose: str, key: tuple[str, ...]
    ) -> None:
        counter = f"{name}:{whose}:{key!r}"
        for item in self._items(rates):
            if not await limiter.hit(item, counter):
                stats = await limiter.get_window_stats(item, counter)
                # The window rolls: the first place is free a part of it after the moment the library tells.
                wait_seconds = ceil(max(0.0, stats.reset_time - time.time()) + item.get_expiry() / item.amount)
                BUDGET_EXCEEDED.labels(name, whose).inc()
                raise Problem(
                    "too_many_requests",
                    headers={"Retry-After": str(wait_seconds)},
                    budget=name,
                    seconds=wait_seconds,
                )

    def _items(self, rates: str) -> tuple[RateLimitItem, ...]:
        if rates not in self._parsed:
            self._parsed[rates] = tuple(self._part_of(item) for item in parse_many(rates)) if rates else ()
        return self._parsed[rates]

    def _part_of(self, item: RateLimitItem) -> RateLimitItem:
        return type(item)(max(1, item.amount // self._processes), item.multiples)


EVERY_REQUEST: Final = DeclaredBudget(REQUEST, _ORDINARY)
"""What each permitted request draws on, whatever its route declares besides."""


def _stated_purpose(connection: HTTPConnection) -> str:
    """The purpose if it is one of the list; anything else is one counter, however it is spelt."""
    stated = connection.headers.get("x-purpose", "")
    return stated if stated in set(Purpose) else "-"
