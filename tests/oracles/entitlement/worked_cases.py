"""The worked cases of RULES 6: what is on record, and what the text expects. One list, for every implementation.

Amounts are yuan by scheme and month. ``refused`` are applications that create no award (READ-02), ``granted`` do.
``because`` names rules that say no (blanks between them), for whoever gives reasons.
`WORKED_CASES` has every case of the text under its ID, with twins that say the same rule the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from services.subsidy.domain.person_facts import FactKind
from services.subsidy.domain.policy import PolicyDocument
from shared.values.month import Month
from tests.oracles.entitlement.life import Moment
from tests.oracles.entitlement.profiles import EPIDEMIC, shipped
from tests.oracles.entitlement.story import (
    HEARING,
    INTELLECTUAL,
    LIMB,
    LIVING,
    MENTAL,
    NURSING,
    Story,
    day,
    moment_of,
    receiving,
)

Table = Mapping[str, Mapping[str, int | None]]
"""Yuan by scheme and month; None where the tariff has no amount (READ-14)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WorkedCase:
    """One row of the table, named ``<ID> <what it shows>``."""

    name: str
    rules: str
    person_id: UUID
    county: str
    history: tuple[Moment, ...]
    policy: tuple[PolicyDocument, ...]
    known_at: datetime | None
    due: Table
    entitled: Table = field(default_factory=dict)
    payable: Table = field(default_factory=dict)
    because: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    refused: tuple[tuple[str, date], ...] = ()
    granted: tuple[tuple[str, date], ...] = ()

    def __str__(self) -> str:
        return self.name

    @property
    def case(self) -> str:
        """Its ID in the text."""
        return self.name.split(" ", 1)[0].rstrip("abc")


def case(
    story: Story,
    rules: str,
    *,
    due: Table,
    entitled: Table | None = None,
    payable: Table | None = None,
    because: Mapping[str, Mapping[str, str]] | None = None,
    profile: str = "T-CQ",
    extra: tuple[PolicyDocument, ...] = (),
    known_on: str | None = None,
    refused: Mapping[str, str] | None = None,
    granted: Mapping[str, str] | None = None,
) -> WorkedCase:
    """The case a story makes."""
    return WorkedCase(
        name=story.name,
        rules=rules,
        person_id=story.person_id,
        county=story.county,
        history=story.history,
        policy=(*shipped(*(("T-SC", "T-GA") if profile == "T-GA" else (profile,))), *extra),
        known_at=moment_of(known_on) if known_on else None,
        due=due,
        entitled=entitled or {},
        payable=payable or {},
        because=because or {},
        refused=tuple((scheme, day(text)) for scheme, text in (refused or {}).items()),
        granted=tuple((scheme, day(text)) for scheme, text in (granted or {}).items()),
    )


def months(first: str, last: str, yuan: int | None) -> dict[str, int | None]:
    """The same amount from one month through another."""
    return {str(month): yuan for month in Month.parse(first).through(Month.parse(last))}


def both(living: Mapping[str, int | None], nursing: Mapping[str, int | None]) -> Table:
    """The two subsidies beside each other."""
    return {LIVING: living, NURSING: nursing}


def always(first: str, last: str) -> Table:
    """170 yuan in every one of these months: living 80, nursing of grade 1 90."""
    return both(months(first, last, 80), months(first, last, 90))


def _payment() -> Iterator[WorkedCase]:
    for name, known_on, due in (
        (
            "C-01 paid from the month of the application",
            None,
            both(
                {"2023-02": 0, **months("2023-03", "2023-06", 80)}, {"2023-02": 0, **months("2023-03", "2023-06", 90)}
            ),
        ),
        ("C-01 nothing before the determination", "2023-04-19", both(months("2023-03", "2023-04", 0), {"2023-03": 0})),
    ):
        yield case(
            Story(name).dibao().card((MENTAL, 1)).later("2023-04-20").both("2023-03-28"),
            "SUB-01 SUB-02 SUB-04 SUB-35 SUB-36 SUB-56 READ-23",
            known_on=known_on,
            due=due,
            payable=due,
            granted={LIVING: "2023-03-28", NURSING: "2023-03-28"},
        )
    yield case(
        Story("C-02 not in dibao").card((LIMB, 2)).award(NURSING, "2023-05-02"),
        "SUB-02 SUB-35",
        due=both({"2023-05": 0}, {"2023-04": 0, **months("2023-05", "2023-08", 80)}),
        entitled=both({"2023-05": 0}, {"2023-04": 80}),
        refused={LIVING: "2023-05-02"},
    )
    yield case(
        Story("C-03 whole months, and no nursing for grade 3").dibao().card((LIMB, 3)).award(LIVING, "2023-05-31"),
        "SUB-01 SUB-35 SUB-36",
        due=both({"2023-04": 0, "2023-05": 80, "2023-06": 80}, {"2023-05": 0}),
        entitled=both({"2023-05": 80}, {"2023-05": 0}),
        refused={NURSING: "2023-05-31"},
    )
    yield case(
        Story("C-04a no widened scope", "510104").card((INTELLECTUAL, 3)).award(NURSING, "2022-05-10"),
        "SUB-02 SUB-06",
        profile="T-SC",
        due={NURSING: months("2022-05", "2022-07", 0)},
        entitled={NURSING: {"2022-05": 0}},
        refused={NURSING: "2022-05-10"},
    )
    yield case(
        Story("C-04b the scope of Guang'an", "511602").card((INTELLECTUAL, 3)).award(NURSING, "2022-05-10"),
        "SUB-06 READ-13",
        profile="T-GA",
        due={NURSING: {"2022-04": 0, **months("2022-05", "2022-12", 50), **months("2023-01", "2023-12", 60)}},
        granted={NURSING: "2022-05-10"},
    )
    yield case(
        receiving("C-06 a new standard in the middle of a half-year"),
        "SUB-63",
        due=both(
            {**months("2022-07", "2022-09", 70), **months("2022-10", "2022-12", 80)},
            {**months("2022-07", "2022-09", 80), **months("2022-10", "2022-12", 90)},
        ),
    )


def _deaths() -> Iterator[WorkedCase]:
    def paid_until_august(name: str) -> Story:
        story = receiving(name)
        for number in (5, 6, 7, 8):
            story.later(f"2023-{number:02d}-08").paid(LIVING, f"2023-{number:02d}", 80)
            story.paid(NURSING, f"2023-{number:02d}", 90)
        return story.later("2023-08-15").fact(FactKind.DEATH, "2023-05-02")

    yield case(
        paid_until_august("C-07 a death learned late"),
        "SUB-38 DX-10",
        due=both(
            {"2023-05": 80, **months("2023-06", "2023-08", 0)}, {"2023-05": 90, **months("2023-06", "2023-08", 0)}
        ),
        payable=both(
            {"2023-05": 0, **months("2023-06", "2023-08", -80)}, {"2023-05": 0, **months("2023-06", "2023-08", -90)}
        ),
    )
    yield case(
        paid_until_august("C-07 as it was known the day before"),
        "SUB-38",
        known_on="2023-08-14",
        due=always("2023-05", "2023-08"),
        payable=both(months("2023-05", "2023-08", 0), months("2023-05", "2023-08", 0)),
    )
    yield case(
        receiving("C-08 a death on the last day of the month").fact(FactKind.DEATH, "2023-05-31"),
        "SUB-36 SUB-38",
        due=both({"2023-05": 80, "2023-06": 0}, {"2023-05": 90, "2023-06": 0}),
    )


def _cards() -> Iterator[WorkedCase]:
    yield case(
        receiving("C-09 a card expires", issued="2013-06-15"),
        "SUB-40 SUB-50 CERT-12",
        due=both(
            {"2023-06": 80, **months("2023-07", "2023-09", 0)}, {"2023-06": 90, **months("2023-07", "2023-09", 0)}
        ),
        because={LIVING: {"2023-08": "SUB-18 SUB-40"}},
    )
    yield case(
        receiving("C-10 renewed before it expires", issued="2013-06-15").card((MENTAL, 1), issued="2023-06-10"),
        "SUB-40 READ-03",
        due=always("2023-05", "2023-09"),
    )
    restart: Table = both({"2023-06": 80, "2023-07": 0, "2023-08": 80}, {"2023-06": 90, "2023-07": 0, "2023-08": 90})
    for name, back_paid, due in (
        ("C-11 renewed too late, back-payment granted", True, always("2023-05", "2023-09")),
        ("C-11 without a decision the gap stays a gap", False, restart),
    ):
        yield case(
            receiving(name, issued="2013-06-15")
            .later("2023-08-28")
            .card((MENTAL, 1), issued="2023-08-20")
            .both("2023-08-25", back_paid=back_paid),
            "SUB-40 SUB-47 SUB-48 READ-11",
            entitled=both({"2023-07": 0, "2023-08": 80}, {"2023-07": 0, "2023-08": 90}),
            due=due,
            granted={LIVING: "2023-08-25"},
            refused={LIVING: "2023-08-19", NURSING: "2023-08-19"},
        )
    for name, applied, due in (
        ("C-27 frozen, unfrozen, applied again", "2023-08-03", restart),
        (
            "C-27 without a new application it stays stopped",
            None,
            both(
                {"2023-06": 80, **months("2023-07", "2023-10", 0)}, {"2023-06": 90, **months("2023-07", "2023-10", 0)}
            ),
        ),
    ):
        story = receiving(name).fact(FactKind.CARD_FROZEN, "2023-06-10", "2023-08-02")
        yield case(
            story.both(applied) if applied else story,
            "CERT-24 SUB-38 SUB-35 READ-01 READ-04",
            due=due,
            entitled=both({"2023-07": 0, "2023-08": 80}, {"2023-07": 0, "2023-08": 90}),
            refused={LIVING: "2023-06-10", NURSING: "2023-08-01"},
            granted={LIVING: "2023-08-02"},
        )
    yield case(
        receiving("C-28 an epidemic transition", issued="2012-12-05").card((MENTAL, 1), issued="2023-03-20"),
        "SUB-49 READ-10",
        extra=(EPIDEMIC,),
        due=always("2022-11", "2023-06"),
    )
    yield case(
        receiving("C-37 lost and replaced").card((MENTAL, 1), issued="2023-05-20", expires="2028-03-01"),
        "ID-09 ID-11 SUB-46 READ-20",
        due=always("2023-03", "2023-08"),
    )


def _conditions() -> Iterator[WorkedCase]:
    yield case(
        Story("C-16 dibao ends").dibao(over="2023-07-13").card((MENTAL, 1)).both(),
        "SUB-39 READ-19",
        due=both({"2023-07": 80, **months("2023-08", "2023-10", 0)}, months("2023-07", "2023-10", 90)),
    )
    yield case(
        receiving("C-17 becomes a person in extreme hardship").fact(FactKind.TEKUN, "2023-09-05"),
        "SUB-07 SUB-38",
        due=both({"2023-09": 80, "2023-10": 0}, {"2023-09": 90, "2023-10": 0}),
    )
    yield case(
        Story("C-18 an orphan").dibao().fact(FactKind.ORPHAN).card((INTELLECTUAL, 1)).award(NURSING, "2023-03-01"),
        "SUB-09",
        due=both({"2023-03": 0}, {"2023-02": 0, **months("2023-03", "2023-06", 90)}),
        entitled=both({"2023-03": 0}, {"2023-03": 90}),
        refused={LIVING: "2023-03-01"},
    )
    yield case(
        Story("C-20 living care of the work-injury insurance")
        .dibao()
        .fact(FactKind.WORK_INJURY_CARE)
        .card((LIMB, 1))
        .both("2023-03-01"),
        "SUB-08 READ-17",
        due=both(months("2023-03", "2023-05", 0), months("2023-03", "2023-05", 0)),
        entitled=both({"2023-03": 0}, {"2023-03": 0}),
        refused={LIVING: "2023-03-01", NURSING: "2023-03-01"},
    )
    for name, yuan, nursing in (
        ("C-21 a higher elder nursing subsidy", 150, 0),
        ("C-21 an equal one leaves the disability subsidy paid", 90, 90),
    ):
        yield case(
            receiving(name).fact(FactKind.ELDER_NURSING, yuan=yuan),
            "SUB-11 READ-08",
            due=both(months("2023-03", "2023-05", 80), months("2023-03", "2023-05", nursing)),
        )
    yield case(
        receiving("C-22 elder service subsidy and old-age allowance stack")
        .fact(FactKind.ELDER_SERVICE, yuan=200)
        .fact(FactKind.OLD_AGE_ALLOWANCE, yuan=300),
        "SUB-12",
        due=always("2023-03", "2023-05"),
    )
    yield case(
        receiving("C-23 a sentence served in prison")
        .fact(FactKind.PRISON, "2023-02-20", "2024-11-10")
        .both("2024-12-03"),
        "SUB-41 SUB-35 READ-01",
        due=both(
            {"2023-02": 80, **months("2023-03", "2024-11", 0), "2024-12": 80},
            {"2023-02": 90, **months("2023-03", "2024-11", 0), "2024-12": 90},
        ),
        refused={LIVING: "2024-11-09", NURSING: "2023-02-20"},
        granted={LIVING: "2024-12-03"},
    )
    yield case(
        receiving("C-24 a suspended sentence changes nothing").fact(FactKind.SUSPENDED_SENTENCE, "2023-02-20"),
        "SUB-42",
        due=always("2023-02", "2023-06"),
    )
    yield case(
        Story("C-33 eligible but unpaid until the application")
        .card((MENTAL, 1), issued="2023-01-12")
        .award(NURSING, "2023-06-09"),
        "SUB-35 SUB-71 SUB-72",
        due={NURSING: {**months("2023-01", "2023-05", 0), **months("2023-06", "2023-08", 90)}},
        entitled={NURSING: {"2022-12": 0, **months("2023-01", "2023-06", 90)}},
    )


def _money() -> Iterator[WorkedCase]:
    nothing = both(months("2023-04", "2023-05", 0), months("2023-04", "2023-05", 0))
    returned = receiving("C-32 a returned item is open, not owed again")
    settled = receiving("C-36 the subsidies themselves are no income")
    for month in ("2023-04", "2023-05"):
        returned.paid(LIVING, month, 80, "RETURNED" if month == "2023-04" else "SENT")
        returned.paid(NURSING, month, 90, "RETURNED" if month == "2023-04" else "SENT")
        settled.paid(LIVING, month, 80).paid(NURSING, month, 90)
    yield case(returned, "SUB-59 SUB-61", due=always("2023-04", "2023-05"), payable=nothing)
    yield case(settled, "SUB-05", due=always("2023-04", "2023-06"), payable=nothing)


def _tariffs() -> Iterator[WorkedCase]:
    for name, component, yuan in (
        ("intellectual grade 2", (INTELLECTUAL, 2), 110),
        ("limb grade 2", (LIMB, 2), 60),
        ("hearing grade 1", (HEARING, 1), 60),
    ):
        yield case(
            Story(f"C-30 {name}", "620102").card(component).award(NURSING, "2023-03-06"),
            "ID-13",
            profile="T-LZ",
            due={NURSING: months("2023-03", "2023-05", yuan)},
        )
    for name, county, place, yuan in (
        ("C-34a fully dependent at home", "330213", "HOME", 500),
        ("C-34b fully dependent in an institution", "330213", "INSTITUTION", 750),
        ("C-34c fully dependent in an institution in Zhoushan", "330902", "INSTITUTION", 950),
    ):
        yield case(
            Story(name, county)
            .card((LIMB, 1))
            .fact(FactKind.SELF_CARE, value="FULLY_UNABLE")
            .fact(FactKind.CARE_PLACE, value=place)
            .award(NURSING, "2023-03-06"),
            "READ-06 READ-15",
            profile="T-ZJ",
            due={NURSING: months("2023-03", "2023-05", yuan)},
        )
    yield case(
        Story("C-35 income at 140 % of dibao", "330213")
        .card((LIMB, 3))
        .fact(FactKind.ECONOMY, value="OTHER", percent=140)
        .award(LIVING, "2023-03-06"),
        "SUB-06",
        profile="T-ZJ",
        due={LIVING: months("2023-03", "2023-05", 300)},
    )
    yield case(
        Story("C-39 a yearly amount paid by the month", "340402").dibao().card((LIMB, 1)).award(LIVING, "2022-04-11"),
        "SUB-35 READ-15",
        profile="T-AH",
        due={LIVING: {"2022-03": 0, **months("2022-04", "2022-12", 70)}},
    )


WORKED_CASES: tuple[WorkedCase, ...] = (
    *_payment(),
    *_deaths(),
    *_cards(),
    *_conditions(),
    *_money(),
    *_tariffs(),
)
CASES_IN_THE_TEXT = frozenset(
    f"C-{number:02d}"
    for number in (
        1,
        2,
        3,
        4,
        6,
        7,
        8,
        9,
        10,
        11,
        16,
        17,
        18,
        20,
        21,
        22,
        23,
        24,
        27,
        28,
        30,
        32,
        33,
        34,
        35,
        36,
        37,
        39,
    )
)
