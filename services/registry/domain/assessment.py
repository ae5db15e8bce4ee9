"""The assessment of a disability: findings measured against GB/T 26341, signed by two physicians (CERT-02, ID-16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.registry.domain.application_errors import (
    GradeDisagreesWithMeasures,
    InstitutionIsNotDesignated,
    MeasuresAreMissing,
    PhysiciansAreNotTwo,
)
from services.registry.domain.errors import DateInFuture
from shared.values.disability import Component, Disability, DisabilityCategory, DisabilityGrade
from shared.values.division import Division
from shared.values.personal import PersonName


class Measure(StrEnum):
    """What is measured, of the better eye or ear."""

    VISUAL_ACUITY = "VISUAL_ACUITY"
    FIELD_RADIUS_DEGREES = "FIELD_RADIUS_DEGREES"
    HEARING_LOSS_DB = "HEARING_LOSS_DB"
    WHO_DAS = "WHO_DAS"


@dataclass(frozen=True, slots=True)
class Threshold:
    """From ``least`` to below ``below`` (None: no bound) makes a grade."""

    grade: DisabilityGrade
    least: Decimal
    below: Decimal | None


def _rising(*bounds: str) -> tuple[Threshold, ...]:
    """Grades 1, 2, … in rising bounds: a small measure is severe."""
    edges = [Decimal(bound) for bound in ("0", *bounds)]
    return tuple(
        Threshold(grade, low, high) for grade, low, high in zip(DisabilityGrade, edges, edges[1:], strict=False)
    )


def _falling(*least: str) -> tuple[Threshold, ...]:
    """Grades 1, 2, … each from its least: a large measure is severe."""
    edges = [Decimal(bound) for bound in least]
    return tuple(
        Threshold(grade, low, above) for grade, low, above in zip(DisabilityGrade, edges, (None, *edges), strict=False)
    )


@dataclass(frozen=True, slots=True)
class Standard:
    """A published standard: for some categories the grade follows from measures, one of which must be given (ID-17).

    Categories without measures (speech, limb, intellectual) are graded as the physicians sign (ID-18).
    """

    name: str
    in_force_from: date
    thresholds: Mapping[DisabilityCategory, Mapping[Measure, tuple[Threshold, ...]]]

    def grade(self, category: DisabilityCategory, measures: Mapping[Measure, Decimal]) -> DisabilityGrade | None:
        """The most severe grade any measure makes; None: the standard is not met. Raises `MeasuresAreMissing`."""
        known = self.thresholds.get(category, {})
        given = {measure: value for measure, value in measures.items() if measure in known}
        if known and not given:
            raise MeasuresAreMissing(category=category.value, measures=", ".join(known))
        grades = [_grade_of(known[measure], value) for measure, value in given.items()]
        return min((grade for grade in grades if grade is not None), default=None)

    def measures(self, category: DisabilityCategory) -> tuple[Measure, ...]:
        """What decides a category."""
        return tuple(self.thresholds.get(category, {}))


def _grade_of(thresholds: Sequence[Threshold], value: Decimal) -> DisabilityGrade | None:
    for threshold in thresholds:
        if threshold.least <= value and (threshold.below is None or value < threshold.below):
            return threshold.grade
    return None


GB_T_26341: Final = Standard(
    name="GB/T 26341-2010",
    in_force_from=date(2011, 5, 1),
    thresholds={
        DisabilityCategory.VISION: {
            Measure.VISUAL_ACUITY: _rising("0.02", "0.05", "0.1", "0.3"),
            Measure.FIELD_RADIUS_DEGREES: _rising("5", "10"),
        },
        DisabilityCategory.HEARING: {Measure.HEARING_LOSS_DB: _falling("91", "81", "61", "41")},
        DisabilityCategory.MENTAL: {Measure.WHO_DAS: _falling("116", "106", "96", "52")},
    },
)
STANDARDS: Final = (GB_T_26341,)
"""Every standard with the day it came into force, the oldest first (ID-16)."""


def standard_on(day: date) -> Standard:
    """The standard in force; the oldest for a day before it."""
    return next((each for each in reversed(STANDARDS) if each.in_force_from <= day), STANDARDS[0])


class AssessmentMode(StrEnum):
    """How somebody is assessed: at the institution, on site in a township, by video, at home (CERT-08)."""

    AT_INSTITUTION = "AT_INSTITUTION"
    ON_SITE = "ON_SITE"
    TELE = "TELE"
    HOME = "HOME"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One impairment with the grade the physicians give it and what they measured."""

    component: Component
    measures: Mapping[Measure, Decimal] = field(default_factory=dict)

    def must_agree(self, standard: Standard) -> None:
        """Raises `MeasuresAreMissing`, `GradeDisagreesWithMeasures`."""
        category, grade = self.component.category, self.component.grade
        measured = standard.grade(category, self.measures)
        if standard.measures(category) and measured is not grade:
            raise GradeDisagreesWithMeasures(
                category=category.value,
                given=grade.value,
                measured="none" if measured is None else str(measured.value),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Physician:
    """Who signed, by the number of their licence."""

    licence: str
    name: PersonName


@dataclass(frozen=True, slots=True, kw_only=True)
class Institution:
    """An assessment institution designated province-wide for some categories from a day on (CERT-02)."""

    institution_id: UUID
    version: int
    division: Division
    name: str
    categories: frozenset[DisabilityCategory]
    modes: frozenset[AssessmentMode]
    designated_from: date
    designated_to: date | None = None
    account: str | None = None
    """Who speaks for it at the issuer of tokens."""

    def must_be_designated(self, *categories: DisabilityCategory, on: date) -> None:
        """Raises `InstitutionIsNotDesignated`."""
        within = self.designated_from <= on and (self.designated_to is None or on <= self.designated_to)
        for category in categories:
            if not within or category not in self.categories:
                raise InstitutionIsNotDesignated(category=category.value, on=on.isoformat())


PHYSICIANS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What an assessment found. No finding: the standard is not met."""

    assessed_on: date
    mode: AssessmentMode
    findings: tuple[Finding, ...]
    physicians: tuple[Physician, ...]

    def must_hold(self, institution: Institution, *, asked: frozenset[DisabilityCategory], today: date) -> None:
        """Raises `DateInFuture`, `PhysiciansAreNotTwo`, `InstitutionIsNotDesignated`, and what the standard says.

        ``asked`` are the categories applied for: finding none of them needs the same designation as finding one.
        """
        if self.assessed_on > today:
            raise DateInFuture(field="assessed_on", given=self.assessed_on.isoformat(), today=today.isoformat())
        licences = {physician.licence for physician in self.physicians}
        if len(licences) != PHYSICIANS or len(self.physicians) != PHYSICIANS:
            raise PhysiciansAreNotTwo
        found = frozenset(finding.component.category for finding in self.findings)
        institution.must_be_designated(*sorted(found | asked), on=self.assessed_on)
        standard = standard_on(self.assessed_on)
        for finding in self.findings:
            finding.must_agree(standard)

    @property
    def disability(self) -> Disability | None:
        """The disability the findings make, most severe component first (ID-12); None: the standard is not met."""
        return Disability.of(finding.component for finding in self.findings) if self.findings else None
