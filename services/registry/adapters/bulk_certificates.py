"""Many certificates at once (CERT-34): expiry, freezes and cancellations in one statement a thousand cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from services.registry.adapters.certificates import to_certificate
from services.registry.adapters.secrets import NOTE
from services.registry.adapters.work import RegistryWork
from services.registry.domain.certificate import Proof
from services.registry.domain.certificate_state import CERTIFICATES, Step
from services.registry.domain.facts import CertificateWasStopped
from services.registry.domain.person import Person
from services.registry.domain.stop import Stop
from shared.values.certificate import CertificateStatus, StopKind
from shared.values.dates import ONE_DAY
from shared.values.division import Division

CHUNK: Final = 2_000
_KINDS: Final = {Step.EXPIRE: StopKind.EXPIRED, Step.FREEZE: StopKind.FROZEN, Step.CANCEL: StopKind.CANCELLED}


@dataclass(frozen=True, slots=True)
class Due:
    """A certificate that is to be stopped, with the day the fact is dated, and what shows it."""

    certificate_id: UUID
    event_date: date
    proof: Proof | None = None


_HALT: Final = text(
    "WITH due AS (SELECT c.certificate_id, c.person_id, c.status AS before, d.event_date, d.effective_on "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:dates AS date[]), CAST(:effective AS date[])) "
    "AS d(certificate_id, event_date, effective_on) "
    "JOIN certificate c USING (certificate_id) WHERE c.status = ANY(:sources) FOR UPDATE OF c SKIP LOCKED), "
    "holder AS (UPDATE person p SET last_version = p.last_version + 1 FROM due WHERE p.person_id = due.person_id "
    "RETURNING p.*), "
    "gone AS (UPDATE certificate c SET status = :status, version = h.last_version, effective_on = due.effective_on "
    "FROM holder h JOIN due USING (person_id) WHERE c.certificate_id = due.certificate_id "
    "RETURNING c.*, due.before, due.event_date) "
    "SELECT g.*, h.version AS holder_version, h.last_version, h.division AS holder_division, h.registered_on, "
    "h.died_on, h.merged_into FROM gone g JOIN holder h USING (person_id)"
)

_INSERT_STOPS: Final = text(
    "INSERT INTO stop (stop_id, person_id, certificate_id, version, division, kind, reason, event_date, withdrawn, "
    "previous_status, proof_kind, note_cipher, recorded_by, client_id, trace_id) "
    "SELECT id, person, certificate, version, division, :kind, :reason, event_date, false, before, :proof, note, "
    ":by, :client, :trace FROM unnest(CAST(:ids AS uuid[]), CAST(:persons AS uuid[]), CAST(:certificates AS uuid[]), "
    "CAST(:versions AS bigint[]), CAST(:divisions AS text[]), CAST(:dates AS date[]), CAST(:befores AS text[]), "
    "CAST(:notes AS bytea[])) AS r(id, person, certificate, version, division, event_date, before, note)"
)


async def halt_many(work: RegistryWork, step: Step, due: Sequence[Due], *, reason: str | None) -> int:
    """Take one step with up to 2,000 certificates; the number taken.

    A certificate whose state does not know the step, or that somebody works on at this moment, is left alone: who
    calls looks again.
    """
    target = next(move.targets[0] for move in CERTIFICATES.moves if move.event is step)
    sources = [state.value for state in CertificateStatus if CERTIFICATES.move(state, step)]
    after = ONE_DAY if step is Step.EXPIRE else 0 * ONE_DAY
    rows = (
        await work.connection.execute(
            _HALT,
            {
                "ids": [each.certificate_id for each in due],
                "dates": [each.event_date for each in due],
                "effective": [each.event_date + after for each in due],
                "sources": sources,
                "status": target.value,
            },
        )
    ).all()
    if rows:
        await _record(work, step, rows, {each.certificate_id: each.proof for each in due}, reason)
    return len(rows)


async def _record(
    work: RegistryWork, step: Step, rows: Sequence[Row[Any]], proofs: dict[UUID, Proof | None], reason: str | None
) -> None:
    kind = _KINDS[step]
    ids = [work.new_id() for _ in rows]
    shown = [proofs[row.certificate_id] for row in rows]
    kinds = {proof.kind.value for proof in shown if proof is not None}
    await work.connection.execute(
        _INSERT_STOPS,
        {
            "kind": kind.value,
            "reason": reason,
            "proof": kinds.pop() if kinds else None,
            "by": "system" if work.caller is None else work.caller.subject,
            "client": "system" if work.caller is None else work.caller.client_id,
            "trace": work.trace_id,
            "ids": ids,
            "persons": [row.person_id for row in rows],
            "certificates": [row.certificate_id for row in rows],
            "versions": [row.version for row in rows],
            "divisions": [row.division for row in rows],
            "dates": [row.event_date for row in rows],
            "befores": [row.before for row in rows],
            "notes": [
                None if proof is None else work.secrets.seal_text(proof.reference, NOTE, stop_id.bytes)
                for stop_id, proof in zip(ids, shown, strict=True)
            ],
        },
    )
    work.tell(*(_stopped(work, row, stop_id, kind, reason) for row, stop_id in zip(rows, ids, strict=True)))


def _stopped(
    work: RegistryWork, row: Row[Any], stop_id: UUID, kind: StopKind, reason: str | None
) -> CertificateWasStopped:
    certificate = to_certificate(row)
    before = CertificateStatus(row.before)
    person = Person(
        person_id=row.person_id,
        version=row.holder_version,
        last_version=row.last_version,
        division=Division(row.holder_division),
        registered_on=row.registered_on,
        died_on=row.died_on,
        merged_into=row.merged_into,
    )
    stop = Stop(
        stop_id=stop_id,
        person_id=row.person_id,
        certificate_id=row.certificate_id,
        version=row.version,
        division=certificate.division,
        kind=kind,
        reason=reason,
        event_date=row.event_date,
        previous_status=before,
    )
    work.trail.loaded(replace(certificate, status=before))
    work.trail.saved(certificate)
    work.trail.stopped(stop)
    return CertificateWasStopped(
        event_id=stop_id, occurred_at=work.now(), person=person, certificate=certificate, stop=stop
    )
