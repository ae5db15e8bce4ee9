"""Payroll over HTTP: runs and their steps, lines, answers of the bank, seals, integrity audits."""

from __future__ import annotations

from services.subsidy.entrypoints.http.payroll.files import bank_answer_router, bank_file_router
from services.subsidy.entrypoints.http.payroll.grounds import router as grounds_router
from services.subsidy.entrypoints.http.payroll.integrity import integrity_router
from services.subsidy.entrypoints.http.payroll.lines import line_router, statement_router
from services.subsidy.entrypoints.http.payroll.runs import router as run_router
from services.subsidy.entrypoints.http.payroll.seals import seal_router
from services.subsidy.entrypoints.http.payroll.steps import step_router
from shared.kit.blobs import Blobs
from shared.kit.jobs import Jobs
from shared.kit.routing import Router


def payroll_routers(jobs: Jobs, blobs: Blobs) -> tuple[Router, ...]:
    """All of them."""
    return (
        run_router,
        step_router(jobs),
        line_router,
        statement_router,
        grounds_router,
        bank_file_router(jobs, blobs),
        bank_answer_router(jobs, blobs),
        seal_router(blobs),
        integrity_router(jobs),
    )
