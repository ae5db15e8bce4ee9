"""News from outside takes effect, or turns out to be wrong and is taken back with all it did."""

from __future__ import annotations

from typing import assert_never
from uuid import UUID

from services.registry.domain.certificate import CancellationReason, Proof, ProofKind
from services.registry.domain.errors import PersonNotFound
from services.registry.domain.facts import DeathWasReported, DeathWasRetracted, PersonWasChanged
from services.registry.domain.person import Person
from services.registry.domain.person_report import (
    DeathEffect,
    Report,
    ReportKind,
    ReportState,
    ReportStep,
    effect_of_death,
)
from services.registry.domain.person_report_errors import ReportHasNoPerson
from services.registry.use_cases.change_certificate import cancel_certificate, reinstate_certificate
from services.registry.use_cases.person_ports import PersonWork
from services.registry.use_cases.report_death import retract_death
from services.registry.use_cases.take_reports import load
from shared.values.certificate import StopKind
from shared.values.division import Scope


async def apply_report(report_id: UUID, work: PersonWork, *, cancels: bool, within: Scope) -> Report:
    """Apply one report. ``cancels``: a death ends the certificate as well (CERT-26).

    Raises `ReportNotFound`, `ReportStepNotAllowed`, `ReportHasNoPerson`, `PersonNotFound`.
    """
    report = (await load(report_id, work, within=within)).report
    report.must_allow(ReportStep.APPLY)
    person = await _person_of(report, work, within)
    match report.kind:
        case ReportKind.DEATH:
            return await _apply_death(report, person, work, cancels=cancels)
        case ReportKind.MOVE:
            return await _apply_move(report, person, work)
    assert_never(report.kind)


async def retract_report(report_id: UUID, work: PersonWork, *, within: Scope) -> Report:
    """It was wrong: whatever it did is undone. Raises `ReportNotFound`, `ReportStepNotAllowed`."""
    report = (await load(report_id, work, within=within)).report
    report.must_allow(ReportStep.RETRACT)
    person = await _person_of(report, work, within)
    match report.kind:
        case ReportKind.DEATH:
            await live_after_all(person.person_id, work, within=within)
        case ReportKind.MOVE:
            await _move_back(report, person, work)
    return (await load(report_id, work, within=Scope.everywhere())).report


async def live_after_all(person_id: UUID, work: PersonWork, *, within: Scope) -> tuple[Person, UUID]:
    """Declared dead in error: death, cancelled certificate and reports are taken back (RULES 3.2, 4.7).

    The person and the stop fact that no longer stands. Raises `PersonNotFound`, `PersonIsAlive`.
    """
    person, stop = await retract_death(person_id, work, within=within)
    ended = await work.reports.certificate_ended_by_death(person_id, within=Scope.everywhere())
    subject = None if ended is None else await work.certificates.with_holder(ended, within=Scope.everywhere())
    if subject is not None:
        await reinstate_certificate(subject, work)
        person = subject.person.moved_on()
    for report in await work.reports.standing(person_id, ReportKind.DEATH, within=Scope.everywhere()):
        await work.reports.save(report.retracted(), retracted=True)
    return person, stop.stop_id


async def _apply_death(report: Report, person: Person, work: PersonWork, *, cancels: bool) -> Report:
    effect = effect_of_death(report.event_date, person.died_on, decided=report.is_decided)
    if effect is DeathEffect.CONFIRMS:
        return await _saved(report.applied(ReportState.CONFIRMING, stop_id=None, certificate_stop_id=None), work)
    if effect is DeathEffect.REDATED:
        person = await _outweighed(person, work)
    event_id = work.new_id()
    person, death = person.dies(on=report.event_date, today=work.today(), stop_id=event_id, reason=report.source.value)
    await work.persons.save(person)
    await work.stops.add(death)
    work.tell(DeathWasReported(event_id=event_id, occurred_at=work.now(), person=person, stop=death))
    ended = await _end_certificate(report, person, work) if cancels else None
    return await _saved(report.applied(ReportState.APPLIED, stop_id=death.stop_id, certificate_stop_id=ended), work)


async def _outweighed(person: Person, work: PersonWork) -> Person:
    """Another date counts from now on: the old fact is withdrawn, the reports that made it only confirm."""
    standing = await work.stops.standing(
        person.person_id, StopKind.DEATH, certificate_id=None, within=Scope.everywhere()
    )
    person, withdrawn = person.lives_after_all(standing)
    await work.persons.save(person)
    await work.stops.save(withdrawn)
    work.tell(DeathWasRetracted(event_id=work.new_id(), occurred_at=work.now(), person=person, stop=withdrawn))
    for before in await work.reports.standing(person.person_id, ReportKind.DEATH, within=Scope.everywhere()):
        if before.state is ReportState.APPLIED:
            await work.reports.save(before.outweighed())
    return person


async def _end_certificate(report: Report, person: Person, work: PersonWork) -> UUID | None:
    living = await work.merges.living_certificate(person.person_id, within=Scope.everywhere())
    subject = None if living is None else await work.certificates.with_holder(living, within=Scope.everywhere())
    if subject is None:
        return None
    _, stop = await cancel_certificate(
        subject,
        work,
        reason=CancellationReason.DEATH,
        effective_date=max(report.event_date, subject.certificate.issued_on),
        proof=Proof(kind=ProofKind.DEATH_RECORD, reference=str(report.report_id)),
    )
    return stop.stop_id


async def _apply_move(report: Report, person: Person, work: PersonWork) -> Report:
    """A holder's certificate must be transferred, which moves the person as well (CERT-23); others move at once."""
    assert report.to_division is not None, "a move goes somewhere"
    if await work.merges.living_certificate(person.person_id, within=Scope.everywhere()) is not None:
        waiting = report.applied(ReportState.AWAITING_TRANSFER, stop_id=None, certificate_stop_id=None)
        return await _saved(waiting, work)
    person.must_live()
    moved = person.moves(to=report.to_division)
    await work.persons.save(moved, moved_on=report.event_date)
    work.tell(PersonWasChanged(event_id=work.new_id(), occurred_at=work.now(), person=moved))
    return await _saved(report.applied(ReportState.APPLIED, stop_id=None, certificate_stop_id=None), work)


async def _move_back(report: Report, person: Person, work: PersonWork) -> None:
    if report.state is ReportState.APPLIED and (home := await work.places.take_back(person.person_id)) is not None:
        moved = person.moves(to=home)
        await work.persons.save(moved)
        work.tell(PersonWasChanged(event_id=work.new_id(), occurred_at=work.now(), person=moved))
    await work.reports.save(report.retracted(), retracted=True)


async def _person_of(report: Report, work: PersonWork, within: Scope) -> Person:
    if report.person_id is None:
        raise ReportHasNoPerson(allowed=[ReportStep.MATCH.value])
    person = await work.persons.get(report.person_id, within=within)
    if person is None:
        raise PersonNotFound
    return person


async def _saved(report: Report, work: PersonWork) -> Report:
    await work.reports.save(report)
    return report
