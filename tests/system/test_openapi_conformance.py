"""The OpenAPI documents are promises: thousands of generated requests to each service, and some no generator makes.

Every check schemathesis has, on real HTTP and a real PostgreSQL: no 500, no undocumented status, content type, header
or body, no schema-violating request accepted and no valid one refused for its shape, nothing without a token, 405 with
`Allow`. `make proof` tries more examples and follows links from answers to requests.
"""

from __future__ import annotations

import json
import logging
import re
import socket
from collections.abc import Iterator
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
import structlog

from deploy.local.postgres import PostgresServer
from tests.architecture.source import SERVICES
from tests.builders.databases import home, migrated
from tests.builders.served import Served, served
from tests.system.conformance import IS_FULL, bearer, examined
from tests.system.seeds import seeded

EXAMPLES: Final = 60 if IS_FULL else 2
PHASES: Final = ("examples", "coverage", "fuzzing", *(("stateful",) if IS_FULL else ()))
TARGET: Final = "/api/v1/approvals"
"""Every service has it, and it takes a body with text."""
PROPOSAL: Final = b'{"kind": "k", "subject_id": "s", "note": %s}'

BODIES: Final[dict[str, tuple[bytes, set[int]]]] = {
    "nothing": (b"", {422}),
    "blanks": (b"  \r\n", {400}),
    "no JSON": (b"{'kind': 1}", {400}),
    "half of one": (b'{"kind": "k"', {400}),
    "two of them": (b"{}{}", {400}),
    "bytes that are no UTF-8": (b'{"kind": "\xff\xfe"}', {400}),
    "UTF-16": ('{"kind": "k"}'.encode("utf-16"), {400, 422}),
    "a list": (b"[]", {422}),
    "null": (b"null", {422}),
    "not a number": (b"NaN", {400, 422}),
    "an infinite number": (PROPOSAL % b"1e999", {422}),
    "a number of five thousand digits": (PROPOSAL % (b"9" * 5000), {400}),
    "a number beyond 64 bits": (PROPOSAL % b"9223372036854775808", {422}),
    "NUL in text": (PROPOSAL % rb'"why\u0000 not"', {422}),
    "NUL in a name": (rb'{"\u0000": 1}', {422}),
    "half a surrogate in text": (PROPOSAL % rb'"why \ud800 not"', {422}),
    "half a surrogate in a name": (rb'{"\ud800": 1}', {422}),
    "a name of a megabyte": (b'{"%s": 1}' % (b"n" * 2**20), {422}),
    "the same name twice": (rb'{"kind": "k", "kind": 1}', {422}),
    "lists without end": (b"[" * 100_000, {400}),
    "objects without end": (b'{"kind":' * 100_000, {400}),
}
"""What stands in a body -> how it may be refused."""

ADDRESSES: Final[dict[str, tuple[bytes, set[int]]]] = {
    "a broken escape": (b"/api/v1/clock%zz", {404}),
    "half an escape": (b"/api/v1/clock%4", {404}),
    "bytes that are no UTF-8": (b"/api/v1/code-lists/%ff%fe", {404}),
    "an encoded surrogate": (b"/api/v1/code-lists/%ed%a0%80", {404}),
    "NUL in the path": (b"/api/v1/code-lists/%00", {422}),
    "NUL in the query": (b"/api/v1/approvals?kind=%00", {422}),
    "no UTF-8 in the query": (b"/api/v1/approvals?kind=%ff", {200}),
    "an unknown parameter": (b"/api/v1/approvals?%F0%9F%98%80=1", {400}),
    "a parameter without a name": (b"/api/v1/approvals?=1", {400}),
    "a parameter twice": (b"/api/v1/approvals?limit=1&limit=2", {400}),
    "a number of five thousand digits": (b"/api/v1/approvals?limit=" + b"9" * 5000, {422}),
    "steps upwards": (b"/api/v1/../../etc/passwd", {404}),
    "encoded steps upwards": (b"/docs/assets/%2e%2e%2f%2e%2e%2fapp.py", {404}),
    "two slashes": (b"//api//v1//clock", {404}),
}
"""What stands in an address -> its answer, for somebody with a token."""

SMUGGLED: Final[dict[str, bytes]] = {
    "two lengths": b"Content-Length: 4\r\nContent-Length: 40\r\n\r\n",
    "a length and chunks": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks nobody knows": b"Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n\r\n",
    "a blank before the colon": b"Transfer-Encoding : chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "a negative length": b"Content-Length: -4\r\n\r\n",
    "a length with a sign": b"Content-Length: +4\r\n\r\n",
    "NUL in a header": b"X-Odd: a\x00b\r\nContent-Length: 4\r\n\r\n",
}
"""Heads after which two servers could disagree where the request ends."""


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of lines nobody reads cost more than the requests they tell of."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with migrated(*SERVICES) as server:
        yield server


@pytest.fixture(scope="module", params=SERVICES)
def api(request: pytest.FixtureRequest, server: PostgresServer) -> Iterator[Served]:
    with home() as folder, served(request.param, server, folder) as api:
        yield api


def test_every_answer_to_who_may_do_everything_is_as_documented(
    api: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = examined(api, bearer(seeded(api, bearer())), examples=EXAMPLES, phases=PHASES)
    with capsys.disabled():
        print(f"\n  {api.service} with a token: {seen}")
    assert seen.cases > 150
    assert seen.wrong == {}


def test_without_a_good_token_nothing_but_the_public_answers(api: Served, capsys: pytest.CaptureFixture[str]) -> None:
    answers = list(_without_a_good_token(api))
    with capsys.disabled():
        print(f"\n  {api.service} without a good token: {len(answers)} cases")
    for operation, is_public, answer in answers:
        assert (answer.status_code == 401) != is_public, operation
        if not is_public:
            assert answer.headers["www-authenticate"].startswith("Bearer"), operation
            _is_a_problem(answer.headers["content-type"], answer.content)
    if IS_FULL:
        seen = examined(api, {}, examples=EXAMPLES, phases=("coverage", "fuzzing"))
        with capsys.disabled():
            print(f"  {api.service} without a token: {seen}")
        assert seen.unprotected == []
        assert seen.wrong == {}


def test_a_parameter_nobody_declared_is_refused_everywhere(api: Served) -> None:
    with httpx.Client(base_url=api.url, headers=bearer(), trust_env=False, timeout=60) as client:
        for method, path, _ in _operations(api):
            answer = client.request(method, path, params={"imagined": "1"})
            assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter"), f"{method} {path}"


@pytest.mark.parametrize(("body", "expected"), BODIES.values(), ids=BODIES)
def test_a_body_no_client_sends_is_refused_in_words(api: Served, body: bytes, expected: set[int]) -> None:
    headers = bearer() | {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
    answer = httpx.post(api.url + TARGET, content=body, headers=headers, trust_env=False, timeout=30)
    assert answer.status_code in expected, answer.text
    _is_a_problem(answer.headers["content-type"], answer.content)


def test_a_body_of_another_type_is_not_read_as_json(api: Served) -> None:
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "application/xml", "", "nonsense"):
        headers = bearer() | {"Content-Type": media_type, "Idempotency-Key": str(uuid4())}
        answer = httpx.post(api.url + TARGET, content=PROPOSAL % b'"note"', headers=headers, trust_env=False)
        assert answer.status_code == 422, media_type


@pytest.mark.parametrize(("target", "expected"), ADDRESSES.values(), ids=ADDRESSES)
def test_an_address_no_client_asks_for_is_answered_as_one_that_is_not_there(
    api: Served, target: bytes, expected: set[int]
) -> None:
    head = b"GET %s HTTP/1.1\r\nHost: a\r\nAuthorization: %s\r\nConnection: close\r\n\r\n"
    (status, media_type, body), *others = _said(api, head % (target, bearer()["Authorization"].encode()))
    assert (status in expected, others) == (True, []), (status, body)
    if status != 200:
        _is_a_problem(media_type, body)


@pytest.mark.parametrize("head", SMUGGLED.values(), ids=SMUGGLED)
def test_nothing_is_smuggled_behind_a_request(api: Served, head: bytes) -> None:
    hidden = b"GET /api/v1/clock HTTP/1.1\r\nHost: a\r\n\r\n"
    answers = _said(api, b"POST " + TARGET.encode() + b" HTTP/1.1\r\nHost: a\r\n" + head + hidden)
    assert [status for status, _, _ in answers] == [400]


def test_the_same_request_told_honestly_is_answered_and_so_is_the_next(api: Served) -> None:
    hidden = b"GET /api/v1/clock HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answers = _said(api, b"POST " + TARGET.encode() + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nnull" + hidden)
    assert [status for status, _, _ in answers] == [401, 200]


def _without_a_good_token(api: Served) -> Iterator[tuple[str, bool, httpx.Response]]:
    """(operation, whether anybody may, the answer): every operation with no token and with what is none."""
    others: tuple[dict[str, str], ...] = (
        {},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic YTpi"},
        {"Cookie": "token=a"},
    )
    with httpx.Client(base_url=api.url, trust_env=False, timeout=60) as client:
        for method, path, operation in _operations(api):
            for headers in others:
                answer = client.request(method, path, headers=headers)
                yield f"{method} {path} {headers}", operation["security"] == [], answer


def _operations(api: Served) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path with ids of nothing, what the document tells)."""
    for path, operations in api.app.openapi()["paths"].items():
        for method, operation in operations.items():
            yield method, re.sub(r"\{\w+\}", str(uuid4()), path), operation


def _is_a_problem(media_type: str, body: bytes) -> None:
    assert media_type == "application/problem+json"
    told: dict[str, Any] = json.loads(body)
    assert {"type", "title", "status", "detail", "code", "errors", "trace_id"} <= told.keys()


def _said(api: Served, request: bytes) -> list[tuple[int, str, bytes]]:
    """Send bytes as they are; (status, media type, body) of each answer until the server has nothing more to say."""
    with socket.create_connection(("127.0.0.1", api.port), timeout=30) as connection:
        connection.sendall(request)
        connection.settimeout(5)
        answered = b""
        try:
            while received := connection.recv(65_536):
                answered += received
        except TimeoutError:
            pass
    return list(_answers(answered))


def _answers(answered: bytes) -> Iterator[tuple[int, str, bytes]]:
    while answered:
        head, _, rest = answered.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(headers.get("content-length", len(rest)))
        yield int(status.split()[1]), headers.get("content-type", ""), rest[:length]
        answered = rest[length:]
