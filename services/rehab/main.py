"""The rehab service's API process: ``python -m services.rehab.main``."""

from __future__ import annotations

from functools import partial

from fastapi import FastAPI

from services.rehab.adapters.own_data import TRUST
from services.rehab.adapters.tables import PUBLISHED, blobs, working_days
from services.rehab.adapters.work import RehabWork
from services.rehab.entrypoints.consumers import SUBSCRIPTIONS
from services.rehab.entrypoints.http import aid, care, cases, catalogue, institutions, me, needs, programmes
from services.rehab.entrypoints.http.problems import CODE_LISTS, TEXTS
from services.rehab.settings import RehabSettings
from shared.contracts.asyncapi import document
from shared.contracts.openapi import published
from shared.contracts.roles import MACHINE_PERMISSIONS, PERSONAL, ROLES
from shared.kit.app import create_app
from shared.kit.calendar import calendar_router
from shared.kit.clock_routes import clock_router
from shared.kit.codelists import code_list_router
from shared.kit.consumption_routes import consumption_router
from shared.kit.ops import run_api
from shared.kit.publisher_routes import publisher_router
from shared.kit.service import Parts, journals_resource, open_parts


def app_of(settings: RehabSettings, parts: Parts[RehabWork]) -> FastAPI:
    """The API with all its routes."""
    return create_app(
        settings,
        title="量服 · 康复服务 Rehab",
        routers=(
            cases.router,
            care.router,
            care.months,
            programmes.router,
            needs.router,
            needs.figures_router,
            programmes.beside,
            aid.of_programme,
            aid.places,
            aid.deliveries,
            aid.settlements,
            institutions.router,
            catalogue.router,
            catalogue.limits,
            calendar_router(working_days),
            me.router,
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
        asyncapi=partial(document, "rehab"),
        openapi=partial(published, "rehab"),
        problem_texts=TEXTS,
        resources=(journals_resource(settings),),
    )


def main() -> None:
    """Serve until told to stop."""
    settings = RehabSettings()
    parts = open_parts(settings, role="api", blob_tables=blobs, make_work=lambda _: RehabWork)
    run_api(settings, app_of(settings, parts), parts.ops)


if __name__ == "__main__":
    main()
