"""The registry's API process: ``python -m services.registry.main``."""

from __future__ import annotations

from functools import partial

from fastapi import FastAPI

from services.registry.adapters.division_changes import FollowedScopes
from services.registry.adapters.own_data import DISCLOSING, TRUST
from services.registry.adapters.tables import PUBLISHED, blobs, jobs, working_days
from services.registry.adapters.waiting import SOURCES
from services.registry.adapters.work import RegistryWork, work_with
from services.registry.entrypoints.exports import EXPORTS
from services.registry.entrypoints.http import (
    campaigns,
    certificates,
    duplicates,
    guardians,
    households,
    local_rules,
    me,
    person_links,
    person_lives,
    persons,
    portals,
    reports,
    surveys,
    verifications,
)
from services.registry.entrypoints.http.applications import APPLICATION_ROUTERS
from services.registry.entrypoints.http.applications.papers import paper_router
from services.registry.entrypoints.http.division_changes import division_router
from services.registry.entrypoints.http.problems import CODE_LISTS, TEXTS
from services.registry.entrypoints.imports import IMPORTS
from services.registry.settings import RegistrySettings
from shared.contracts.asyncapi import document
from shared.contracts.openapi import published
from shared.contracts.roles import MACHINE_PERMISSIONS, PERSONAL, ROLES
from shared.kit.app import create_app
from shared.kit.calendar import calendar_router
from shared.kit.clock_routes import clock_router
from shared.kit.codelists import code_list_router
from shared.kit.disclosure import disclosure_router
from shared.kit.divisions import bundled
from shared.kit.exports import export_routes
from shared.kit.imports import IMPORT_TEXTS, import_routes
from shared.kit.jobs import Jobs
from shared.kit.ops import run_api
from shared.kit.publisher_routes import publisher_router
from shared.kit.service import Parts, open_parts
from shared.kit.tasks import task_router


def app_of(settings: RegistrySettings, parts: Parts[RegistryWork]) -> FastAPI:
    """The API with all its routes."""
    texts = {**IMPORT_TEXTS, **TEXTS}
    queue, follow = Jobs(jobs), FollowedScopes()
    app = create_app(
        settings,
        title="量服 · 残疾人证登记 Registry",
        routers=(
            # Before persons: /persons/counts is no person.
            person_lives.router,
            persons.router,
            verifications.router,
            certificates.router,
            *APPLICATION_ROUTERS,
            paper_router(parts.blobs),
            local_rules.router,
            campaigns.router,
            campaigns.sweep_router(queue, texts=texts),
            verifications.proof_router(
                settings.proof_signer(), settings.proof_keys(), issuer=f"{settings.token_issuer}/registry"
            ),
            calendar_router(working_days),
            task_router(SOURCES),
            *(
                export_routes(spec, path=path, permission=permission, jobs=queue, texts=texts)
                for spec, path, permission in EXPORTS
            ),
            duplicates.router,
            households.router,
            reports.router,
            reports.batch_router(queue, texts=texts),
            person_links.router,
            surveys.router,
            portals.router,
            division_router(queue, follow, texts=texts),
            *(
                import_routes(spec, path=path, permission=permission, jobs=queue, blobs=parts.blobs, texts=texts)
                for spec, path, permission in IMPORTS
            ),
            *TRUST.routers(parts, texts=texts),
            publisher_router(PUBLISHED),
            me.router,
            guardians.router,
            disclosure_router(DISCLOSING),
            code_list_router(CODE_LISTS),
            clock_router(),
        ),
        works=parts.works,
        roles=ROLES,
        machines=MACHINE_PERMISSIONS,
        personal=PERSONAL,
        ops=parts.ops,
        asyncapi=partial(document, "registry"),
        openapi=partial(published, "registry"),
        problem_texts=texts,
    )
    app.state.follow = follow
    return app


def main() -> None:
    """Serve until told to stop."""
    settings = RegistrySettings()
    bundled()  # reading the directory takes longer than a transaction should stand still
    parts = open_parts(settings, role="api", blob_tables=blobs, make_work=work_with)
    run_api(settings, app_of(settings, parts), parts.ops)


if __name__ == "__main__":
    main()
