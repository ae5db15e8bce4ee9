"""The worked cases of RULES 6: what is on record, and what the text expects. One list, for every implementation.

A case is built from records (`life.py`) under a profile (`profiles.py`). ``due`` gives yuan by scheme and month, ``entitled``
and ``payable`` where the text speaks of them; ``refused`` names applications that create no award (READ-02).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from shared.values.month import Month
from tests.oracles.entitlement.life import (
    Award,
    BackPayment,
    Card,
    CardStop,
    Content,
    Kind,
    Line,
    Record,
    Spell,
)
from tests.oracles.entitlement.profiles import HEARING, INTELLECTUAL, LIMB, LIVING, MENTAL, NURSING

CHONGQING = "500101"
BEFORE = date(2019, 6, 1)


@dataclass(frozen=True, kw_only=True)
class WorkedCase:
    """One row of the table; amounts in yuan, months as ``2023-05``."""

    case: str
    rules: str
    profile: str = "T-CQ"
    county: str = CHONGQING
    records: tuple[Record, ...]
    due: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    entitled: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    payable: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    known_on: date | None = None
    refused: tuple[tuple[str, date], ...] = ()
    granted: tuple[tuple[str, date], ...] = ()

    def __str__(self) -> str:
        return self.case


def day(text: str) -> date:
    """2023-05-01."""
    return date.fromisoformat(text)


def on_record(contents: Iterable[Content], recorded: date = BEFORE, first: int = 0) -> tuple[Record, ...]:
    """Statements nobody ever corrected, recorded on one day."""
    return tuple(
        Record(statement=f"s{first + number}", content=content, recorded=recorded)
        for number, content in enumerate(contents)
    )


def months(first: str, last: str, yuan: int) -> dict[str, int]:
    """The same amount from one month through another."""
    return {str(month): yuan for month in Month.parse(first).through(Month.parse(last))}


def home(county: str = CHONGQING) -> Spell:
    """Where the household is."""
    return Spell(kind=Kind.RESIDENCE, value=county, since=day("2000-01-01"))


def income(value: str = "DIBAO", *, since: str = "2015-01-01", over: str | None = None) -> Spell:
    """The class of the household."""
    return Spell(kind=Kind.INCOME, value=value, since=day(since), over=day(over) if over else None)


def benefit(value: str, *, since: str = "2015-01-01", yuan: int = 0) -> Spell:
    """Another programme."""
    return Spell(kind=Kind.BENEFIT, value=value, since=day(since), fen=yuan * 100)


def card(*components: tuple[int, int], issued: str = "2018-03-01", name: str = "card") -> Card:
    """A card for ten years."""
    first = day(issued)
    return Card(card=name, issued=first, expires=first.replace(year=first.year + 10), components=components)


def award(scheme: str, applied: str, county: str = CHONGQING, start: str | None = None) -> Award:
    """A determination on an application of a day."""
    return Award(
        award=f"{scheme}-{applied}",
        scheme=scheme,
        county=county,
        applied=day(applied),
        start=Month.parse(start) if start else Month.of(day(applied)),
    )


def both(applied: str = "2020-01-10") -> tuple[Award, Award]:
    """Both subsidies from one application."""
    return award(LIVING, applied), award(NURSING, applied)


SEVERE = card((MENTAL, 1))


def receiving(*more: Content, shown: Card = SEVERE, household: Spell | None = None) -> tuple[Record, ...]:
    """Dibao, mental grade 1, both awards running since 2020-01."""
    return on_record((home(), household or income(), shown, *both(), *more))


def _sums(living: dict[str, int], nursing: dict[str, int]) -> dict[str, dict[str, int]]:
    return {LIVING: living, NURSING: nursing}


def _payment() -> Iterator[WorkedCase]:
    applied = on_record((home(), income(), SEVERE, *both("2023-03-28")), recorded=day("2023-04-20"))
    yield WorkedCase(
        case="C-01 paid from the month of the application",
        rules="SUB-01 SUB-02 SUB-04 SUB-35 SUB-36 SUB-56 READ-23",
        records=applied,
        due=_sums(
            {"2023-02": 0, **months("2023-03", "2023-06", 80)}, {"2023-02": 0, **months("2023-03", "2023-06", 90)}
        ),
        payable=_sums(months("2023-03", "2023-05", 80), months("2023-03", "2023-05", 90)),
        granted=((LIVING, day("2023-03-28")), (NURSING, day("2023-03-28"))),
    )
    yield WorkedCase(
        case="C-01 before the determination nothing is due",
        rules="SUB-35",
        records=applied,
        known_on=day("2023-04-19"),
        due=_sums(months("2023-03", "2023-04", 0), months("2023-03", "2023-04", 0)),
    )
    yield WorkedCase(
        case="C-02 not in dibao",
        rules="SUB-02 SUB-35",
        records=on_record((home(), card((LIMB, 2)), award(NURSING, "2023-05-02"))),
        due=_sums({"2023-05": 0}, {"2023-04": 0, **months("2023-05", "2023-08", 80)}),
        entitled=_sums({"2023-05": 0}, {"2023-04": 80}),
        refused=((LIVING, day("2023-05-02")),),
    )
    yield WorkedCase(
        case="C-03 whole months, and no nursing for grade 3",
        rules="SUB-01 SUB-35 SUB-36",
        records=on_record((home(), income(), card((LIMB, 3)), award(LIVING, "2023-05-31"))),
        due=_sums({"2023-04": 0, "2023-05": 80, "2023-06": 80}, {"2023-05": 0}),
        entitled=_sums({"2023-05": 80}, {"2023-05": 0}),
        refused=((NURSING, day("2023-05-31")),),
    )
    yield WorkedCase(
        case="C-04a no widened scope",
        rules="SUB-02 SUB-06",
        profile="T-SC",
        county="510104",
        records=on_record((home("510104"), card((INTELLECTUAL, 3)))),
        due={NURSING: {"2022-05": 0}},
        entitled={NURSING: {"2022-05": 0}},
        refused=((NURSING, day("2022-05-10")),),
    )
    yield WorkedCase(
        case="C-04b the scope of Guang'an",
        rules="SUB-06 READ-13",
        profile="T-GA",
        county="511602",
        records=on_record((home("511602"), card((INTELLECTUAL, 3)), award(NURSING, "2022-05-10", "511602"))),
        due={NURSING: {"2022-04": 0, **months("2022-05", "2022-12", 50), **months("2023-01", "2023-12", 60)}},
        granted=((NURSING, day("2022-05-10")),),
    )
    yield WorkedCase(
        case="C-06 a new standard in the middle of a half-year",
        rules="SUB-63",
        records=receiving(),
        due=_sums(
            {**months("2022-07", "2022-09", 70), **months("2022-10", "2022-12", 80)},
            {**months("2022-07", "2022-09", 80), **months("2022-10", "2022-12", 90)},
        ),
    )


def _stops() -> Iterator[WorkedCase]:
    paid = [Line(scheme=LIVING, month=Month(2023, month), fen=8000) for month in (5, 6, 7, 8)]
    paid += [Line(scheme=NURSING, month=Month(2023, month), fen=9000) for month in (5, 6, 7, 8)]
    late = receiving(*paid) + on_record(
        (Spell(kind=Kind.DEATH, since=day("2023-05-02")),), recorded=day("2023-08-15"), first=100
    )
    yield WorkedCase(
        case="C-07 a death learned late",
        rules="SUB-38 DX-10",
        records=late,
        due=_sums(
            {"2023-05": 80, **months("2023-06", "2023-08", 0)}, {"2023-05": 90, **months("2023-06", "2023-08", 0)}
        ),
        payable=_sums(
            {"2023-05": 0, **months("2023-06", "2023-08", -80)}, {"2023-05": 0, **months("2023-06", "2023-08", -90)}
        ),
    )
    yield WorkedCase(
        case="C-07 the day before it was learned",
        rules="SUB-38",
        records=late,
        known_on=day("2023-08-14"),
        due=_sums(months("2023-05", "2023-08", 80), months("2023-05", "2023-08", 90)),
        payable=_sums(months("2023-05", "2023-08", 0), months("2023-05", "2023-08", 0)),
    )
    yield WorkedCase(
        case="C-08 a death on the last day of the month",
        rules="SUB-36 SUB-38",
        records=receiving(Spell(kind=Kind.DEATH, since=day("2023-05-31"))),
        due=_sums({"2023-05": 80, "2023-06": 0}, {"2023-05": 90, "2023-06": 0}),
    )
    old = card((MENTAL, 1), issued="2013-06-15")
    yield WorkedCase(
        case="C-09 a card expires",
        rules="SUB-40 CERT-12",
        records=receiving(shown=old),
        due=_sums({"2023-06": 80, "2023-07": 0}, {"2023-06": 90, "2023-07": 0}),
    )
    yield WorkedCase(
        case="C-10 renewed before it expires",
        rules="SUB-40 READ-03",
        records=receiving(card((MENTAL, 1), issued="2023-06-10", name="new"), shown=old),
        due=_sums(months("2023-05", "2023-09", 80), months("2023-05", "2023-09", 90)),
    )
    renewed = card((MENTAL, 1), issued="2023-08-20", name="new")
    yield WorkedCase(
        case="C-11 renewed too late, with back-payment",
        rules="SUB-40 SUB-47 SUB-48 READ-11",
        records=receiving(
            renewed,
            *both("2023-08-25"),
            BackPayment(award=f"{LIVING}-2023-08-25"),
            BackPayment(award=f"{NURSING}-2023-08-25"),
            shown=old,
        ),
        due=_sums(months("2023-05", "2023-09", 80), months("2023-05", "2023-09", 90)),
        payable=_sums({"2023-07": 80, "2023-08": 80}, {"2023-07": 90, "2023-08": 90}),
    )
    yield WorkedCase(
        case="C-11 without a decision the gap stays a gap",
        rules="SUB-47 SUB-48",
        records=receiving(renewed, *both("2023-08-25"), shown=old),
        due=_sums({"2023-06": 80, "2023-07": 0, "2023-08": 80}, {"2023-06": 90, "2023-07": 0, "2023-08": 90}),
    )
    yield WorkedCase(
        case="C-16 dibao ends",
        rules="SUB-39 READ-19",
        records=receiving(household=income(over="2023-07-13")),
        due=_sums({"2023-07": 80, "2023-08": 0}, {"2023-07": 90, "2023-08": 90}),
    )
    yield WorkedCase(
        case="C-17 becomes a person in extreme hardship",
        rules="SUB-07 SUB-38",
        records=receiving(benefit("TEKUN", since="2023-09-05")),
        due=_sums({"2023-09": 80, "2023-10": 0}, {"2023-09": 90, "2023-10": 0}),
    )
    prison = Spell(kind=Kind.PRISON, since=day("2023-02-20"), over=day("2024-11-10"))
    yield WorkedCase(
        case="C-23 a sentence served in prison",
        rules="SUB-41 SUB-35 READ-01",
        records=receiving(prison, *both("2024-12-03")),
        due=_sums(
            {"2023-02": 80, **months("2023-03", "2024-11", 0), "2024-12": 80},
            {"2023-02": 90, **months("2023-03", "2024-11", 0), "2024-12": 90},
        ),
        refused=((LIVING, day("2024-11-09")), (NURSING, day("2023-02-20"))),
    )
    yield WorkedCase(
        case="C-24 a suspended sentence changes nothing",
        rules="SUB-42",
        records=receiving(Spell(kind=Kind.CIRCUMSTANCE, value="SUSPENDED_SENTENCE", since=day("2023-02-20"))),
        due=_sums(months("2023-02", "2023-06", 80), months("2023-02", "2023-06", 90)),
    )
    freeze = CardStop(
        card="card", kind="FROZEN", reason="TRANSFER_OVERDUE_6M", since=day("2023-06-10"), over=day("2023-08-02")
    )
    yield WorkedCase(
        case="C-27 frozen, unfrozen, applied again",
        rules="CERT-24 SUB-38 SUB-35 READ-01 READ-04",
        records=receiving(freeze, *both("2023-08-03")),
        due=_sums({"2023-06": 80, "2023-07": 0, "2023-08": 80}, {"2023-06": 90, "2023-07": 0, "2023-08": 90}),
    )
    yield WorkedCase(
        case="C-27 without a new application",
        rules="SUB-38 READ-01",
        records=receiving(freeze),
        due=_sums(months("2023-07", "2023-10", 0), months("2023-07", "2023-10", 0)),
        entitled=_sums({"2023-07": 0, "2023-08": 80}, {"2023-07": 0, "2023-08": 90}),
    )
    yield WorkedCase(
        case="C-37 lost and replaced",
        rules="ID-09 ID-11 SUB-46 READ-20",
        records=receiving(
            Card(card="new", issued=day("2023-05-20"), expires=day("2028-03-01"), components=((MENTAL, 1),))
        ),
        due=_sums(months("2023-03", "2023-08", 80), months("2023-03", "2023-08", 90)),
    )


def _overlaps() -> Iterator[WorkedCase]:
    yield WorkedCase(
        case="C-18 an orphan",
        rules="SUB-09",
        records=on_record((home(), income(), benefit("ORPHAN"), card((INTELLECTUAL, 1)), award(NURSING, "2023-03-01"))),
        due=_sums({"2023-03": 0}, {"2023-02": 0, **months("2023-03", "2023-06", 90)}),
        entitled=_sums({"2023-03": 0}, {"2023-03": 90}),
        refused=((LIVING, day("2023-03-01")),),
    )
    injured = on_record((home(), income(), benefit("WORK_INJURY_CARE"), card((LIMB, 1))))
    yield WorkedCase(
        case="C-20 living care of the work-injury insurance",
        rules="SUB-08",
        records=injured,
        due=_sums({"2023-03": 0}, {"2023-03": 0}),
        entitled=_sums({"2023-03": 0}, {"2023-03": 0}),
        refused=((LIVING, day("2023-03-01")), (NURSING, day("2023-03-01"))),
    )
    yield WorkedCase(
        case="C-21 a higher elder nursing subsidy",
        rules="SUB-11 READ-08",
        records=receiving(benefit("ELDER_NURSING", yuan=150)),
        due=_sums(months("2023-03", "2023-05", 80), months("2023-03", "2023-05", 0)),
    )
    yield WorkedCase(
        case="C-21 an equal one leaves it paid",
        rules="SUB-11 READ-08",
        records=receiving(benefit("ELDER_NURSING", yuan=90)),
        due=_sums(months("2023-03", "2023-05", 80), months("2023-03", "2023-05", 90)),
    )
    yield WorkedCase(
        case="C-22 elder service subsidy and old-age allowance stack",
        rules="SUB-12",
        records=receiving(benefit("ELDER_SERVICE", yuan=200), benefit("OLD_AGE", yuan=300)),
        due=_sums(months("2023-03", "2023-05", 80), months("2023-03", "2023-05", 90)),
    )
    yield WorkedCase(
        case="C-33 eligible but unpaid until the application",
        rules="SUB-35 SUB-71 SUB-72",
        records=on_record((home(), card((MENTAL, 1), issued="2023-01-12"), award(NURSING, "2023-06-09"))),
        due={NURSING: {**months("2023-01", "2023-05", 0), **months("2023-06", "2023-08", 90)}},
        entitled={NURSING: {"2022-12": 0, **months("2023-01", "2023-06", 90)}},
    )
    yield WorkedCase(
        case="C-36 the subsidies do not count as income",
        rules="SUB-05",
        records=receiving(
            Line(scheme=LIVING, month=Month(2023, 3), fen=8000), Line(scheme=NURSING, month=Month(2023, 3), fen=9000)
        ),
        due=_sums(months("2023-03", "2023-05", 80), months("2023-03", "2023-05", 90)),
        payable=_sums({"2023-03": 0}, {"2023-03": 0}),
    )


def _places() -> Iterator[WorkedCase]:
    for name, component, yuan in (
        ("intellectual grade 2", (INTELLECTUAL, 2), 110),
        ("limb grade 2", (LIMB, 2), 60),
        ("hearing grade 1", (HEARING, 1), 60),
    ):
        yield WorkedCase(
            case=f"C-30 {name}",
            rules="ID-13 T-LZ",
            profile="T-LZ",
            county="620102",
            records=on_record((home("620102"), card(component), award(NURSING, "2023-03-06", "620102"))),
            due={NURSING: months("2023-03", "2023-05", yuan)},
        )
    yield WorkedCase(
        case="C-28 an epidemic transition",
        rules="SUB-49 READ-10",
        profile="T-CQ-TRANSITION",
        records=receiving(
            card((MENTAL, 1), issued="2023-03-20", name="new"), shown=card((MENTAL, 1), issued="2012-12-05")
        ),
        due=_sums(months("2022-11", "2023-06", 80), months("2022-11", "2023-06", 90)),
    )
    returned = [
        Line(scheme=scheme, month=Month(2023, month), fen=fen)
        for month in (4, 5)
        for scheme, fen in ((LIVING, 8000), (NURSING, 9000))
    ]
    yield WorkedCase(
        case="C-32 a returned item is open, not owed again",
        rules="SUB-59 SUB-61",
        records=receiving(*returned),
        due=_sums(months("2023-04", "2023-05", 80), months("2023-04", "2023-05", 90)),
        payable=_sums(months("2023-04", "2023-05", 0), months("2023-04", "2023-05", 0)),
    )
    for name, county, place, yuan in (
        ("a at home", "330213", "HOME", 500),
        ("b in an institution", "330213", "INSTITUTION", 750),
        ("c in an institution in Zhoushan", "330902", "INSTITUTION", 950),
    ):
        yield WorkedCase(
            case=f"C-34{name}",
            rules="T-ZJ READ-12 READ-15",
            profile="T-ZJ",
            county=county,
            records=on_record(
                (
                    home(county),
                    card((LIMB, 1)),
                    Spell(kind=Kind.SELF_CARE, value="FULLY", since=day("2018-03-01")),
                    Spell(kind=Kind.PLACE, value=place, since=day("2018-03-01")),
                    award(NURSING, "2023-03-06", county),
                )
            ),
            due={NURSING: months("2023-03", "2023-05", yuan)},
        )
    yield WorkedCase(
        case="C-35 income at 140 % of dibao",
        rules="SUB-06 T-ZJ",
        profile="T-ZJ",
        county="330213",
        records=on_record(
            (home("330213"), income("LOW_INCOME"), card((LIMB, 3)), award(LIVING, "2023-03-06", "330213"))
        ),
        due={LIVING: months("2023-03", "2023-05", 300)},
    )
    yield WorkedCase(
        case="C-39 a yearly amount paid by the month",
        rules="T-AH SUB-35 READ-15",
        profile="T-AH",
        county="340402",
        records=on_record((home("340402"), income(), card((LIMB, 1)), award(LIVING, "2022-04-11", "340402"))),
        due={LIVING: {"2022-03": 0, **months("2022-04", "2022-12", 70)}},
    )


WORKED_CASES: tuple[WorkedCase, ...] = (*_payment(), *_stops(), *_overlaps(), *_places())
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
