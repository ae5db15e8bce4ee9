import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from shared.kit.logging import configure_logging, masked
from shared.kit.permissions import Public
from shared.kit.routing import Router
from tests.unit.kit.a_service import a_client, an_api

IDENTITY_NUMBER = "34150219900101123X"


class _Lines(io.StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []

    def write(self, text: str) -> int:
        self.written += filter(None, text.split("\n"))
        return len(text)


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What is logged meanwhile, as lines; the test runner's own handlers come back afterwards."""
    root = logging.getLogger()
    before, configuration = (root.handlers[:], root.level), structlog.get_config()
    stream = _Lines()
    configure_logging(service="things", role="api", stream=stream)
    yield stream.written
    root.handlers[:], root.level = before
    structlog.configure(**configuration)


def _told(lines: list[str], event: str) -> dict[str, Any]:
    [line] = [json.loads(line) for line in lines if json.loads(line)["event"] == event]
    return dict(line)


def test_a_line_is_json_with_its_event_level_time_service_and_role(lines: list[str]) -> None:
    structlog.get_logger().info("thing.made", size=3)
    told = _told(lines, "thing.made")
    assert {"size": 3, "level": "info", "service": "things", "role": "api"}.items() <= told.items()
    assert told["timestamp"].endswith("Z")


def test_the_standard_librarys_loggers_write_the_same_lines(lines: list[str]) -> None:
    logging.getLogger("uvicorn.error").warning("started %s", "well")
    assert _told(lines, "started well")["level"] == "warning"


@pytest.mark.parametrize(
    "text",
    [
        IDENTITY_NUMBER,
        f"{IDENTITY_NUMBER}441",
        "call 13912345678 now",
        "账户6222021234567890123。",
        {"deep": [IDENTITY_NUMBER]},
        ValueError(f"bad number {IDENTITY_NUMBER}"),
        6222021234567890123,
    ],
)
def test_personal_numbers_are_masked_wherever_they_stand(lines: list[str], text: object) -> None:
    structlog.get_logger().info("thing.made", text=text)
    line = lines[-1]
    assert "***" in line
    assert not any(secret in line for secret in (IDENTITY_NUMBER, "13912345678", "6222021234567890123"))


def test_secrets_are_masked_by_their_name(lines: list[str]) -> None:
    structlog.get_logger().info("thing.made", authorization="Bearer x", client_secret="y")
    told = _told(lines, "thing.made")
    assert (told["authorization"], told["client_secret"]) == ("***", "***")


def test_a_failure_is_logged_with_its_trace_and_without_its_numbers(lines: list[str]) -> None:
    try:
        raise RuntimeError(IDENTITY_NUMBER)
    except RuntimeError:
        structlog.get_logger().exception("thing.failed")
    told = _told(lines, "thing.failed")
    assert "Traceback" in told["exception"]
    assert IDENTITY_NUMBER not in told["exception"]


@pytest.mark.parametrize("harmless", ["341502", "2026-03-31", 1_900_000, True, 1.5, None, "a" * 40, "01945b6c-7e1a"])
def test_what_is_no_personal_number_is_left_alone(harmless: object) -> None:
    assert masked(harmless) == harmless


async def test_the_access_log_names_the_route_and_never_the_path_or_the_query(lines: list[str]) -> None:
    router = Router()

    @router.get("/people/{number}", dependencies=[Public()])
    async def read(number: str, name: str = "") -> None:
        structlog.get_logger().info("person.read")

    async with a_client(an_api(router)) as client:
        response = await client.get(f"/people/{IDENTITY_NUMBER}?name=李静")
    answered, read_line = _told(lines, "request.answered"), _told(lines, "person.read")
    assert (answered["route"], answered["method"], answered["status"]) == ("/people/{number}", "GET", 200)
    assert answered["trace_id"] == read_line["trace_id"] == response.headers["trace-id"]
    assert not any(secret in line for line in lines for secret in (IDENTITY_NUMBER, "李静"))
