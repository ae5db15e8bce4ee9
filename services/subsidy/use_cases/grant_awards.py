"""Grant awards (RULES 4.7): refused without a valid certificate, decided from our own copy of the register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.subsidy.domain.award import Award
from services.subsidy.domain.errors import AwardExists, PersonNotKnown, StartMonthNotAllowed
from services.subsidy.domain.facts import AwardWasGranted
from services.subsidy.use_cases.judge_awards import follow_facts
from services.subsidy.use_cases.known_schemes import unknown
from services.subsidy.use_cases.ports import Work
from shared.values.award import AwardStatus, Scheme
from shared.values.division import Scope
from shared.values.month import Month
from shared.values.refusal import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantAward:
    """``application_date`` fixes the first month due (SUB-35)."""

    person_id: UUID
    scheme: Scheme
    application_date: date


async def grant_award(command: GrantAward, work: Work, *, within: Scope) -> Award:
    """Raises `SchemeNotKnown`, `PersonNotKnown`, `PersonHasDied`, `CertificateNotValid`, `AwardExists`,
    `StartMonthNotAllowed`.
    """
    (outcome,) = await grant_awards([command], work, within=within)
    if isinstance(outcome, Refusal):
        raise outcome
    return outcome


async def grant_awards(commands: Sequence[GrantAward], work: Work, *, within: Scope) -> list[Award | Refusal]:
    """Grant many in a few statements; for each command the award or why not, in order."""
    holders = await work.holders.get([command.person_id for command in commands], within=within)
    known = await work.schemes()
    outcomes: list[Award | Refusal] = []
    for command in commands:
        try:
            if refused := unknown(command.scheme, known):
                raise refused
            holder = holders.get(command.person_id)
            if holder is None:
                raise PersonNotKnown
            if command.application_date > work.today():
                raise StartMonthNotAllowed(
                    given=str(Month.of(command.application_date)), latest=str(Month.of(work.today()))
                )
            certificate_id = holder.certificate_valid_on(command.application_date)
        except Refusal as refusal:
            outcomes.append(refusal)
            continue
        outcomes.append(
            Award(
                award_id=work.new_id(),
                person_id=command.person_id,
                certificate_id=certificate_id,
                version=1,
                division=holder.division,
                scheme=command.scheme,
                status=AwardStatus.ACTIVE,
                application_date=command.application_date,
                start_month=Month.of(command.application_date),
            )
        )
    added = await work.awards.add([outcome for outcome in outcomes if isinstance(outcome, Award)])
    granted = [
        AwardExists(scheme=outcome.scheme.value)
        if isinstance(outcome, Award) and outcome.award_id not in added
        else outcome
        for outcome in outcomes
    ]
    work.tell(
        *(
            AwardWasGranted(event_id=work.new_id(), occurred_at=work.now(), award=award)
            for award in granted
            if isinstance(award, Award)
        )
    )
    await follow_facts([award.person_id for award in granted if isinstance(award, Award)], work)
    return granted
