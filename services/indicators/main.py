"""The indicators service's API process: ``python -m services.indicators.main``."""

from __future__ import annotations

from functools import partial

from fastapi import FastAPI

from services.indicators.adapters.tables import PUBLISHED, blobs, jobs
from services.indicators.adapters.trust import TRUST
from services.indicators.adapters.work import IndicatorsWork
from services.indicators.entrypoints.consumers import SUBSCRIPTIONS
from services.indicators.entrypoints.http import board, figures, reports, snapshots, work_reports
from services.indicators.entrypoints.http.problems import CODE_LISTS, TEXTS
from services.indicators.entrypoints.report_import import REPORT_IMPORT
from services.indicators.settings import IndicatorsSettings
from shared.contracts.asyncapi import document
from shared.contracts.openapi import published
from shared.contracts.roles import MACHINE_PERMISSIONS, PERSONAL, ROLES
from shared.kit.app import create_app
from shared.kit.clock_routes import clock_router
from shared.kit.codelists import code_list_router
from shared.kit.consumption_routes import consumption_router
from shared.kit.imports import import_routes
from shared.kit.jobs import Jobs
from shared.kit.ops import run_api
from shared.kit.publisher_routes import publisher_router
from shared.kit.service import Parts, journals_resource, open_parts


def app_of(settings: IndicatorsSettings, parts: Parts[IndicatorsWork]) -> FastAPI:
    """The API with all its routes."""
    return create_app(
        settings,
        title="量服 · 指标统计 Indicators",
        routers=(
            figures.router,
            reports.router,
            snapshots.router,
            work_reports.router,
            work_reports.checks_router,
            import_routes(
                REPORT_IMPORT,
                path="/api/v1/reported-value-imports",
                permission="indicator:report",
                jobs=Jobs(jobs),
                blobs=parts.blobs,
                texts=TEXTS,
            ),
            board.router,
            *TRUST.routers(parts, texts=TEXTS),
            publisher_router(PUBLISHED),
            consumption_router({each.publisher: each for each in SUBSCRIPTIONS}),
            code_list_router(CODE_LISTS),
            clock_router(),
        ),
        works=parts.works,
        roles=ROLES,
        machines=MACHINE_PERMISSIONS,
        personal=PERSONAL,
        ops=parts.ops,
        asyncapi=partial(document, "indicators"),
        openapi=partial(published, "indicators"),
        problem_texts=TEXTS,
        resources=(journals_resource(settings),),
    )


def main() -> None:
    """Serve until told to stop."""
    settings = IndicatorsSettings()
    parts = open_parts(settings, role="api", blob_tables=blobs, make_work=lambda _: IndicatorsWork)
    run_api(settings, app_of(settings, parts), parts.ops)


if __name__ == "__main__":
    main()
