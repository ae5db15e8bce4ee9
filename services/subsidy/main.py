"""The subsidy service's API process: ``python -m services.subsidy.main``."""

from __future__ import annotations

from functools import partial

from fastapi import FastAPI

from services.subsidy.adapters import explanations
from services.subsidy.adapters.comparison.suspects import SuspectWords
from services.subsidy.adapters.own_data import TRUST, disclosing
from services.subsidy.adapters.payees import Payees
from services.subsidy.adapters.register import many_linked
from services.subsidy.adapters.tables import PUBLISHED, blobs, jobs, working_days
from services.subsidy.adapters.tellings import Tellings
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.entrypoints.consumers import SUBSCRIPTIONS
from services.subsidy.entrypoints.fact_import import FACT_IMPORT
from services.subsidy.entrypoints.http import awards, banks, entitlements, facts, me, policies
from services.subsidy.entrypoints.http.applications import application_routers
from services.subsidy.entrypoints.http.findings import finding_router
from services.subsidy.entrypoints.http.payees import payee_router
from services.subsidy.entrypoints.http.payroll import payroll_routers
from services.subsidy.entrypoints.http.problems import CODE_LISTS, TEXTS
from services.subsidy.entrypoints.http.reminder_rates import rate_router
from services.subsidy.entrypoints.http.reminders import reminder_router
from services.subsidy.entrypoints.http.suspect_papers import suspect_paper_router
from services.subsidy.entrypoints.http.suspects import suspect_router
from services.subsidy.entrypoints.integrity_jobs import INTEGRITY_EXPORT
from services.subsidy.entrypoints.jobs import AWARD_IMPORT
from services.subsidy.entrypoints.list_import import list_import
from services.subsidy.entrypoints.suspect_export import SUSPECT_EXPORT
from services.subsidy.settings import SubsidySettings
from shared.contracts.asyncapi import document
from shared.contracts.openapi import published
from shared.contracts.roles import MACHINE_PERMISSIONS, PERSONAL, ROLES
from shared.kit.app import create_app
from shared.kit.calendar import calendar_router
from shared.kit.clock_routes import clock_router
from shared.kit.codelists import code_list_router
from shared.kit.consumption_routes import consumption_router
from shared.kit.disclosure import disclosure_router
from shared.kit.exports import export_routes
from shared.kit.imports import import_routes
from shared.kit.jobs import Jobs
from shared.kit.ops import run_api
from shared.kit.publisher_routes import publisher_router
from shared.kit.service import Parts, journals_resource, open_parts


def app_of(settings: SubsidySettings, parts: Parts[SubsidyWork]) -> FastAPI:
    """The API with all its routes."""
    payees, told, queue = Payees(parts.keys), Tellings(parts.keys), Jobs(jobs)
    suspect_words = SuspectWords(parts.keys)
    return create_app(
        settings,
        title="量服 · 残疾人两项补贴 Subsidy",
        routers=(
            awards.router,
            facts.router,
            policies.router,
            policies.beside,
            banks.router,
            banks.beside,
            entitlements.router,
            *application_routers(payees),
            calendar_router(working_days),
            finding_router(queue),
            reminder_router(queue, told),
            rate_router(told),
            suspect_router(queue, suspect_words),
            suspect_paper_router(parts.blobs),
            export_routes(
                SUSPECT_EXPORT, path="/api/v1/suspect-exports", permission="suspect:write", jobs=queue, texts=TEXTS
            ),
            import_routes(
                list_import(partial(many_linked, settings)),
                path="/api/v1/list-imports",
                permission="comparison:run",
                jobs=queue,
                blobs=parts.blobs,
                texts=TEXTS,
            ),
            *payroll_routers(queue, parts.blobs),
            export_routes(
                INTEGRITY_EXPORT, path="/api/v1/integrity-exports", permission="payroll:audit", jobs=queue, texts=TEXTS
            ),
            import_routes(
                AWARD_IMPORT,
                path="/api/v1/award-imports",
                permission="award:import",
                jobs=queue,
                blobs=parts.blobs,
                texts=TEXTS,
            ),
            import_routes(
                FACT_IMPORT,
                path="/api/v1/fact-imports",
                permission="fact:import",
                jobs=queue,
                blobs=parts.blobs,
                texts=TEXTS,
            ),
            *TRUST.routers(parts, texts=TEXTS),
            publisher_router(PUBLISHED),
            consumption_router({each.publisher: each for each in SUBSCRIPTIONS}),
            payee_router(payees),
            me.router,
            disclosure_router(disclosing(payees)),
            code_list_router(CODE_LISTS),
            clock_router(),
        ),
        works=parts.works,
        roles=ROLES,
        machines=MACHINE_PERMISSIONS,
        personal=PERSONAL,
        ops=parts.ops,
        asyncapi=partial(document, "subsidy"),
        openapi=partial(published, "subsidy"),
        problem_texts=TEXTS,
        resources=(journals_resource(settings),),
    )


def main() -> None:
    """Serve until told to stop."""
    settings = SubsidySettings()
    explanations.warm()
    parts = open_parts(settings, role="api", blob_tables=blobs, make_work=lambda _: SubsidyWork)
    run_api(settings, app_of(settings, parts), parts.ops)


if __name__ == "__main__":
    main()
