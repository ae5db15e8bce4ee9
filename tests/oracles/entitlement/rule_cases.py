"""Every rule of RULES 4.1, 4.3 and 4.10 that decides about money, shown once as it holds and once as it does not.

The same shape as the worked cases, for the same readers; a name begins with the rule it is about.
"""

from __future__ import annotations

from collections.abc import Iterator

from services.subsidy.domain.person_facts import FactKind
from services.subsidy.domain.policy import PolicyDocument, RateChange, RestartBasis, Switches, Transition
from tests.oracles.entitlement.story import (
    HEARING,
    LIMB,
    LIVING,
    MENTAL,
    NURSING,
    VISION,
    Story,
    day,
    receiving,
)
from tests.oracles.entitlement.worked_cases import Table, WorkedCase, always, both, case, months


def local(*, transitions: tuple[Transition, ...] = (), switches: Switches | None = None) -> tuple[PolicyDocument, ...]:
    """A decision of Chongqing that changes only this."""
    return (
        PolicyDocument(
            division="50",
            title="地方规定",
            legal_basis="RULES 4.10",
            since="2020-01",
            switches=switches or Switches(),
            transitions=transitions,
        ),
    )


def until(last: str, stopped: str = "2023-12") -> Table:
    """170 through a month, nothing after it."""
    first_not = str(day(f"{last}-28").replace(day=1))[:7]
    year, month = map(int, first_not.split("-"))
    after = f"{year + month // 12}-{month % 12 + 1:02d}"
    return both({last: 80, **months(after, stopped, 0)}, {last: 90, **months(after, stopped, 0)})


def _overlaps() -> Iterator[WorkedCase]:
    yield case(
        receiving("SUB-03 no nursing once long-term care is needed no more").fact(
            FactKind.CARE_NEED, "2023-05-20", value="NOT_NEEDED"
        ),
        "SUB-03 SUB-38",
        due=both(months("2023-05", "2023-07", 80), {"2023-05": 90, "2023-06": 0, "2023-07": 0}),
        refused={NURSING: "2023-05-20"},
        granted={NURSING: "2023-05-19"},
        because={NURSING: {"2023-07": "SUB-03 SUB-03/lost"}},
    )
    yield case(
        Story("READ-02 an application from before the schemes began gives nothing")
        .dibao("2014-01-01")
        .card((MENTAL, 1), issued="2014-03-01")
        .both("2015-11-10"),
        "READ-02 SUB-15",
        due=both({"2015-12": 0, "2023-06": 0}, {"2015-12": 0, "2023-06": 0}),
        entitled=both({"2015-12": 0, "2023-06": 80}, {"2015-12": 0, "2023-06": 90}),
        because={each: {"2015-12": "SUB-15", "2023-06": "READ-02/scheme"} for each in (LIVING, NURSING)},
        refused={LIVING: "2015-11-10", NURSING: "2015-11-10"},
    )
    yield case(
        Story("SUB-06 near-dibao counts only where it was widened")
        .fact(FactKind.ECONOMY, value="NEAR_DIBAO")
        .card((MENTAL, 1))
        .both(),
        "SUB-01 SUB-06",
        due=both({"2023-05": 0}, {"2023-05": 90}),
        refused={LIVING: "2020-01-10"},
    )
    for name, kind, living in (
        ("SUB-10 the full allowance of an unattended child", FactKind.UNATTENDED_FULL, 0),
        ("SUB-10 a partial one excludes nothing", FactKind.UNATTENDED_PARTIAL, 80),
    ):
        yield case(
            receiving(name).fact(kind, "2023-04-10"),
            "SUB-10",
            due=both({"2023-04": 80, "2023-05": living}, months("2023-04", "2023-05", 90)),
        )
    for name, kind, yuan, due in (
        ("SUB-13 a higher veteran's living benefit", FactKind.LIXIU_LIVING, 81, both({"2023-05": 0}, {"2023-05": 90})),
        ("SUB-13 a lower one", FactKind.LIXIU_LIVING, 79, both({"2023-05": 80}, {"2023-05": 90})),
        (
            "SUB-13 a higher work-related nursing benefit",
            FactKind.WORK_DISABILITY_NURSING,
            91,
            both({"2023-05": 80}, {"2023-05": 0}),
        ),
        (
            "SUB-13 living is not compared with nursing",
            FactKind.LIXIU_NURSING,
            85,
            both({"2023-05": 80}, {"2023-05": 90}),
        ),
    ):
        yield case(receiving(name).fact(kind, yuan=yuan), "SUB-13 SUB-15", due=due)
    for name, county, living in (
        ("SUB-16 a disabled serviceman where the county excludes it", "341723", 0),
        ("SUB-14 SUB-16 nobody else may", "340402", 70),
    ):
        yield case(
            Story(name, county).dibao().fact(FactKind.DISABLED_SERVICEMAN).card((LIMB, 1)).award(LIVING, "2022-02-01"),
            "SUB-14 SUB-16",
            profile="T-AH",
            due={LIVING: {"2022-05": living}},
            because={} if living else {LIVING: {"2022-05": "SUB-16 READ-02/benefit"}},
        )


def _over() -> Iterator[WorkedCase]:
    """What stopped an award is over: the person is entitled again, the award stays stopped (SUB-47)."""
    living = {"2023-06": 80, **months("2023-07", "2023-10", 0)}
    nursing = {"2023-06": 90, **months("2023-07", "2023-10", 0)}
    for kind, rule, bars_nursing in (
        (FactKind.TEKUN, "SUB-07/stop", True),
        (FactKind.WORK_INJURY_CARE, "SUB-08/stop", True),
        (FactKind.ORPHAN, "SUB-09/stop", False),
        (FactKind.UNATTENDED_FULL, "SUB-10/stop", False),
        (FactKind.PRISON, "SUB-41/stop", True),
        (FactKind.DECLARED_MISSING, "SUB-43/lost", True),
        (FactKind.FRAUD, "SUB-77", True),
        (FactKind.OWN_WISH, "SUB-43/gave-up", True),
    ):
        id_ = rule.partition("/")[0]
        yield case(
            receiving(f"{id_} {kind.value} is over, the award stays stopped").fact(kind, "2023-06-10", "2023-08-15"),
            f"{id_} SUB-47",
            due=both(living, nursing if bars_nursing else months("2023-06", "2023-10", 90)),
            entitled=both({"2023-07": 0, "2023-09": 80}, {"2023-07": 0, "2023-09": 90} if bars_nursing else {}),
            because={LIVING: {"2023-09": rule}},
        )


def _over_in_anhui() -> Iterator[WorkedCase]:
    yield case(
        Story("SUB-16 no disabled serviceman any more, the award stays stopped", "341723")
        .dibao()
        .fact(FactKind.DISABLED_SERVICEMAN, "2022-04-10", "2022-06-10")
        .card((LIMB, 1))
        .award(LIVING, "2022-02-01"),
        "SUB-16 SUB-47",
        profile="T-AH",
        due={LIVING: {"2022-04": 93, "2022-05": 0, "2022-07": 0}},
        entitled={LIVING: {"2022-05": 0, "2022-07": 93}},
        because={LIVING: {"2022-07": "SUB-16/stop"}},
    )


def _applied_too_early() -> Iterator[WorkedCase]:
    """What was missing on the day of the application was there a month later: the award gives nothing (READ-02)."""
    for story, rule in (
        (
            Story("READ-18 no card on the day of the application").dibao().card((MENTAL, 1), issued="2023-05-20"),
            "READ-18",
        ),
        (
            _with_card("READ-02 in prison on the day of the application").fact(
                FactKind.PRISON, "2023-04-01", "2023-05-20"
            ),
            "READ-02/person",
        ),
        (
            _with_card("READ-02 frozen on the day of the application").fact(
                FactKind.CARD_FROZEN, "2023-04-01", "2023-05-20"
            ),
            "READ-02/card",
        ),
        (
            _with_card("READ-02 work-injury care on the day of the application").fact(
                FactKind.WORK_INJURY_CARE, "2023-04-01", "2023-05-20"
            ),
            "READ-02/benefit",
        ),
    ):
        yield case(
            story.both("2023-05-10"),
            rule.partition("/")[0],
            due=both(months("2023-05", "2023-07", 0), months("2023-05", "2023-07", 0)),
            entitled=both({"2023-07": 80}, {"2023-07": 90}),
            because={each: {"2023-07": rule} for each in (LIVING, NURSING)},
            refused={LIVING: "2023-05-10", NURSING: "2023-05-10"},
        )
    yield case(
        _with_card("READ-02 no need of care on the day of the application")
        .fact(FactKind.CARE_NEED, "2015-01-01", "2023-05-20", value="NOT_NEEDED")
        .both("2023-05-10"),
        "READ-02 SUB-03",
        due=both(months("2023-05", "2023-07", 80), months("2023-05", "2023-07", 0)),
        entitled=both({"2023-07": 80}, {"2023-07": 90}),
        because={NURSING: {"2023-07": "READ-02/need"}},
        refused={NURSING: "2023-05-10"},
        granted={LIVING: "2023-05-10"},
    )
    yield case(
        Story("READ-02 a grade out of scope on the day of the application")
        .dibao()
        .card((MENTAL, 4))
        .card((MENTAL, 1), issued="2023-05-20")
        .both("2023-05-10"),
        "READ-02 SUB-02",
        due=both(months("2023-05", "2023-07", 80), months("2023-05", "2023-07", 0)),
        entitled=both({"2023-07": 80}, {"2023-07": 90}),
        because={NURSING: {"2023-07": "READ-02/grade"}},
        refused={NURSING: "2023-05-10"},
        granted={LIVING: "2023-05-10"},
    )


def _with_card(name: str) -> Story:
    return Story(name).dibao().card((MENTAL, 1))


def _stops() -> Iterator[WorkedCase]:
    yield case(
        receiving("SUB-17 a student away from home stays in the household").fact(
            FactKind.CARE_PLACE, "2023-09-01", value="INSTITUTION"
        ),
        "SUB-17",
        due=always("2023-08", "2023-12"),
    )
    yield case(
        receiving("SUB-38 the household moves to another county").lives_in("500101", moved=("500102", "2023-06-10")),
        "SUB-38 READ-09",
        due=until("2023-06"),
    )
    yield case(
        receiving("SUB-38 a move inside the county stops nothing").lives_in(
            "500101001", moved=("500101002", "2023-06-10")
        ),
        "SUB-38",
        due=always("2023-06", "2023-09"),
    )
    yield case(
        receiving("SUB-38 a card is cancelled").fact(FactKind.CARD_CANCELLED, "2023-06-10"),
        "SUB-38 READ-04",
        due=until("2023-06"),
        because={LIVING: {"2023-07": "SUB-38/cancelled SUB-38/cancel"}},
        refused={LIVING: "2023-06-10"},
    )
    yield case(
        receiving("SUB-38 a cancellation proven wrong leaves no trace")
        .fact(FactKind.CARD_CANCELLED, "2023-06-10", name="cancelled")
        .later("2023-09-01")
        .was_wrong(Story("SUB-38 a cancellation proven wrong leaves no trace").id("cancelled")),
        "SUB-38 READ-21",
        due=always("2023-06", "2023-10"),
    )
    for name, kind in (
        ("SUB-43 declared missing", FactKind.DECLARED_MISSING),
        ("SUB-43 SUB-77 fraud established", FactKind.FRAUD),
        ("SUB-43 own wish", FactKind.OWN_WISH),
    ):
        yield case(receiving(name).fact(kind, "2023-06-10"), "SUB-43 SUB-77 READ-16", due=until("2023-06"))
    yield from _over()
    yield from _over_in_anhui()
    yield from _applied_too_early()
    yield case(
        receiving("SUB-38 nobody is entitled after death").fact(FactKind.DEATH, "2023-06-10"),
        "SUB-38",
        due=until("2023-06"),
        entitled=both({"2023-06": 80, "2023-07": 0}, {"2023-06": 90, "2023-07": 0}),
        because={each: {"2023-07": "SUB-38/death SUB-38/dead"} for each in (LIVING, NURSING)},
    )
    yield case(
        receiving("SUB-43 own wish for one subsidy only").fact(FactKind.OWN_WISH, "2023-06-10", scheme=LIVING),
        "SUB-43",
        due=both({"2023-06": 80, "2023-07": 0}, months("2023-06", "2023-09", 90)),
    )
    yield case(
        receiving("SUB-75 a missed confirmation where nobody asks for one").fact(
            FactKind.CONFIRMATION_MISSED, "2023-06-20"
        ),
        "SUB-75",
        due=always("2023-06", "2023-09"),
    )
    yield case(
        receiving("SUB-43 SUB-75 a missed confirmation where it is asked for").fact(
            FactKind.CONFIRMATION_MISSED, "2023-06-20"
        ),
        "SUB-43 SUB-75",
        extra=local(switches=Switches(annual_confirmation=True)),
        due=until("2023-06"),
        because={LIVING: {"2023-07": "SUB-75 SUB-75/stop"}},
    )
    yield case(
        receiving("RULES 4.7 a human pause, and its end").pause(LIVING, "2020-01-10", "2023-05", "2023-07"),
        "RULES 4.7",
        due=both({"2023-04": 80, "2023-05": 0, "2023-06": 0, "2023-07": 80}, months("2023-04", "2023-07", 90)),
        entitled=both(months("2023-04", "2023-07", 80), {}),
    )


def _grades() -> Iterator[WorkedCase]:
    up, down = (
        "READ-06 SUB-45 a better grade pays from the month of issue",
        "READ-06 SUB-45 a worse one from the month after",
    )
    yield case(
        receiving(up, (MENTAL, 2)).card((MENTAL, 1), issued="2023-06-15"),
        "SUB-45 READ-06",
        due=both(months("2023-05", "2023-07", 80), {"2023-05": 80, "2023-06": 90, "2023-07": 90}),
    )
    yield case(
        receiving(down).card((MENTAL, 2), issued="2023-06-15"),
        "SUB-45 READ-06",
        due=both(months("2023-05", "2023-07", 80), {"2023-05": 90, "2023-06": 90, "2023-07": 80}),
    )
    yield case(
        receiving("READ-06 by the switch a better grade waits a month", (MENTAL, 2)).card(
            (MENTAL, 1), issued="2023-06-15"
        ),
        "SUB-45 READ-06",
        extra=local(switches=Switches(rate_change_effective=RateChange.NEXT_MONTH)),
        due=both(months("2023-05", "2023-07", 80), {"2023-05": 80, "2023-06": 80, "2023-07": 90}),
    )
    yield case(
        receiving("READ-06 a grade out of scope ends nursing with the month of issue").card(
            (MENTAL, 3), issued="2023-06-15"
        ),
        "SUB-38 READ-06",
        due=both(months("2023-05", "2023-08", 80), {"2023-06": 90, "2023-07": 0, "2023-08": 0}),
    )
    yield case(
        receiving("READ-06 and a grade back in scope does not revive it")
        .card((MENTAL, 3), issued="2023-06-15")
        .card((MENTAL, 1), issued="2023-09-05"),
        "SUB-38 READ-01 READ-06",
        due=both({}, {"2023-06": 90, **months("2023-07", "2023-10", 0)}),
        entitled=both({}, {"2023-07": 0, "2023-09": 90}),
    )
    yield case(
        Story("READ-06 in the first month a card held before the application does not count")
        .dibao()
        .card((MENTAL, 1))
        .card((MENTAL, 2), issued="2023-06-10")
        .award(NURSING, "2023-06-20"),
        "SUB-35 SUB-45 READ-06",
        due={NURSING: {"2023-06": 80, "2023-07": 80}},
    )
    yield case(
        Story("READ-06 care: the better of two levels in the month it changes", "330213")
        .card((LIMB, 1))
        .fact(FactKind.SELF_CARE, "2018-03-01", "2023-05-10", value="FULLY_UNABLE")
        .fact(FactKind.SELF_CARE, "2023-05-10", value="PARTLY_UNABLE")
        .award(NURSING, "2020-03-06"),
        "READ-06 READ-15",
        profile="T-ZJ",
        due={NURSING: {"2023-04": 500, "2023-05": 500, "2023-06": 125}},
    )
    yield case(
        Story("READ-12 a multiple disability is paid by its dearest component", "620102")
        .card((VISION, 2), (HEARING, 1), (MENTAL, 2))
        .award(NURSING, "2023-03-06"),
        "READ-12 ID-12 ID-13",
        profile="T-LZ",
        due={NURSING: {"2023-03": 110}},
    )
    yield case(
        Story("READ-12 each component with its own grade", "620102")
        .card((VISION, 2), (HEARING, 1), (MENTAL, 3))
        .award(NURSING, "2023-03-06"),
        "READ-12",
        profile="T-LZ",
        due={NURSING: {"2023-03": 60}},
    )


def _renewals() -> Iterator[WorkedCase]:
    for name, ended, due in (
        ("SUB-44 READ-05 asked for in time: the old standard until the new card", None, always("2023-06", "2023-12")),
        ("SUB-44 READ-05 refused: expired on the day of the refusal", "2023-09-10", until("2023-09", "2023-11")),
    ):
        story = receiving(name, issued="2013-06-15").fact(FactKind.REISSUE_REQUEST, "2023-06-15", ended)
        yield case(story if ended else story.card((MENTAL, 1), issued="2023-11-03"), "SUB-44 READ-05", due=due)
    yield case(
        receiving("READ-05 asked for a day too late", issued="2013-06-15")
        .fact(FactKind.REISSUE_REQUEST, "2023-06-16")
        .card((MENTAL, 1), issued="2023-11-03"),
        "SUB-40 READ-05",
        due=until("2023-06"),
    )
    for name, issued, due in (
        ("READ-03 renewed in the month of the last valid day", "2023-06-30", always("2023-05", "2023-09")),
        ("READ-03 renewed in the month after", "2023-07-01", until("2023-06", "2023-09")),
    ):
        yield case(receiving(name, issued="2013-06-15").card((MENTAL, 1), issued=issued), "READ-03 SUB-40", due=due)
    yield case(
        receiving("READ-03 renewed the day after, in another month", issued="2013-06-30").card(
            (MENTAL, 1), issued="2023-07-01"
        ),
        "READ-03",
        due=always("2023-05", "2023-09"),
    )
    yield case(
        receiving("READ-03 a freeze of three days stops all the same").fact(
            FactKind.CARD_FROZEN, "2023-06-10", "2023-06-13"
        ),
        "READ-03 SUB-38",
        due=until("2023-06", "2023-09"),
        entitled=both({"2023-07": 80}, {"2023-07": 90}),
    )
    yield case(
        receiving("READ-04 frozen on the first of a month, which stays due").fact(FactKind.CARD_FROZEN, "2023-06-01"),
        "READ-04",
        due=until("2023-06", "2023-09"),
        refused={LIVING: "2023-06-01"},
        granted={LIVING: "2023-05-31"},
    )
    yield case(
        receiving("SUB-38 extreme hardship from the first of a month, which stays due").fact(
            FactKind.TEKUN, "2023-06-01"
        ),
        "SUB-07 SUB-38",
        due=until("2023-06", "2023-09"),
        refused={LIVING: "2023-06-01"},
    )
    for name, inclusive, due in (
        ("READ-20 the last valid day is the expiry date", True, until("2023-07", "2023-09")),
        ("READ-20 by the switch it is the day before", False, until("2023-06", "2023-09")),
    ):
        yield case(
            receiving(name, issued="2013-07-01"),
            "READ-20 CERT-12",
            extra=local(switches=Switches(expiry_inclusive=inclusive)),
            due=due,
        )
    yield case(
        receiving("READ-20 issued on 29 February", issued="2012-02-29"),
        "READ-20",
        due=both({"2022-02": 70, "2022-03": 0}, {"2022-02": 80, "2022-03": 0}),
        granted={LIVING: "2022-02-28"},
        refused={LIVING: "2022-03-01"},
    )


def _transitions() -> Iterator[WorkedCase]:
    period = local(transitions=(Transition(first_day=day("2023-03-01"), last_day=day("2023-05-15"), reason="灾害"),))
    for name, issued, renewed, due in (
        ("READ-10 a card that expires in the period lasts to its end", "2013-03-01", None, until("2023-05")),
        ("READ-10 one that expired before it began does not", "2013-02-28", None, until("2023-02")),
        ("READ-10 a new card the day after the period", "2013-03-01", "2023-05-16", always("2023-02", "2023-08")),
    ):
        story = receiving(name, issued=issued)
        yield case(
            story.card((MENTAL, 1), issued=renewed) if renewed else story, "SUB-49 READ-10", extra=period, due=due
        )
    yield case(
        receiving("READ-10 a new card in the period ends the old standard", issued="2013-03-01").card(
            (MENTAL, 2), issued="2023-04-20"
        ),
        "SUB-49 SUB-45 READ-10",
        extra=period,
        due=both({}, {"2023-03": 90, "2023-04": 90, "2023-05": 80}),
    )


def _restarts() -> Iterator[WorkedCase]:
    def restarted(name: str, issued: str, applied: str, *, back_paid: bool = True, grade: int = 1) -> Story:
        return (
            receiving(name, issued="2013-06-15").card((MENTAL, grade), issued=issued).both(applied, back_paid=back_paid)
        )

    yield case(
        restarted("READ-11 three months before the restart, not four", "2023-11-20", "2023-11-25"),
        "SUB-48 READ-11",
        due=both(
            {"2023-06": 80, "2023-07": 0, **months("2023-08", "2023-12", 80)},
            {"2023-06": 90, "2023-07": 0, **months("2023-08", "2023-12", 90)},
        ),
    )
    yield case(
        restarted("READ-11 at the standard of the new card", "2023-08-20", "2023-08-25", grade=2),
        "SUB-48 READ-11",
        due=both(months("2023-06", "2023-09", 80), {"2023-06": 90, **months("2023-07", "2023-09", 80)}),
    )
    yield case(
        restarted("READ-11 a month that meets no other condition is not replaced", "2023-11-20", "2023-11-25").fact(
            FactKind.TEKUN, "2023-09-01", "2023-11-01"
        ),
        "READ-11",
        due=both(
            {"2023-07": 0, "2023-08": 80, "2023-09": 80, "2023-10": 0, "2023-11": 80},
            {"2023-07": 0, "2023-08": 90, "2023-09": 90, "2023-10": 0, "2023-11": 90},
        ),
    )
    yield case(
        restarted("RULES 4.9 a pause comes before what is paid back", "2023-11-20", "2023-11-25").pause(
            LIVING, "2023-11-25", "2023-09", "2023-10"
        ),
        "SUB-48 READ-11 RULES 4.9",
        due=both({"2023-08": 80, "2023-09": 0, **months("2023-10", "2023-12", 80)}, months("2023-08", "2023-12", 90)),
    )
    for name, reason, july in (
        ("READ-11 cancelled for not renewing leaves an expiry gap", "NOT_RENEWED_6M", (80, 90)),
        ("READ-11 cancelled by fraud does not", "FRAUD", (0, 0)),
    ):
        story = restarted(name, "2023-08-20", "2023-08-25")
        story.fact(FactKind.CARD_CANCELLED, "2023-06-20", reason=reason)
        yield case(story, "READ-11", due=both({"2023-07": july[0], "2023-08": 80}, {"2023-07": july[1], "2023-08": 90}))
    card_month = local(switches=Switches(restart_basis=RestartBasis.CARD_ISSUE_MONTH))
    for name, extra, august in (
        ("SUB-47 from the month of the application", (), 0),
        ("SUB-47 by the switch from the month the card was issued", card_month, 1),
    ):
        yield case(
            restarted(name, "2023-08-20", "2023-10-05", back_paid=False),
            "SUB-47 READ-11",
            extra=extra,
            due=both(
                {"2023-07": 0, **months("2023-08", "2023-09", 80 * august), "2023-10": 80},
                {"2023-07": 0, **months("2023-08", "2023-09", 90 * august), "2023-10": 90},
            ),
        )


def _awards() -> Iterator[WorkedCase]:
    yield case(
        Story("READ-02 a condition met after the application needs a new one")
        .dibao("2023-05-20")
        .card((MENTAL, 1))
        .both("2023-05-10"),
        "READ-02",
        due=both(months("2023-05", "2023-07", 0), months("2023-05", "2023-07", 90)),
        entitled=both({"2023-05": 80}, {}),
        refused={LIVING: "2023-05-19"},
        granted={LIVING: "2023-05-20"},
    )
    yield case(
        Story("READ-02 death, expiry and dibao exit count from the day after")
        .dibao(over="2023-05-16")
        .card((MENTAL, 1))
        .fact(FactKind.DEATH, "2023-05-15")
        .both("2023-05-15"),
        "READ-02",
        due=both({"2023-05": 80, "2023-06": 0}, {"2023-05": 90, "2023-06": 0}),
        granted={LIVING: "2023-05-15"},
        refused={LIVING: "2023-05-16", NURSING: "2023-05-16"},
    )
    yield case(
        Story("READ-18 without a valid card an application is refused").dibao().card((MENTAL, 1), issued="2023-05-11"),
        "READ-18 SUB-18",
        due=both({"2023-05": 0}, {"2023-05": 0}),
        refused={LIVING: "2023-05-10", NURSING: "2023-05-10"},
        granted={LIVING: "2023-05-11"},
    )
    for name, over, applied, due in (
        ("READ-01 unfrozen on the day of the application", "2023-06-20", "2023-06-20", always("2023-06", "2023-08")),
        ("READ-01 frozen after the application", "2023-06-25", "2023-06-05", until("2023-06", "2023-08")),
    ):
        yield case(
            Story(name).dibao().card((MENTAL, 1)).fact(FactKind.CARD_FROZEN, "2023-06-10", over).both(applied),
            "READ-01",
            due=due,
        )
    yield case(
        receiving("READ-01 an own wish before the application")
        .fact(FactKind.OWN_WISH, "2023-06-10")
        .both("2023-09-04"),
        "READ-01 SUB-43",
        due=both(
            {"2023-06": 80, **months("2023-07", "2023-08", 0), "2023-09": 80},
            {"2023-06": 90, **months("2023-07", "2023-08", 0), "2023-09": 90},
        ),
        entitled=both({"2023-08": 0}, {"2023-08": 0}),
    )
    yield case(
        receiving("READ-01 back in dibao without an application")
        .was_wrong(Story("READ-01 back in dibao without an application").id("fact 1"))
        .dibao("2015-01-01", "2023-05-13")
        .dibao("2023-08-01"),
        "READ-01 SUB-39",
        due=both({"2023-05": 80, **months("2023-06", "2023-09", 0)}, months("2023-05", "2023-09", 90)),
        entitled=both({"2023-07": 0, "2023-08": 80}, {}),
    )
    moved = Story("READ-07 a move and a new application in one month", "340402").lives_in(
        "340402", moved=("340302", "2022-06-10")
    )
    moved.dibao().card((LIMB, 1)).award(LIVING, "2022-02-01")
    moved.county = "340302"
    yield case(
        moved.award(LIVING, "2022-06-15"),
        "READ-07 SUB-38",
        profile="T-AH",
        due={LIVING: {"2022-05": 70, "2022-06": 70, "2022-07": 67}},
    )
    yield case(
        receiving("READ-22 a death not yet verified").fact(FactKind.DEATH, "2023-05-02", verified=False),
        "READ-22",
        due=always("2023-05", "2023-08"),
    )
    yield case(
        receiving("READ-21 a stop the review proved wrong")
        .fact(FactKind.CONFIRMATION_MISSED, "2023-06-20", name="missed")
        .later("2023-09-05")
        .was_wrong(Story("READ-21 a stop the review proved wrong").id("missed")),
        "READ-21 SUB-43",
        extra=local(switches=Switches(annual_confirmation=True)),
        due=always("2023-06", "2023-10"),
    )
    forged = (
        Story("READ-16 forged income is withdrawn: what was paid was undue")
        .fact(FactKind.ECONOMY, value="DIBAO", name="forged")
        .card((MENTAL, 1))
        .both()
        .later("2023-06-20")
        .paid(LIVING, "2023-05", 80)
        .paid(NURSING, "2023-05", 90)
        .later("2023-07-01")
    )
    yield case(
        forged.was_wrong(forged.id("forged")),
        "READ-16",
        due=both({"2023-05": 0}, {"2023-05": 90}),
        payable=both({"2023-05": -80}, {"2023-05": 0}),
    )


def _tariffs() -> Iterator[WorkedCase]:
    for name, since, over, due in (
        ("READ-08 the elder payment begins on the last day", "2023-05-31", None, {"2023-04": 90, "2023-05": 0}),
        (
            "READ-08 it ended on the first day; no application is needed",
            "2023-04-10",
            "2023-06-02",
            {"2023-05": 0, "2023-06": 0, "2023-07": 90},
        ),
        ("READ-08 it ended with the month before", "2023-04-10", "2023-06-01", {"2023-05": 0, "2023-06": 90}),
    ):
        yield case(
            receiving(name).fact(FactKind.ELDER_NURSING, since, over, yuan=150),
            "SUB-11 READ-08",
            due={NURSING: due},
        )
    yield case(
        Story("READ-13 each yearly step on 1 January", "510104").card((LIMB, 1)).award(NURSING, "2021-05-10"),
        "READ-13 SUB-81",
        profile="T-SC",
        due={
            NURSING: {
                "2022-02": 80,
                "2022-03": 90,
                "2022-12": 90,
                "2023-01": 100,
                "2024-01": 110,
                "2025-01": 120,
                "2025-12": 120,
            }
        },
    )
    yield case(
        Story("READ-14 a month after the last step is an error, not the last value", "510104")
        .card((LIMB, 1))
        .award(NURSING, "2021-05-10"),
        "READ-14",
        profile="T-SC",
        due={NURSING: {"2026-01": None}},
    )
    yield case(
        Story("READ-14 nobody eligible, no error", "510104").card((LIMB, 3)),
        "READ-14",
        profile="T-SC",
        due={NURSING: {"2026-01": 0}},
        entitled={NURSING: {"2026-01": 0}},
    )
    yield case(
        Story("READ-15 rounded once a month", "340302").dibao().card((LIMB, 1)).award(LIVING, "2022-01-11"),
        "READ-15",
        profile="T-AH",
        due={LIVING: months("2022-01", "2022-12", 67)},
    )
    yield case(
        Story("READ-15 half up", "330213")
        .card((LIMB, 1))
        .fact(FactKind.SELF_CARE, value="PARTLY_UNABLE")
        .fact(FactKind.CARE_PLACE, value="INSTITUTION")
        .award(NURSING, "2023-03-06"),
        "READ-15",
        profile="T-ZJ",
        due={NURSING: {"2023-03": 188}},
    )


RULE_CASES: tuple[WorkedCase, ...] = (
    *_overlaps(),
    *_stops(),
    *_grades(),
    *_renewals(),
    *_transitions(),
    *_restarts(),
    *_awards(),
    *_tariffs(),
)
