"""What every service shows to developers, operators and monitoring, on a machine without the internet."""

import re

import httpx
import pytest

from deploy.local.catalogue import SERVICES, Service
from tests.system.house import House, until

EVERY_SERVICE = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
REFERENCE = re.compile(r"""(?:src|href)=["']([^"']+)["']""")


@pytest.fixture
def anybody(house: House, service: Service) -> httpx.AsyncClient:
    """A caller without a token."""
    return httpx.AsyncClient(base_url=house.stack.url(service.name), timeout=15, trust_env=False)


@EVERY_SERVICE
@pytest.mark.parametrize("page", ["/docs", "/redoc"])
async def test_documentation_loads_everything_from_the_service_itself(anybody: httpx.AsyncClient, page: str) -> None:
    async with anybody as client:
        shown = await client.get(page)
        assert shown.status_code == 200
        assert "default-src 'none'" in shown.headers["content-security-policy"]
        references = REFERENCE.findall(shown.text)
        assert references
        for reference in references:
            assert reference.startswith("/docs/assets/")
            assert (await client.get(reference)).status_code == 200


@EVERY_SERVICE
async def test_the_api_document_tells_every_operation_and_its_permission(
    anybody: httpx.AsyncClient, service: Service
) -> None:
    async with anybody as client:
        document = (await client.get("/openapi.json")).json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len(operations) > 10
    for operation in operations:
        assert operation["security"] == [] or operation["x-permission"]
    assert "量服" in document["info"]["title"], service.name


@EVERY_SERVICE
async def test_the_event_document_tells_what_a_service_sends_and_receives(
    anybody: httpx.AsyncClient, service: Service
) -> None:
    async with anybody as client:
        document = (await client.get("/asyncapi.json")).json()
    assert document["asyncapi"].startswith("3.")
    publishers = {name.partition(".")[0] for name in document["channels"]}
    assert publishers - {service.name} == set(service.reads)
    assert (service.name in publishers) == (service.name != "indicators")


@EVERY_SERVICE
async def test_every_process_says_whether_it_lives_is_ready_and_what_it_is(house: House, service: Service) -> None:
    for role in ("api", "worker"):
        async with httpx.AsyncClient(base_url=house.stack.ops_url(service.name, role), trust_env=False) as client:
            assert (await client.get("/livez")).json()["status"] == "alive"
            ready = (await client.get("/readyz")).json()
            assert ready["status"] == "ready"
            assert {"database", "schema"} <= {check["name"] for check in ready["checks"]}
            assert (await client.get("/version")).json()["role"] == role


@EVERY_SERVICE
async def test_metrics_are_labelled_with_service_and_role(house: House, service: Service) -> None:
    for role in ("api", "worker"):
        async with httpx.AsyncClient(base_url=house.stack.ops_url(service.name, role), trust_env=False) as client:
            exposed = (await client.get("/metrics")).text
        assert f'role="{role}",service="{service.name}"' in exposed or (
            f'service="{service.name}",role="{role}"' in exposed
        )


@EVERY_SERVICE
async def test_the_api_port_answers_the_operators_paths_too(anybody: httpx.AsyncClient) -> None:
    async with anybody as client:
        for path in ("/livez", "/readyz", "/metrics", "/version"):
            assert (await client.get(path)).status_code == 200, path


async def test_every_publisher_has_its_stream_on_the_broker(house: House) -> None:
    publishers = {service.name.upper() for service in house.stack.services}

    async def streams() -> set[str]:
        async with httpx.AsyncClient(base_url=house.stack.nats.monitor_url, trust_env=False) as client:
            (account,) = (await client.get("/jsz", params={"streams": "true"})).json()["account_details"]
        return {stream["name"] for stream in account["stream_detail"]}

    await until(streams, lambda seen: publishers <= seen)
