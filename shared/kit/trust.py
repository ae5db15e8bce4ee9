"""What guards a service's data, put together once: trail, two persons, keys, retention, jobs, persons' own requests.

A service says what it encrypts, what it holds about persons and what two people decide. Both of its processes make
their parts out of that one value, so that routes and jobs cannot disagree and no service guards less than another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter

from shared.kit import person_requests, retention, rotation
from shared.kit.audit_retention import audit_rule
from shared.kit.audit_routes import RESULT_PERMISSIONS, audit_handlers, audit_router
from shared.kit.blobs import BlobTables
from shared.kit.codelists import Code
from shared.kit.crypto import Keys
from shared.kit.disclosure import PURPOSE_CODES
from shared.kit.four_eyes import Matter, approval_router
from shared.kit.idempotency import IdempotencyTables
from shared.kit.job_routes import JOB_TEXTS, Texts, job_routes
from shared.kit.jobs import Handler, Jobs, JobTables
from shared.kit.person_request_routes import own_request_router, person_request_router
from shared.kit.person_requests import REQUEST_KIND_CODES, REQUEST_STATE_CODES, REQUEST_TEXTS, Holding, PersonRequests
from shared.kit.rotation import ROTATION_TEXTS, Sealed
from shared.kit.service import Parts
from shared.kit.settings import ServiceSettings

TRUST_TEXTS: Final[Texts] = {**JOB_TEXTS, **REQUEST_TEXTS, **ROTATION_TEXTS}
"""Words of the refusals behind these routes."""
REQUEST_CODES: Final[Mapping[str, tuple[Code, ...]]] = {
    "purpose": PURPOSE_CODES,
    "person_request_kind": REQUEST_KIND_CODES,
    "person_request_state": REQUEST_STATE_CODES,
}
"""Code lists of a service that holds something about persons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """``sealed``: every encrypted column of the service. ``matters``: what takes two people beside
    rotations and erasures. ``holding``: what it holds about persons; None when nothing there can be anybody's request.
    """

    jobs: JobTables
    answers: IdempotencyTables
    blobs: BlobTables
    sealed: Sequence[Sealed]
    matters: Sequence[Matter] = ()
    holding: Callable[[Keys], Holding] | None = None

    def routers(self, parts: Parts[Any], *, texts: Texts) -> tuple[APIRouter, ...]:
        """The routes of the API; ``texts``: words of the refusals that the service's jobs may end with."""
        queue, matters = Jobs(self.jobs), [*self.matters, rotation.rotation_matter(parts.keys)]
        own: tuple[APIRouter, ...] = ()
        if self.holding is not None:
            requests = PersonRequests(parts.keys, self.holding(parts.keys))
            own = (own_request_router(requests, parts.blobs), person_request_router(requests, parts.blobs, queue))
            matters.append(person_requests.erasure_matter())
        return (
            job_routes(queue, parts.blobs, texts=texts, result_permissions=RESULT_PERMISSIONS),
            audit_router(queue, texts=texts),
            *own,
            approval_router(matters),
            rotation.key_router(self.sealed, parts.keys, queue, texts=texts),
            retention.retention_router(queue, texts=texts),
        )

    def handlers(self, settings: ServiceSettings, parts: Parts[Any]) -> dict[str, Handler[Any]]:
        """The jobs of the worker behind those routes."""
        rules = [*retention.house_rules(self.answers, self.blobs), audit_rule(settings, parts.auditor)]
        handlers = {
            rotation.JOB_KIND: rotation.Rotation(self.sealed, parts.keys, self.blobs).handler(),
            **audit_handlers(settings),
        }
        if self.holding is not None:
            rules.append(retention.REQUEST_WORDS)
            requests = PersonRequests(parts.keys, self.holding(parts.keys))
            handlers[person_requests.COPY_JOB] = person_requests.copy_handler(requests)
        return {**handlers, retention.JOB_KIND: retention.retention_handler(rules)}
