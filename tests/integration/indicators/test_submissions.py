"""Approved snapshots are handed up to the level above, signed, until they are taken (上报)."""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import text

from services.indicators.entrypoints.submissions import submission_timers, submit_snapshots
from services.indicators.metrics import UNSUBMITTED
from services.indicators.settings import IndicatorsSettings
from shared.kit.callbacks import SIGNATURE_HEADER, Callback, CallbackClient
from tests.builders.callers import Caller, Desk, desk_of
from tests.builders.settings import settings_of
from tests.integration.indicators.test_snapshots import JINAN, PAPER, SNAPSHOTS, YUAN, approved, frozen
from tests.integration.indicators.world import World

SECRET = "known to both of us"


class Above(BaseHTTPRequestHandler):
    """The level above: it notes what it is told, and answers as it is set to."""

    server: Listening

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append((dict(self.headers), body))
        self.send_response(self.server.answers)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """It says nothing."""


class Listening(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Above)
        self.told: list[tuple[dict[str, str], bytes]] = []
        self.answers = 204

    @property
    def client(self) -> CallbackClient:
        return CallbackClient(Callback(f"http://127.0.0.1:{self.server_port}/reports", SecretStr(SECRET)))

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.told]


@contextmanager
def listening() -> Iterator[Listening]:
    with Listening() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def above() -> Iterator[Listening]:
    with listening() as server:
        yield server


@pytest.fixture
async def desk(world: World, tmp_path: Path) -> AsyncIterator[Desk]:
    for division in (JINAN, JINAN, YUAN):
        world.registry.register(division, on=date(2026, 9, 5))
    await world.hear()
    async with desk_of("indicators", world.works, tmp_path) as desk:
        yield desk


@pytest.fixture
def maker(desk: Desk) -> Caller:
    return desk.caller("statistician", "3415", sub="maker")


@pytest.fixture
def checker(desk: Desk) -> Caller:
    return desk.caller("statistician", "3415", sub="checker")


async def round_of(world: World, above: Listening, *, rested: bool = False) -> None:
    if rested:
        async with world.works.begin() as work:
            await work.connection.execute(text("UPDATE submission SET tried_at = tried_at - interval '2 hours'"))
    await submit_snapshots(world.works, above=above.client, minimum=1)


async def submission(caller: Caller, snapshot_id: str) -> dict[str, Any] | None:
    told: dict[str, Any] | None = (await caller.get(f"{SNAPSHOTS}/{snapshot_id}")).json()["submission"]
    return told


async def test_an_approved_snapshot_is_handed_up_once_signed_with_the_numbers_that_were_frozen(
    world: World, above: Listening, maker: Caller, checker: Caller
) -> None:
    snapshot_id = await approved(maker, checker)
    world.registry.register(JINAN, on=date(2026, 9, 6))  # comes too late for what is frozen
    await world.hear()
    await round_of(world, above)
    await round_of(world, above)
    ((headers, body),) = above.told
    assert headers["Idempotency-Key"] == snapshot_id
    assert headers[SIGNATURE_HEADER] == hmac.new(SECRET.encode(), body, "sha256").hexdigest()
    told = json.loads(body)
    assert (told["division"], told["this"]["snapshot_id"], told["this"]["period"]) == ("3415", snapshot_id, "2026-10")
    of = {(item["indicator"], item["division"]): item["value"] for item in told["items"]}
    assert (of["persons", "3415"], of["persons", "341502"]) == (3, 2)
    asked_for = (await maker.get("/api/v1/work-reports/json", division="3415", period="2026-10")).json()
    assert [told[name] for name in ("title", "this", "items")] == [
        asked_for[name] for name in ("title", "this", "items")
    ]
    kept = await submission(maker, snapshot_id)
    assert kept is not None
    assert (kept["tries"], kept["refusal"], kept["taken_at"] is not None) == (1, None, True)
    assert UNSUBMITTED._value.get() == 0


async def test_what_nobody_approved_is_not_handed_up(world: World, above: Listening, maker: Caller) -> None:
    snapshot_id = await frozen(maker)
    await round_of(world, above)
    assert above.told == []
    assert await submission(maker, snapshot_id) is None


async def test_a_refused_snapshot_is_shown_rests_and_is_handed_up_again_and_keeps_no_other_waiting(
    world: World, above: Listening, maker: Caller, checker: Caller
) -> None:
    snapshot_id, other_id = await approved(maker, checker), await approved(maker, checker, period="2026-09")
    above.answers = 422
    await round_of(world, above)
    assert [each["this"]["period"] for each in above.documents] == ["2026-10", "2026-09"]
    kept = await submission(maker, snapshot_id)
    assert kept is not None
    assert (kept["tries"], kept["refusal"], kept["taken_at"]) == (1, "422", None)
    assert UNSUBMITTED._value.get() == 2
    above.answers = 200
    await round_of(world, above)
    assert len(above.told) == 2, "it rests"
    await round_of(world, above, rested=True)
    assert [headers["Idempotency-Key"] for headers, _ in above.told] == [snapshot_id, other_id] * 2
    kept = await submission(maker, snapshot_id)
    assert kept is not None
    assert (kept["tries"], kept["refusal"]) == (2, None)
    assert UNSUBMITTED._value.get() == 0


async def test_where_nobody_answers_the_round_ends_and_nothing_is_lost(
    world: World, maker: Caller, checker: Caller
) -> None:
    snapshot_id, other_id = await approved(maker, checker), await approved(maker, checker, period="2026-09")
    with listening() as gone:
        nobody = gone.client
    await submit_snapshots(world.works, above=nobody, minimum=1)
    kept = await submission(maker, snapshot_id)
    assert kept is not None
    assert (kept["refusal"], kept["taken_at"]) == ("ConnectError", None)
    assert await submission(maker, other_id) is None
    assert UNSUBMITTED._value.get() == 2


async def test_of_a_snapshot_and_its_correction_only_the_correction_is_handed_up(
    world: World, above: Listening, maker: Caller, checker: Caller
) -> None:
    await approved(maker, checker)
    corrected = await approved(maker, checker, correction=PAPER)
    await round_of(world, above)
    assert [each["this"]["snapshot_id"] for each in above.documents] == [corrected]
    assert above.documents[0]["this"]["snapshot_version"] == 2


async def test_a_correction_is_handed_up_after_what_it_corrects_was_taken(
    world: World, above: Listening, maker: Caller, checker: Caller
) -> None:
    await approved(maker, checker)
    await round_of(world, above)
    await approved(maker, checker, correction=PAPER)
    await round_of(world, above)
    assert [each["this"]["snapshot_version"] for each in above.documents] == [1, 2]


def test_without_a_level_above_nothing_is_handed_up(tmp_path: Path) -> None:
    settings = settings_of("indicators", tmp_path)
    assert isinstance(settings, IndicatorsSettings)
    assert submission_timers(settings.above(), 5) == ()


@pytest.mark.parametrize(
    "told",
    [
        "",
        "{}",
        '{"url": "ftp://above.example/", "secret": "sixteen characters"}',
        '{"url": "https://above.example/", "secret": "short"}',
        '{"url": "https://above.example/", "secret": "sixteen characters", "tries": 3}',
    ],
)
def test_a_level_above_that_cannot_be_told_is_refused_at_the_start(tmp_path: Path, told: str) -> None:
    with pytest.raises(ValidationError):
        settings_of("indicators", tmp_path, level_above=told)


def test_a_level_above_is_told_where_the_setting_says(tmp_path: Path) -> None:
    told = '{"url": "https://above.example/reports", "secret": "sixteen characters"}'
    settings = settings_of("indicators", tmp_path, level_above=told)
    assert isinstance(settings, IndicatorsSettings)
    above = settings.above()
    assert above is not None
    assert (above.url, [timer.name for timer in submission_timers(above, 5)]) == (
        "https://above.example/reports",
        ["submissions"],
    )
