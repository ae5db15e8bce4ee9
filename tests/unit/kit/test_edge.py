from collections.abc import AsyncIterator

import pytest
from prometheus_client import REGISTRY
from starlette.responses import StreamingResponse

from shared.kit.permissions import Permit, Public
from shared.kit.routing import RequestModel, Router
from tests.unit.kit.a_service import a_client, an_api, bearer, some_settings


class Text(RequestModel):
    text: str


def _router() -> Router:
    router = Router(prefix="/api/v1")

    @router.post("/texts", dependencies=[Public()])
    async def create(text: Text) -> int:
        return len(text.text)

    @router.post("/guarded", dependencies=[Permit("thing:write")])
    async def guarded(text: Text) -> int:
        return len(text.text)

    @router.get("/things/{thing_id}", dependencies=[Public()])
    async def read(thing_id: str) -> str:
        return thing_id

    @router.get("/crash", dependencies=[Public()])
    async def crash() -> None:
        raise ConnectionRefusedError("postgres://user:pass@host")

    return router


async def _chunks(size: int) -> AsyncIterator[bytes]:
    yield b'{"text": "'
    for _ in range(size // 100):
        yield b"x" * 100
    yield b'"}'


async def test_a_body_over_the_limit_is_413_whether_its_length_is_declared_or_not() -> None:
    app = an_api(_router(), settings=some_settings(body_bytes_max=1000))
    json = {"Content-Type": "application/json"}
    async with a_client(app) as client:
        declared = await client.post("/api/v1/texts", json={"text": "x" * 2000})
        streamed = await client.post("/api/v1/texts", content=_chunks(2000), headers=json)
        small = await client.post("/api/v1/texts", content=_chunks(500), headers=json)
    assert [(r.status_code, r.json()["code"]) for r in (declared, streamed)] == [(413, "body_too_large")] * 2
    assert (small.status_code, small.json()) == (200, 500)


async def test_every_answer_carries_the_standing_headers() -> None:
    async with a_client(an_api(_router())) as client:
        for path in ("/api/v1/things/1", "/nowhere", "/api/v1/crash", "/docs"):
            headers = (await client.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert len(headers["trace-id"]) == 32


async def test_the_trace_of_the_caller_is_carried_on() -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    async with a_client(an_api()) as client:
        response = await client.get("/nowhere", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert response.headers["trace-id"] == response.json()["trace_id"] == trace


@pytest.mark.parametrize("header", ["", "00-xyz", f"00-{'0' * 32}-00f067aa0ba902b7-01", "00-" + "A" * 32 + "-1-01"])
async def test_a_broken_trace_is_replaced_by_a_new_one(header: str) -> None:
    async with a_client(an_api()) as client:
        response = await client.get("/nowhere", headers={"traceparent": header})
    assert int(response.headers["trace-id"], 16) != 0


async def test_a_dependency_that_is_away_is_503_and_shows_no_address() -> None:
    async with a_client(an_api(_router())) as client:
        response = await client.get("/api/v1/crash")
    assert (response.status_code, response.json()["code"]) == (503, "service_unavailable")
    assert "postgres" not in response.text


async def test_requests_are_counted_by_route_template_never_by_path() -> None:
    def count(route: str, status: str) -> float:
        labels = {"method": "GET", "route": route, "status": status}
        return REGISTRY.get_sample_value("liangfu_http_request_seconds_count", labels) or 0.0

    before = count("/api/v1/things/{thing_id}", "200"), count("(none)", "404")
    async with a_client(an_api(_router())) as client:
        for number in range(3):
            await client.get(f"/api/v1/things/{number}")
            await client.get(f"/nowhere/{number}")
    after = count("/api/v1/things/{thing_id}", "200"), count("(none)", "404")
    assert after == (before[0] + 3, before[1] + 3)


async def test_an_invented_method_makes_no_new_label() -> None:
    async with a_client(an_api()) as client:
        await client.request("BREW", "/nowhere")
    methods = {
        sample.labels["method"]
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name == "liangfu_http_request_seconds_count"
    }
    assert "BREW" not in methods
    assert "OTHER" in methods


async def test_a_stream_that_breaks_after_it_began_is_cut_not_finished() -> None:
    router = Router()

    @router.get("/stream", dependencies=[Public()])
    async def stream() -> StreamingResponse:
        async def lines() -> AsyncIterator[bytes]:
            yield b"one\n"
            raise RuntimeError

        return StreamingResponse(lines())

    async with a_client(an_api(router)) as client:
        with pytest.raises(RuntimeError):
            await client.get("/stream")


async def test_the_body_of_a_stranger_is_not_even_parsed() -> None:
    async with a_client(an_api(_router())) as client:
        broken = await client.post("/api/v1/guarded", content=b"{", headers={"Content-Type": "application/json"})
        known = await client.post("/api/v1/guarded", json={"text": "abc"}, headers=bearer())
    assert (broken.status_code, known.status_code) == (401, 200)
