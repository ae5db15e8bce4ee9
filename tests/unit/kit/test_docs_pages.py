import re
from importlib.resources import files

import pytest

from shared.contracts.openapi import written
from shared.kit.codelists import code_list_router, codes
from shared.kit.permissions import Permit, Public
from shared.kit.routing import Router
from tests.unit.kit.a_service import a_client, an_api


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_a_documentation_page_asks_nobody_but_this_server(path: str) -> None:
    async with a_client(an_api()) as client:
        page = await client.get(path)
        wanted = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assets = [await client.get(link) for link in wanted]
    assert page.status_code == 200
    assert len(wanted) >= 3
    assert all(link.startswith("/docs/assets/") for link in wanted)
    assert all(asset.status_code == 200 and len(asset.content) > 100 for asset in assets)


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_the_page_runs_no_inline_script_and_its_policy_forbids_any(path: str) -> None:
    async with a_client(an_api()) as client:
        page = await client.get(path)
    assert "script-src 'self';" in page.headers["content-security-policy"]
    assert not re.findall(r"<script(?![^>]*\bsrc=)", page.text)


async def test_an_asset_is_the_same_for_who_cannot_unpack_it() -> None:
    async with a_client(an_api()) as client:
        packed = await client.get("/docs/assets/swagger-ui.css")
        plain = await client.get("/docs/assets/swagger-ui.css", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content


@pytest.mark.parametrize("name", ["README.md", "..%2fapp.py", "swagger-ui.css.gz", "x"])
async def test_only_the_listed_assets_are_served(name: str) -> None:
    async with a_client(an_api()) as client:
        assert (await client.get(f"/docs/assets/{name}")).status_code == 404


async def test_both_documents_are_public() -> None:
    async with a_client(an_api(code_list_router({}))) as client:
        openapi, asyncapi = await client.get("/openapi.json"), await client.get("/asyncapi.json")
    assert openapi.json()["info"] == {"title": "Things", "version": "1.2.3"}
    assert "/api/v1/code-lists" in openapi.json()["paths"]
    assert asyncapi.json() == {"asyncapi": "3.0.0"}


async def test_a_document_that_is_published_is_served_as_it_is_and_not_made_again() -> None:
    document = {"openapi": "3.1.0", "paths": {"/a": {"get": {"summary": "甲"}}}, "components": {}}
    app = an_api(openapi=lambda: written(document))
    async with a_client(app) as client:
        served = await client.get("/openapi.json")
    assert served.json() == document
    assert served.headers["content-type"] == "application/json"
    assert app.openapi_schema is None
    assert len(served.content.splitlines()) > 5, "what changes shows as the line it is"


async def test_the_document_says_which_permission_each_operation_needs() -> None:
    async def answer() -> None:
        """Nothing."""

    router = Router(prefix="/api/v1")
    router.get("/open", dependencies=[Public()])(answer)
    router.post("/things", dependencies=[Permit("thing:write")])(answer)
    outer = Router()
    outer.include_router(router, prefix="/x")
    async with a_client(an_api(outer)) as client:
        document = (await client.get("/openapi.json")).json()
    assert document["paths"]["/x/api/v1/open"]["get"]["security"] == []
    operation = document["paths"]["/x/api/v1/things"]["post"]
    assert (operation["security"], operation["x-permission"]) == ([{"bearer": []}], "thing:write")
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_the_bundled_assets_carry_their_licences() -> None:
    names = {entry.name for entry in files("shared.kit").joinpath("static").iterdir()}
    assert {"swagger-ui.LICENSE.txt", "redoc.LICENSE.txt", "README.md"} <= names
    assert not any(name.endswith(".map") for name in names)


async def test_code_lists_carry_both_languages() -> None:
    lists = {"colour": codes(("red", "红", "Red"), ("blue", "蓝", "Blue"))}
    async with a_client(an_api(code_list_router(lists))) as client:
        every, one, none = [await client.get(f"/api/v1/code-lists{rest}") for rest in ("", "/colour", "/shape")]
    assert every.json() == {"items": [one.json()]}
    assert one.json()["codes"][0] == {"code": "red", "zh": "红", "en": "Red"}
    assert none.status_code == 404


def test_a_code_given_twice_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="red"):
        codes(("red", "红", "Red"), ("red", "赤", "Red"))
