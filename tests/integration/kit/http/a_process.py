"""A whole API process, started by tests: `python -m tests.integration.kit.http.a_process [undeclared]`."""

import asyncio
import sys

from shared.kit.database import new_engine
from shared.kit.health import database_check, schema_check
from shared.kit.logging import configure_logging
from shared.kit.ops import run_api
from shared.kit.permissions import Public
from shared.kit.routing import Router
from shared.kit.settings import ServiceSettings
from tests.unit.kit.a_service import an_api


def main() -> None:
    settings = ServiceSettings()
    configure_logging(service=settings.service, role="api", level=settings.log_level)
    router = Router()

    @router.get("/slow", dependencies=[Public()])
    async def slow() -> str:
        await asyncio.sleep(1.0)
        return "finished"

    engine = new_engine(settings.database_url.get_secret_value(), pool_size=2, application_name="a_process")
    checks = [database_check(engine), schema_check(engine, "abc")]
    app = an_api(router, engine=engine, checks=checks, settings=settings)
    if "undeclared" in sys.argv:
        app.get("/planted")(slow)
    run_api(settings, app, app.state.ops)


if __name__ == "__main__":
    main()
