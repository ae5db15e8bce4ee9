"""API documentation without the internet: Swagger UI, ReDoc and both documents, as declared public routes."""

import gzip
from collections.abc import Callable, Mapping
from functools import lru_cache
from html import escape
from importlib.resources import files
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from shared.kit.permissions import Public
from shared.kit.problems import Problem
from shared.kit.routing import Router

_ASSETS: Final[Mapping[str, str]] = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "redoc.standalone.js": "text/javascript; charset=utf-8",
    "swagger-init.js": "text/javascript; charset=utf-8",
    "redoc-init.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
_COMPRESSED: Final = frozenset({"swagger-ui-bundle.js", "swagger-ui.css", "redoc.standalone.js"})
_CACHE: Final = "public, max-age=86400"
# Both viewers style elements from scripts; ReDoc searches in a worker it builds from a blob.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE: Final = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="/docs/assets/favicon-32x32.png">
{head}
</head>
<body>
<div id="ui"></div>
{scripts}
</body>
</html>
"""


def documentation_router(asyncapi: Callable[[], Mapping[str, Any]], openapi: Callable[[], bytes] | None) -> Router:
    """`/docs`, `/redoc`, their assets, `/openapi.json` and `/asyncapi.json` (from the callables).

    Without ``openapi`` the document is made from the routes: that takes seconds, and memory that stays taken.
    """
    router = Router()
    options: Mapping[str, Any] = {"dependencies": [Public()], "include_in_schema": False}

    @router.get("/docs", **options)
    async def swagger_ui(request: Request) -> HTMLResponse:
        style = '<link rel="stylesheet" href="/docs/assets/swagger-ui.css">'
        return _page(request, style, "swagger-ui-bundle.js", "swagger-init.js")

    @router.get("/redoc", **options)
    async def redoc(request: Request) -> HTMLResponse:
        return _page(request, "", "redoc.standalone.js", "redoc-init.js")

    @router.get("/docs/assets/{name}", **options)
    async def asset(name: str, request: Request) -> Response:
        if name not in _ASSETS:
            raise Problem("not_found")
        return _asset(name, accepts_gzip="gzip" in request.headers.get("accept-encoding", ""))

    @router.get("/openapi.json", **options)
    async def openapi_document(request: Request) -> Response:
        document = orjson.dumps(request.app.openapi()) if openapi is None else openapi()
        return Response(document, media_type="application/json")

    @router.get("/asyncapi.json", **options)
    async def asyncapi_document() -> Response:
        return Response(orjson.dumps(asyncapi()), media_type="application/json")

    return router


def _page(request: Request, head: str, *scripts: str) -> HTMLResponse:
    tags = "\n".join(f'<script src="/docs/assets/{name}"></script>' for name in scripts)
    html = _PAGE.format(title=escape(request.app.title), head=head, scripts=tags)
    return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY})


@lru_cache(maxsize=len(_ASSETS))
def _stored(name: str) -> bytes:
    file_name = f"{name}.gz" if name in _COMPRESSED else name
    return files("shared.kit").joinpath("static", file_name).read_bytes()


def _asset(name: str, *, accepts_gzip: bool) -> Response:
    content, headers = _stored(name), {"Cache-Control": _CACHE, "Vary": "Accept-Encoding"}
    if name in _COMPRESSED and accepts_gzip:
        headers["Content-Encoding"] = "gzip"
    elif name in _COMPRESSED:
        content = gzip.decompress(content)
    return Response(content, headers=headers, media_type=_ASSETS[name])
