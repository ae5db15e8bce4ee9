"""Every amount RULES 5 gives for a shipped profile, and the two schemes that are data only (RULES 10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.subsidy.domain.person_facts import FactKind
from tests.oracles.entitlement.story import (
    HEARING,
    INTELLECTUAL,
    LIMB,
    LIVING,
    MENTAL,
    NURSING,
    SPEECH,
    VISION,
    Story,
)
from tests.oracles.entitlement.worked_cases import WorkedCase, case

FUEL, SPECIAL_AID = "motor_wheelchair_fuel", "special_aid"
_WORDS = {
    VISION: "vision",
    HEARING: "hearing",
    SPEECH: "speech",
    LIMB: "limb",
    INTELLECTUAL: "intellectual",
    MENTAL: "mental",
}

# One line: profile; county; scheme; category and grade; yuan by month.
_AMOUNTS: tuple[tuple[str, str, str, tuple[int, int], Mapping[str, int | None]], ...] = (
    ("T-CQ", "500101", LIVING, (LIMB, 4), {"2020-01": 70, "2022-09": 70, "2022-10": 80, "2025-06": 80}),
    ("T-CQ", "500101", NURSING, (LIMB, 1), {"2020-01": 80, "2022-09": 80, "2022-10": 90}),
    ("T-CQ", "500101", NURSING, (LIMB, 2), {"2020-01": 70, "2022-09": 70, "2022-10": 80}),
    (
        "T-SC",
        "510104",
        NURSING,
        (LIMB, 1),
        {"2022-02": 80, "2022-03": 90, "2023-01": 100, "2024-06": 110, "2025-12": 120},
    ),
    ("T-SC", "510104", NURSING, (LIMB, 2), {"2022-02": 50, "2022-03": 60, "2023-01": 70, "2024-06": 80, "2025-12": 90}),
    ("T-SC", "510104", NURSING, (MENTAL, 3), {"2023-01": 0}),
    ("T-GA", "511602", NURSING, (LIMB, 1), {"2022-03": 90, "2022-12": 90, "2025-01": 120}),
    ("T-GA", "511602", NURSING, (LIMB, 2), {"2022-03": 60, "2022-12": 60, "2025-01": 90}),
    ("T-GA", "511602", NURSING, (MENTAL, 3), {"2022-02": 0, "2022-03": 50, "2022-12": 50, "2025-01": 80}),
    ("T-GA", "511602", NURSING, (INTELLECTUAL, 4), {"2022-03": 40, "2022-12": 40, "2025-01": 70}),
    ("T-GA", "511602", NURSING, (LIMB, 3), {"2022-03": 0}),
    *(
        ("T-LZ", "620102", NURSING, (category, 1), {"2023-01": 110})
        for category in (LIMB, VISION, INTELLECTUAL, MENTAL)
    ),
    *(("T-LZ", "620102", NURSING, (category, 2), {"2023-01": 110}) for category in (INTELLECTUAL, MENTAL)),
    *(("T-LZ", "620102", NURSING, (category, 1), {"2023-01": 60}) for category in (HEARING, SPEECH)),
    *(("T-LZ", "620102", NURSING, (category, 2), {"2023-01": 60}) for category in (LIMB, VISION, HEARING, SPEECH)),
    ("T-ZJ", "330213", LIVING, (LIMB, 4), {"2023-01": 300}),
    ("T-AH", "340402", LIVING, (LIMB, 2), {"2022-01": 70}),
    ("T-AH", "340402", LIVING, (LIMB, 3), {"2022-01": 35}),
    ("T-AH", "340402", NURSING, (LIMB, 2), {"2022-01": 70}),
    ("T-AH", "340302", LIVING, (LIMB, 1), {"2022-01": 67}),
    ("T-AH", "340302", LIVING, (LIMB, 4), {"2022-01": 33}),
    ("T-AH", "340302", NURSING, (LIMB, 1), {"2022-01": 60}),
    ("T-AH", "341002", LIVING, (LIMB, 3), {"2022-01": 60}),
    ("T-AH", "341002", LIVING, (LIMB, 1), {"2022-01": None}),
    ("T-AH", "341002", NURSING, (LIMB, 1), {"2022-01": 65}),
    ("T-AH", "341723", LIVING, (LIMB, 1), {"2022-01": 93}),
    ("T-AH", "341723", LIVING, (LIMB, 4), {"2022-01": 93}),
    ("T-AH", "341502", LIVING, (LIMB, 1), {"2025-01": 70}),
    ("T-AH", "341502", NURSING, (LIMB, 1), {"2025-01": 70}),
    ("T-GD", "440103", LIVING, (LIMB, 4), {"2022-01": 188, "2022-12": 188, "2023-01": None}),
    ("T-GD", "440103", NURSING, (LIMB, 1), {"2022-01": 252, "2022-12": 252, "2023-01": None}),
)

# One line: county; how far a person cannot care for themselves; place; yuan a month.
_CARE: tuple[tuple[str, str, str, int | None], ...] = (
    ("330213", "FULLY_UNABLE", "HOME", 500),
    ("330213", "MOSTLY_UNABLE", "HOME", 250),
    ("330213", "PARTLY_UNABLE", "HOME", 125),
    ("330213", "FULLY_UNABLE", "INSTITUTION", 750),
    ("330213", "MOSTLY_UNABLE", "INSTITUTION", 375),
    ("330213", "PARTLY_UNABLE", "INSTITUTION", 188),
    ("330213", "ABLE", "HOME", None),
    ("330902", "FULLY_UNABLE", "HOME", 500),
    ("330902", "FULLY_UNABLE", "INSTITUTION", 950),
    ("330902", "MOSTLY_UNABLE", "INSTITUTION", 375),
    ("330902", "ABLE", "HOME", 50),
)


def _amounts() -> Iterator[WorkedCase]:
    for profile, county, scheme, component, expected in _AMOUNTS:
        name = f"{profile} {county} {scheme} {_WORDS[component[0]]} grade {component[1]}"
        yield case(
            Story(name, county).dibao().fact(FactKind.SETTLEMENT, value="RURAL").card(component),
            profile,
            profile=profile,
            due={},
            entitled={scheme: expected},
        )
    for settlement, yuan in (("URBAN", 110), ("RURAL", None)):
        yield case(
            Story(f"T-LZ living subsidy, {settlement}", "620102")
            .dibao()
            .fact(FactKind.SETTLEMENT, value=settlement)
            .card((LIMB, 3)),
            "T-LZ READ-14",
            profile="T-LZ",
            due={},
            entitled={LIVING: {"2023-01": yuan}},
        )
    for county, level, place, amount in _CARE:
        yield case(
            Story(f"T-ZJ {county} {level} {place}", county)
            .card((LIMB, 1))
            .fact(FactKind.SELF_CARE, value=level)
            .fact(FactKind.CARE_PLACE, value=place),
            "T-ZJ",
            profile="T-ZJ",
            due={},
            entitled={NURSING: {"2023-01": amount}},
        )
    for percent, amount in ((149, 300), (150, 0)):
        yield case(
            Story(f"T-ZJ income at {percent} % of dibao", "330213")
            .card((LIMB, 3))
            .fact(FactKind.ECONOMY, value="OTHER", percent=percent),
            "T-ZJ SUB-06",
            profile="T-ZJ",
            due={},
            entitled={LIVING: {"2023-01": amount}},
        )


def _schemes() -> Iterator[WorkedCase]:
    fuel = Story("Scheme: fuel for a motor wheelchair, once a year", "341502").card((LIMB, 2))
    fuel.fact(FactKind.MOTOR_WHEELCHAIR, "2022-03-01", "2024-06-01").award(FUEL, "2022-04-11")
    yield case(
        fuel,
        "SUB-63 SUB-38",
        profile="scheme-motor-wheelchair-fuel",
        due={FUEL: {"2022-05": 0, "2022-06": 260, "2022-07": 0, "2023-06": 260, "2024-06": 0, "2025-06": 0}},
        entitled={FUEL: {"2023-06": 260, "2024-06": 0}},
        because={FUEL: {"2022-07": "PERIOD", "2025-06": "TRAIT TRAIT/lost"}},
        granted={FUEL: "2022-04-11"},
        refused={FUEL: "2022-02-28"},
    )
    yield case(
        Story("Scheme: no fuel for other disabilities", "341502")
        .card((MENTAL, 1))
        .fact(FactKind.MOTOR_WHEELCHAIR)
        .award(FUEL, "2022-04-11"),
        "SUB-63",
        profile="scheme-motor-wheelchair-fuel",
        due={FUEL: {"2022-06": 0}},
        refused={FUEL: "2022-04-11"},
    )
    for name, component, yuan in (
        ("Scheme: special aid for a poor severe person", (MENTAL, 2), 600),
        ("Scheme: no special aid for grade 3", (MENTAL, 3), 0),
    ):
        yield case(
            Story(name, "341502").dibao().card(component).award(SPECIAL_AID, "2022-04-11"),
            "KPI-45",
            profile="scheme-special-aid",
            due={SPECIAL_AID: {"2022-11": 0, "2022-12": yuan, "2023-12": yuan}},
        )


PROFILE_CASES: tuple[WorkedCase, ...] = (*_amounts(), *_schemes())
