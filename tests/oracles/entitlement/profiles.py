"""The rate tables of RULES 5 as the oracle holds them, typed from the text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from fractions import Fraction

from shared.values.month import Month
from tests.oracles.entitlement.policy import Dated, Overlap, Policy, Row, Scope, Tariff, Transition

LIVING, NURSING = "living_subsidy", "nursing_subsidy"
VISION, HEARING, SPEECH, LIMB, INTELLECTUAL, MENTAL = range(1, 7)
SINCE = Month(2014, 1)


def disabilities(categories: Iterable[int], *grades: int) -> frozenset[tuple[int, int]]:
    """Every pair of these categories and grades."""
    return frozenset((category, grade) for category in categories for grade in grades)


ALL = range(1, 7)
EVERY = disabilities(ALL, 1, 2, 3, 4)
SEVERE = disabilities(ALL, 1, 2)
WIDENED = SEVERE | disabilities((INTELLECTUAL, MENTAL), 3, 4)
DIBAO = frozenset({"DIBAO"})

OVERLAPS = {
    LIVING: {
        "TEKUN": Overlap.EXCLUDE,  # SUB-07
        "WORK_INJURY_CARE": Overlap.EXCLUDE,  # SUB-08
        "ORPHAN": Overlap.EXCLUDE,  # SUB-09
        "UNATTENDED_FULL": Overlap.EXCLUDE,  # SUB-10
        "UNATTENDED_PARTIAL": Overlap.STACK,  # SUB-10
        "ELDER_SERVICE": Overlap.STACK,  # SUB-12
        "OLD_AGE": Overlap.STACK,  # SUB-12
    },
    NURSING: {
        "TEKUN": Overlap.EXCLUDE,  # SUB-07
        "WORK_INJURY_CARE": Overlap.EXCLUDE,  # SUB-08, READ-17
        "ORPHAN": Overlap.STACK,  # SUB-09
        "UNATTENDED_FULL": Overlap.STACK,  # SUB-10
        "UNATTENDED_PARTIAL": Overlap.STACK,
        "ELDER_NURSING": Overlap.HIGHER,  # SUB-11
        "LIXIU_CARE": Overlap.HIGHER,  # SUB-13
        "ELDER_SERVICE": Overlap.STACK,  # SUB-12
        "OLD_AGE": Overlap.STACK,  # SUB-12
    },
}


def row(yuan: int | Fraction, *, of: str | None = None, per_year: bool = False, **when: Iterable[object]) -> Row:
    """A tariff row for these values."""
    return Row(
        when={name: frozenset(map(str, values)) for name, values in when.items()},
        yuan=Fraction(yuan),
        of=of,
        per_year=per_year,
    )


def dated(division: str, since: str, until: str | None, *rows: Row) -> Dated[Tariff]:
    """A tariff of a place from one month through another."""
    return Dated(
        division=division,
        since=Month.parse(since),
        until=Month.parse(until) if until else None,
        what=Tariff(rows=rows),
    )


def by_grade(*yuan: int, first: int = 1) -> tuple[Row, ...]:
    """One amount for each grade from the most severe on."""
    return tuple(row(amount, grade=[grade]) for grade, amount in enumerate(yuan, start=first))


def _nation() -> dict[str, tuple[Dated[Scope], ...]]:
    return {
        LIVING: (Dated(division="", since=SINCE, what=Scope(disabilities=EVERY, incomes=DIBAO)),),
        NURSING: (Dated(division="", since=SINCE, what=Scope(disabilities=SEVERE, long_care=True)),),
    }


def _scoped(scheme: str, division: str, since: str, scope: Scope) -> dict[str, tuple[Dated[Scope], ...]]:
    nation = _nation()
    return {**nation, scheme: (*nation[scheme], Dated(division=division, since=Month.parse(since), what=scope))}


def _policy(
    living: tuple[Dated[Tariff], ...] = (),
    nursing: tuple[Dated[Tariff], ...] = (),
    scopes: dict[str, tuple[Dated[Scope], ...]] | None = None,
    parameters: dict[str, tuple[Dated[Fraction], ...]] | None = None,
) -> Policy:
    return Policy(
        scopes=scopes or _nation(),
        tariffs={LIVING: living, NURSING: nursing},
        overlaps={scheme: (Dated(division="", since=SINCE, what=matrix),) for scheme, matrix in OVERLAPS.items()},
        parameters=parameters or {},
    )


_SICHUAN = (
    dated("51", "2014-01", "2022-02", *by_grade(80, 50)),
    dated("51", "2022-03", "2022-12", *by_grade(90, 60)),
    dated("51", "2023-01", "2023-12", *by_grade(100, 70)),
    dated("51", "2024-01", "2024-12", *by_grade(110, 80)),
    dated("51", "2025-01", "2025-12", *by_grade(120, 90)),
)
_GUANGAN = (
    dated("5116", "2022-03", "2022-12", *by_grade(90, 60, 50, 40)),
    dated("5116", "2023-01", "2023-12", *by_grade(100, 70, 60, 50)),
    dated("5116", "2024-01", "2024-12", *by_grade(110, 80, 70, 60)),
    dated("5116", "2025-01", "2025-12", *by_grade(120, 90, 80, 70)),
)
_SEEN, _HEARD = (LIMB, VISION, INTELLECTUAL, MENTAL), (HEARING, SPEECH)


def _zhejiang(institution_fully: int | Fraction, *others: Row) -> tuple[Row, ...]:
    home, institution = ["HOME", "NONE"], ["INSTITUTION"]
    return (
        row(500, self_care=["FULLY"], place=home),
        row(250, self_care=["MOSTLY"], place=home),
        row(125, self_care=["PARTLY"], place=home),
        row(institution_fully, self_care=["FULLY"], place=institution),
        row(Fraction(250 * 3, 2), self_care=["MOSTLY"], place=institution),
        row(Fraction(125 * 3, 2), self_care=["PARTLY"], place=institution),
        *others,
    )


PROFILES: dict[str, Policy] = {
    "T-CQ": _policy(
        living=(dated("50", "2020-01", "2022-09", row(70)), dated("50", "2022-10", None, row(80))),
        nursing=(dated("50", "2020-01", "2022-09", *by_grade(80, 70)), dated("50", "2022-10", None, *by_grade(90, 80))),
    ),
    "T-SC": _policy(
        nursing=(*_SICHUAN, *_GUANGAN),
        scopes=_scoped(NURSING, "5116", "2022-03", Scope(disabilities=WIDENED, long_care=True)),
    ),
    "T-LZ": _policy(
        living=(dated("6201", "2021-01", None, row(110, settlement=["URBAN"])),),
        nursing=(
            dated(
                "6201",
                "2021-01",
                None,
                row(110, grade=[1], category=_SEEN),
                row(110, grade=[2], category=[INTELLECTUAL, MENTAL]),
                row(60, grade=[1], category=_HEARD),
                row(60, grade=[2], category=[LIMB, VISION, HEARING, SPEECH]),
            ),
        ),
    ),
    "T-ZJ": _policy(
        living=(dated("33", "2016-01", None, row(Fraction(30, 100), of="dibao_standard")),),
        nursing=(
            dated("33", "2016-01", None, *_zhejiang(750)),
            dated(
                "3309",
                "2016-01",
                None,
                *_zhejiang(950, row(50, self_care=["NONE"], place=["HOME", "NONE"])),
                row(75, self_care=["NONE"], place=["INSTITUTION"]),
            ),
        ),
        scopes=_scoped(LIVING, "33", "2016-01", Scope(disabilities=EVERY, incomes=DIBAO | {"LOW_INCOME"})),
        parameters={"dibao_standard": (Dated(division="33", since=Month(2016, 1), what=Fraction(1000)),)},
    ),
    "T-AH": _policy(
        living=(
            dated(
                "3404", "2022-01", None, row(840, per_year=True, grade=[1, 2]), row(420, per_year=True, grade=[3, 4])
            ),
            dated(
                "3403", "2022-01", None, row(800, per_year=True, grade=[1, 2]), row(400, per_year=True, grade=[3, 4])
            ),
            dated("3410", "2022-01", None, row(60, grade=[3, 4])),
            dated("341723", "2022-01", None, row(93)),
        ),
        nursing=(
            dated("3404", "2022-01", None, row(70)),
            dated("3403", "2022-01", None, row(60)),
            dated("3410", "2022-01", None, row(65)),
        ),
        scopes=_scoped(LIVING, "341723", "2022-01", Scope(disabilities=EVERY, incomes=DIBAO | {"LIFTED_FROM_POVERTY"})),
    ),
    "T-GD": _policy(
        living=(dated("44", "2022-01", "2022-12", row(188)),),
        nursing=(dated("44", "2022-01", "2022-12", row(252)),),
    ),
}
PROFILES["T-GA"] = PROFILES["T-SC"]
PROFILES["T-CQ-TRANSITION"] = replace(
    PROFILES["T-CQ"], transitions=(Transition(division="50", first=date(2022, 12, 1), last=date(2023, 3, 31)),)
)
