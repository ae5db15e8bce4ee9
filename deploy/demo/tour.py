"""A look at every service: what a developer, an operator and a monitoring system ask first."""

from deploy.demo.api import Api
from deploy.local.stack import Stack

PAGES = ("/docs", "/redoc", "/openapi.json", "/asyncapi.json", "/metrics", "/readyz", "/livez", "/version")
_FOREIGN = ('src="http', 'href="http', 'src="//', 'href="//')


class NeedsTheInternet(Exception):
    """A page of documentation loads something from elsewhere."""


async def visit(stack: Stack) -> int:
    """Ask every API for every page, and every process for its readiness; how many answers there were."""
    answers = 0
    for service in stack.services:
        async with Api(stack.url(service.name), token="") as api:
            for path in PAGES:
                page = (await api.fetch(path)).text
                if path in {"/docs", "/redoc"} and any(mark in page for mark in _FOREIGN):
                    message = f"{service.name}{path}"
                    raise NeedsTheInternet(message)
                answers += 1
        for name, role in service.processes():
            async with Api(stack.ops_url(name.partition(".")[0], role), token="") as ops:
                await ops.fetch("/readyz")
                answers += 1
    return answers
