"""Visits of the survey are recorded, many at once, and corrected; what a visitor hears of a death goes to the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from services.registry.domain.errors import DateInFuture, PersonNotFound
from services.registry.domain.facts import SurveyWasRecorded
from services.registry.domain.match_tier import Described
from services.registry.domain.person import Person
from services.registry.domain.person_report import ReportKind, ReportSource
from services.registry.domain.survey import Answers, Form, VisitIsKnown, VisitNotFound, survey_year
from services.registry.domain.survey_visit import Visit
from services.registry.use_cases.person_ports import PersonWork
from services.registry.use_cases.take_reports import Said, take_reports
from shared.values.division import Scope
from shared.values.person import VisitOutcome
from shared.values.refusal import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a visitor brings home from somebody."""

    person_id: UUID
    form: Form
    outcome: VisitOutcome
    visited_on: date
    answers: Answers = field(default_factory=dict)


Recorded = tuple[Visit, bool] | Refusal
"""The visit and whether it is new, or why there is none."""


async def record_visits(drafts: Sequence[Draft], work: PersonWork, *, within: Scope) -> list[Recorded]:
    """One answer for each draft, in order. The same result of the same year again is the visit there was.

    Refusals: `PersonNotFound`, `PersonIsMerged`, `PersonHasDied`, `DateInFuture`, `YearIsNotSurveyed`,
    `NobodyAnswered`, `AnswersDoNotFit`, `VisitIsKnown`.
    """
    persons = await work.persons.several({draft.person_id for draft in drafts}, within=within)
    known = await work.surveys.known([draft.person_id for draft in drafts], within=Scope.everywhere())
    recorded: list[Recorded] = []
    fresh: list[tuple[Visit, Answers]] = []
    changed: dict[UUID, Person] = {}
    for draft in drafts:
        try:
            visit = _visit(draft, changed.get(draft.person_id) or persons.get(draft.person_id), work)
        except Refusal as refusal:
            recorded.append(refusal)
            continue
        before = known.get((visit.person_id, visit.year))
        if before is not None:
            recorded.append(_same_or_refused(before, visit, draft))
            continue
        known[visit.person_id, visit.year] = (visit, draft.answers)
        changed[visit.person_id] = persons[visit.person_id].moved_on()
        persons[visit.person_id] = changed[visit.person_id]
        fresh.append((visit, draft.answers))
        recorded.append((visit, True))
    await work.persons.remember(list(changed.values()))
    await work.surveys.add(fresh)
    for visit, _ in fresh:
        _tell(visit, persons[visit.person_id], work)
    return recorded


async def correct_visit(visit_id: UUID, draft: Draft, work: PersonWork, *, within: Scope) -> Visit:
    """What was written down was wrong. Raises `VisitNotFound`, and what `record_visits` refuses."""
    known = await work.surveys.get(visit_id, within=within)
    person = None if known is None else await work.persons.get(known.person_id, within=within)
    if known is None or person is None:
        raise VisitNotFound
    said = _visit(draft, person, work)
    others = await work.surveys.known([known.person_id], within=Scope.everywhere())
    if said.year != known.year and (other := others.get((known.person_id, said.year))) is not None:
        raise VisitIsKnown(year=said.year, visit_id=str(other[0].visit_id))
    person = person.moved_on()
    corrected = known.corrected(said, version=person.last_version)
    await work.persons.save(person)
    await work.surveys.save(corrected, draft.answers)
    _tell(corrected, person, work)
    return corrected


async def hear_of_death(visit: Visit, died_on: date, work: PersonWork, *, within: Scope) -> UUID:
    """A visitor was told that somebody died: news of the community, applied by nobody yet (DX-05)."""
    identity = await work.persons.identity(visit.person_id, within=within)
    if identity is None:
        raise PersonNotFound
    said = Said(
        kind=ReportKind.DEATH,
        source=ReportSource.COMMUNITY,
        source_ref=None,
        described=Described(
            number=identity.citizen_id_no, name=identity.name.clear, born=None, division=visit.division
        ),
        event_date=died_on,
        received_on=visit.visited_on,
        division=visit.division,
    )
    (taken,) = await take_reports([said], work, within=within)
    return taken.report.report_id


def _visit(draft: Draft, person: Person | None, work: PersonWork) -> Visit:
    """The visit a draft makes; its version is the event's."""
    if person is None:
        raise PersonNotFound
    person.must_stand()
    if draft.outcome is VisitOutcome.ANSWERED:
        person.must_live()
    if draft.visited_on > work.today():
        raise DateInFuture(field="visited_on", given=draft.visited_on.isoformat(), today=work.today().isoformat())
    return Visit(
        visit_id=work.new_id(),
        person_id=draft.person_id,
        version=person.last_version + 1,
        division=person.division,
        form_id=draft.form.form_id,
        year=survey_year(draft.visited_on),
        outcome=draft.outcome,
        visited_on=draft.visited_on,
        needs=draft.form.judge(draft.outcome, draft.answers),
    )


def _same_or_refused(before: tuple[Visit, Answers], visit: Visit, draft: Draft) -> Recorded:
    known, answers = before
    same = (known.outcome, known.visited_on) == (visit.outcome, visit.visited_on) and answers == dict(draft.answers)
    return (known, False) if same else VisitIsKnown(year=visit.year, visit_id=str(known.visit_id))


def _tell(visit: Visit, person: Person, work: PersonWork) -> None:
    work.tell(SurveyWasRecorded(event_id=work.new_id(), occurred_at=work.now(), person=person, visit=visit))
