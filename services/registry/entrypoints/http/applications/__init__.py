"""Applications over HTTP, from intake to dispute."""

from services.registry.entrypoints.http.applications import assessment, decision, institutions, intake, lists, own

APPLICATION_ROUTERS = (intake.router, assessment.router, decision.router, lists.router, institutions.router, own.router)
