"""How often anybody may: per person, per client, per stated purpose, at the limit and one more."""

from typing import Annotated, Any

import httpx
import pytest
from pydantic import ValidationError

from shared.kit.limits import Budget, Rates, Windows
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router
from tests.unit.kit.a_service import a_client, an_api, bearer, some_settings


def a_router() -> Router:
    router = Router()
    lookup = Budget("thing.lookup", client="10/minute", subject="3/minute", purpose="2/minute")

    @router.post("/lookup", dependencies=[lookup])
    async def look_up(caller: Annotated[Caller, Permit("thing:read")]) -> str:
        return caller.subject

    @router.get("/things")
    async def things(caller: Annotated[Caller, Permit("thing:read")]) -> str:
        return caller.subject

    @router.post("/things", dependencies=[Budget("thing.write", subject="2/minute")])
    async def write(caller: Annotated[Caller, Permit("thing:write")]) -> str:
        return caller.subject

    return router


class Clock:
    """The time of the counters; starts where a minute, an hour and a day begin."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0 - 1_800_000_000 % 86_400

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def an_app(clock: Clock, budgets: dict[str, Any] | None = None, **changes: Any) -> Any:
    app = an_api(a_router(), settings=some_settings(budgets=budgets or {}, **changes))
    for limiter in (app.state.budgets._people, app.state.budgets._addresses):
        limiter.storage._now = clock
    return app


async def statuses(client: httpx.AsyncClient, count: int, path: str = "/lookup", **claims: Any) -> list[int]:
    headers = {**bearer(**claims), **({"X-Purpose": claims["purpose"]} if "purpose" in claims else {})}
    return [(await client.post(path, headers=headers)).status_code for _ in range(count)]


def a_person(number: int, purpose: str = "PAYMENT") -> dict[str, Any]:
    return {"sub": f"u-{number}", "client_id": "desk", "purpose": purpose}


def a_machine(name: str) -> dict[str, Any]:
    return {"sub": name, "client_id": name, "scope": "thing:read thing:write", "roles": []}


async def test_a_person_is_stopped_after_the_limit_and_others_are_not(clock: Clock) -> None:
    async with a_client(an_app(clock)) as client:
        purposes = ["PAYMENT", "COMPLAINT", "EMERGENCY", "LEGAL_DUTY"]
        got = [(await statuses(client, 1, **a_person(1, purpose)))[0] for purpose in purposes]
        assert got == [200, 200, 200, 429]
        assert await statuses(client, 1, **a_person(2)) == [200]


async def test_one_purpose_has_a_smaller_budget_than_the_person(clock: Clock) -> None:
    async with a_client(an_app(clock)) as client:
        assert await statuses(client, 3, **a_person(1, "PAYMENT")) == [200, 200, 429]
        assert await statuses(client, 1, **a_person(1, "COMPLAINT")) == [429], "the refused one was counted as well"


async def test_purposes_nobody_knows_are_one_purpose(clock: Clock) -> None:
    async with a_client(an_app(clock)) as client:
        got = [(await statuses(client, 1, **a_person(1, f"made-up-{n}")))[0] for n in range(3)]
        assert got == [200, 200, 429]


async def test_a_client_is_stopped_though_each_of_its_persons_has_budget_left(clock: Clock) -> None:
    async with a_client(an_app(clock)) as client:
        got = [(await statuses(client, 1, **a_person(number)))[0] for number in range(11)]
        assert got == [200] * 10 + [429]


async def test_a_machine_is_its_client(clock: Clock) -> None:
    async with a_client(an_app(clock)) as client:
        assert await statuses(client, 11, **a_machine("gate")) == [200] * 10 + [429]
        assert await statuses(client, 1, **a_machine("door")) == [200]


async def test_who_used_up_their_own_part_uses_up_nothing_of_the_clients(clock: Clock) -> None:
    async with a_client(an_app(clock)) as client:
        await statuses(client, 50, **a_person(1))
        got = [(await statuses(client, 1, **a_person(number)))[0] for number in range(2, 12)]
        assert got == [200] * 8 + [429] * 2, "10 a minute for the client, 2 of which person 1 was let through"


async def test_the_window_rolls(clock: Clock) -> None:
    async with a_client(an_app(clock, {"thing.lookup": {"subject": "4/minute"}})) as client:
        assert await statuses(client, 5, **a_person(1)) == [200] * 4 + [429]
        clock.now += 60
        assert await statuses(client, 1, **a_person(1)) == [429], "the minute before still counts in full"
        clock.now += 15
        assert await statuses(client, 2, **a_person(1)) == [200, 429], "a quarter of it has passed"
        clock.now += 120
        assert await statuses(client, 5, **a_person(1)) == [200] * 4 + [429]


async def test_several_rates_hold_together(clock: Clock) -> None:
    async with a_client(an_app(clock, {"thing.lookup": {"subject": "2/minute;3/day"}})) as client:
        assert await statuses(client, 3, **a_person(1)) == [200, 200, 429]
        clock.now += 600
        assert await statuses(client, 2, **a_person(1)) == [200, 429]


async def test_each_budget_counts_for_itself(clock: Clock) -> None:
    async with a_client(an_app(clock)) as client:
        assert await statuses(client, 3, "/things", **a_person(1)) == [200, 200, 429]
        assert await statuses(client, 1, "/lookup", **a_person(1)) == [200]


async def test_every_request_draws_on_the_ordinary_budget(clock: Clock) -> None:
    async with a_client(an_app(clock, {"request": {"subject": "5/minute"}})) as client:
        got = [(await client.get("/things", headers=bearer(sub="u-1"))).status_code for _ in range(6)]
        assert got == [200] * 5 + [429]


async def test_the_answer_says_how_long_to_wait_in_both_languages(clock: Clock) -> None:
    async with a_client(an_app(clock, {"thing.lookup": {"subject": "1/minute"}})) as client:
        await statuses(client, 1, **a_person(1))
        told = await client.post("/lookup", headers=bearer(sub="u-1"))
        english = await client.post("/lookup", headers={**bearer(sub="u-1"), "Accept-Language": "en"})
    assert told.status_code == 429
    assert told.headers["content-type"] == "application/problem+json"
    assert 1 <= int(told.headers["retry-after"]) <= 120
    assert told.json()["code"] == "too_many_requests"
    assert f"请在 {told.headers['retry-after']} 秒后重试" in told.json()["detail"]
    assert "Try again in" in english.json()["detail"]


async def test_settings_replace_rates_for_one_client_for_a_budget_or_for_all(clock: Clock) -> None:
    budgets = {
        "thing.lookup@gate": {"client": "2/minute"},
        "thing.lookup": {"client": "1/minute"},
        "*": {"client": "1000/second"},
    }
    async with a_client(an_app(clock, budgets)) as client:
        assert await statuses(client, 3, **a_machine("gate")) == [200, 200, 429]
        assert await statuses(client, 2, **a_machine("door")) == [200, 429]
        assert await statuses(client, 50, "/things", **a_machine("door")) == [200] * 50


async def test_several_processes_share_a_budget_and_never_admit_more(clock: Clock) -> None:
    admitted = 0
    for _ in range(3):
        async with a_client(an_app(clock, api_processes=3)) as client:
            admitted += (await statuses(client, 20, **a_machine("gate"))).count(200)
    assert admitted == 9, "a third of 10, rounded down, in each"


async def test_an_address_that_sends_bad_tokens_is_told_to_slow_down_and_good_ones_still_get_in(clock: Clock) -> None:
    async with a_client(an_app(clock, {"refused": {"client": "5/minute"}})) as client:
        bad = [(await client.get("/things", headers={"Authorization": "Bearer x"})).status_code for _ in range(7)]
        missing = (await client.get("/things")).status_code
        good = (await client.get("/things", headers=bearer())).status_code
    assert bad == [401] * 5 + [429] * 2
    assert missing == 429
    assert good == 200


async def test_a_request_without_permission_draws_on_nothing(clock: Clock) -> None:
    async with a_client(an_app(clock)) as client:
        assert await statuses(client, 5, "/things", **{**a_person(1), "roles": ["reader"]}) == [403] * 5
        assert await statuses(client, 2, "/things", **a_person(1)) == [200, 200]


async def test_the_memory_of_counters_is_bounded() -> None:
    windows = Windows(counters_max=100)
    for number in range(1_000):
        await windows.acquire_sliding_window_entry(f"k{number}", 5, 60)
    assert await windows.reset() == 100


@pytest.mark.parametrize("rates", ["often", "10", "10/fortnight", "x/minute", "10/minute;often"])
def test_rates_nobody_can_read_stop_the_start(rates: str) -> None:
    with pytest.raises(ValidationError):
        Rates(client=rates)
