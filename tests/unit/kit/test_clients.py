import asyncio
import json
from collections.abc import Callable, Iterator

import httpx
import pytest
import stamina

from shared.kit.clients import Circuit, MachineToken, ServiceClient, ServiceIsUnavailable

Answer = httpx.Response | type[httpx.TransportError]


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


class Remote:
    """Another service that gives the listed answers one by one, the last one for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, httpx.Response):
            return answer
        raise answer("broken", request=request)


def _client(remote: Callable[[httpx.Request], httpx.Response], **options: object) -> ServiceClient:
    transport = httpx.MockTransport(remote)
    return ServiceClient("other", httpx.AsyncClient(transport=transport, base_url="http://other.test"), **options)  # type: ignore[arg-type]


OK = httpx.Response(200, json={})


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
async def test_a_question_that_never_left_is_asked_again(error: type[httpx.TransportError]) -> None:
    remote = Remote(error, error, OK)
    assert (await _client(remote).post("/things", json={})).status_code == 200
    assert len(remote.requests) == 3


@pytest.mark.parametrize("failure", [httpx.ReadTimeout, httpx.ReadError, httpx.Response(503)])
async def test_a_lost_answer_is_asked_for_again_only_where_repeating_is_harmless(failure: Answer) -> None:
    remote = Remote(failure, OK)
    assert (await _client(remote).get("/things")).status_code == 200
    remote = Remote(failure, OK)
    assert (await _client(remote).post("/things", json={}, idempotency_key="k")).status_code == 200
    assert len(remote.requests) == 2
    remote = Remote(failure, OK)
    with pytest.raises(ServiceIsUnavailable):
        await _client(remote).post("/things", json={})
    assert len(remote.requests) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 500])
async def test_any_other_answer_is_the_callers_to_read_and_is_not_repeated(status: int) -> None:
    remote = Remote(httpx.Response(status))
    assert (await _client(remote).get("/things")).status_code == status
    assert len(remote.requests) == 1


async def test_tries_are_bounded() -> None:
    remote = Remote(httpx.ConnectError)
    with pytest.raises(ServiceIsUnavailable, match="other: ConnectError"):
        await _client(remote).get("/things")
    assert len(remote.requests) == 3


async def test_a_service_that_keeps_failing_is_left_alone_and_tried_again_after_a_rest() -> None:
    now = [0.0]
    circuit = Circuit("other", failures_max=2, rest_seconds=5.0, monotonic=lambda: now[0])
    remote = Remote(httpx.ReadTimeout)
    client = _client(remote, circuit=circuit)
    for _ in range(2):
        with pytest.raises(ServiceIsUnavailable):
            await client.post("/things", json={})
    with pytest.raises(ServiceIsUnavailable, match="circuit open"):
        await client.post("/things", json={})
    assert len(remote.requests) == 2
    now[0] = 5.0
    remote.answers = [OK]
    assert (await client.post("/things", json={})).status_code == 200
    assert not circuit.is_open
    assert (await client.post("/things", json={})).status_code == 200


async def test_while_it_rests_only_one_question_tries_the_service() -> None:
    now = [0.0]
    circuit = Circuit("other", failures_max=1, rest_seconds=5.0, monotonic=lambda: now[0])
    circuit.failed()
    now[0] = 5.0
    circuit.enter()
    with pytest.raises(ServiceIsUnavailable):
        circuit.enter()


class Issuer:
    def __init__(self, lifetime_seconds: int = 300) -> None:
        self.given = 0
        self.forms: list[str] = []
        self.lifetime_seconds = lifetime_seconds

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.given += 1
        self.forms.append(request.content.decode())
        assert request.headers["authorization"].startswith("Basic ")
        return httpx.Response(200, json={"access_token": f"t{self.given}", "expires_in": self.lifetime_seconds})


def _token(issuer: Issuer, now: list[float]) -> MachineToken:
    client = httpx.AsyncClient(transport=httpx.MockTransport(issuer))
    return MachineToken(
        client, url="http://issuer.test/token", client_id="me", client_secret="x", scope="a:b", monotonic=lambda: now[0]
    )


async def test_one_token_serves_many_questions_until_shortly_before_it_expires() -> None:
    issuer, now = Issuer(), [0.0]
    token = _token(issuer, now)
    assert await asyncio.gather(*(token.get() for _ in range(5))) == ["t1"] * 5
    now[0] = 269.0
    assert await token.get() == "t1"
    now[0] = 271.0
    assert await token.get() == "t2"
    assert issuer.forms[0] == "grant_type=client_credentials&scope=a%3Ab"


async def test_the_machines_token_is_sent_unless_a_reader_brings_their_own() -> None:
    remote = Remote(OK)
    client = _client(remote, token=_token(Issuer(), [0.0]))
    await client.get("/things")
    await client.get("/things", bearer="reader")
    assert [request.headers["authorization"] for request in remote.requests] == ["Bearer t1", "Bearer reader"]


async def test_a_refused_token_is_replaced_once() -> None:
    remote = Remote(httpx.Response(401), OK)
    client = _client(remote, token=_token(Issuer(), [0.0]))
    assert (await client.get("/things")).status_code == 200
    assert remote.requests[-1].headers["authorization"] == "Bearer t2"
    remote.answers = [httpx.Response(401)]
    assert (await client.get("/things")).status_code == 401


async def test_what_is_asked_arrives() -> None:
    remote = Remote(OK)
    await _client(remote).post("/things", json={"a": 1}, idempotency_key="k")
    [request] = remote.requests
    assert (request.headers["idempotency-key"], json.loads(request.content)) == ("k", {"a": 1})
