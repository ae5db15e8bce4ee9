"""Applications, institutions, conclusions and the time they are decided in, with good defaults."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from uuid_utils.compat import uuid7

from services.registry.domain.application import Application, Channel, Outcome, Wish
from services.registry.domain.application_state import ApplicationState, Matter
from services.registry.domain.assessment import AssessmentMode, Conclusion, Finding, Institution, Measure, Physician
from services.registry.domain.certificate import PROOF_OF, CancellationReason, Proof
from services.registry.domain.local_rules import LocalRule, LocalRules
from services.registry.domain.timing import Timing
from shared.kit.working_days import seeded
from shared.values.disability import Component, Disability, DisabilityCategory
from shared.values.division import Division
from shared.values.personal import PersonName
from tests.builders.registry import TODAY, VILLAGE

CALENDAR: Final = seeded()
LIMB: Final = Disability.parse("4", "2", "")


def a_timing(today: date = TODAY, *rows: LocalRule) -> Timing:
    """National defaults, the State Council's calendar."""
    return Timing(today=today, calendar=CALENDAR, rules=LocalRules(rows))


def a_rule(name: str, value: object, **given: Any) -> LocalRule:
    """A local rule in force everywhere for ever."""
    values: dict[str, Any] = {"division": None, "matter": None, "valid_from": date(2000, 1, 1)}
    return LocalRule(name=name, value=value, **values | given)


def an_institution(**given: Any) -> Institution:
    """A hospital designated for everything."""
    values: dict[str, Any] = {
        "institution_id": uuid7(),
        "version": 1,
        "division": Division("341502"),
        "name": "六安市人民医院",
        "categories": frozenset(DisabilityCategory) - {DisabilityCategory.MULTIPLE},
        "modes": frozenset(AssessmentMode),
        "designated_from": date(2018, 1, 1),
    }
    return Institution(**values | given)


def a_finding(component: str = "4:2", **measures: str) -> Finding:
    """Limb, grade 2, unless said otherwise: ``a_finding("2:1", HEARING_LOSS_DB="95")``."""
    return Finding(
        component=Component.parse(component),
        measures={Measure(name): Decimal(value) for name, value in measures.items()},
    )


def two_physicians() -> tuple[Physician, ...]:
    """Two licences."""
    return (
        Physician(licence="110341500000001", name=PersonName("赵医生")),
        Physician(licence="110341500000002", name=PersonName("钱医生")),
    )


def a_conclusion(*findings: Finding, **given: Any) -> Conclusion:
    """Signed today by two physicians; without findings the standard is not met."""
    values: dict[str, Any] = {
        "assessed_on": TODAY,
        "mode": AssessmentMode.AT_INSTITUTION,
        "findings": findings,
        "physicians": two_physicians(),
    }
    return Conclusion(**values | given)


MET: Final = Outcome(concluded_on=TODAY, disability=LIMB)
NOT_MET: Final = Outcome(concluded_on=TODAY, disability=None)


def an_application(state: ApplicationState = ApplicationState.SUBMITTED, **given: Any) -> Application:
    """A new certificate asked for in the county of residence, papers complete."""
    values: dict[str, Any] = {
        "application_id": uuid7(),
        "person_id": uuid7(),
        "version": 1,
        "matter": Matter.NEW,
        "channel": Channel.COUNTER,
        "state": state,
        "home": VILLAGE,
        "acceptance": VILLAGE,
        "wish": Wish(categories=frozenset({DisabilityCategory.LIMB})),
        "submitted_on": TODAY,
        "entered_on": TODAY,
    }
    return Application(**values | given)


def a_proof(reason: CancellationReason = CancellationReason.VOLUNTARY) -> Proof:
    """The paper this reason needs."""
    return Proof(kind=PROOF_OF[reason], reference="六裕残〔2026〕12号")


def after(application: Application, **changes: Any) -> Application:
    """The same with something else about it."""
    return replace(application, **changes)
