"""The main story, told over HTTP: a certificate is cancelled, the money stops, and anybody can see why."""

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Final

from deploy.demo.api import Api, Json, NeverCame, eventually
from deploy.demo.cancellations import milliseconds_until_suspended
from deploy.demo.cast import PREFECTURE, Cast
from deploy.demo.generator import NURSING_SUBSIDY, SyntheticPerson, generate
from deploy.demo.proofs import cancelling
from deploy.demo.screen import Screen
from shared.values.money import Money
from shared.values.month import Month

EVENT_SECONDS_MAX: Final = 30.0
REASON: Final = "NO_LONGER_MEETS"
_ON_THE_BOARD: Final = re.compile(r'当期注销残疾人证</h3><p><span class="number">([0-9,]+)<')
_SPARE: Final = 20_000
_NOT_KNOWN_YET: Final = (404, 409)
"""Other services answer these while the news of a person or a certificate is still on its way."""

FIGURES: Final = {
    "persons": "在册人数",
    "certificates": "有效残疾人证",
    "awards": "在享补贴资格",
    "certificates_ended": "当月失效残疾人证",
    "awards_ended": "当月末停发补贴",
    "rehab_cases": "在管康复个案",
}
"""The indicators the story looks at, as the catalogue of the indicators service calls them."""

Figures = dict[str, int]


class CauseIsWrong(Exception):
    """What is given as a cause does not lead to the request that made it so."""


def protagonists(persons: int, *, seed: int, today: date, wanted: int = 2) -> list[SyntheticPerson]:
    """People who come after the imported ones, so that their numbers are free: of age, with a severe disability."""
    further: Iterable[SyntheticPerson] = islice(generate(persons + _SPARE, seed=seed, today=today), persons, None)
    fitting = (
        person
        for person in further
        if NURSING_SUBSIDY in person.schemes and 20 < today.year - person.birth_date.year < 90  # noqa: PLR2004 - of age
    )
    return list(islice(fitting, wanted))


@dataclass(slots=True)
class Life:
    """What has become of a person so far."""

    person: SyntheticPerson
    person_id: str = ""
    person_tag: str = ""
    certificate_id: str = ""
    certificate_tag: str = ""
    award_id: str = ""
    case_id: str = ""
    stop_id: str = ""


async def register(life: Life, cast: Cast) -> None:
    """The county enters a person."""
    person = life.person
    answer = await cast.reviewer.post(
        "/api/v1/persons",
        {
            "name": person.name,
            "citizen_id_no": person.identity_number,
            "division": person.division,
            "phone": person.phone,
        },
    )
    life.person_id = answer.json()["person_id"]


async def certify(life: Life, cast: Cast) -> None:
    """And issues a certificate."""
    disability = life.person.disability
    several = len(disability.components) > 1
    answer = await cast.reviewer.post(
        f"/api/v1/persons/{life.person_id}/certificates",
        {
            "category": int(disability.category),
            "grade": int(disability.grade),
            "components": disability.components_text if several else "",
            "issued_on": life.person.issued_on.isoformat(),
        },
    )
    life.certificate_id, life.certificate_tag = answer.json()["certificate_id"], answer.headers["etag"]


async def grant(life: Life, cast: Cast) -> None:
    """Civil affairs grants an award as soon as it has heard of the certificate."""

    async def attempt() -> str:
        body = {"person_id": life.person_id, "scheme": NURSING_SUBSIDY}
        return str((await cast.determiner.post("/api/v1/awards", body)).json()["award_id"])

    life.award_id = await eventually(
        attempt, what="the award", seconds=EVENT_SECONDS_MAX, every=0.005, of=_NOT_KNOWN_YET
    )


async def cancel(life: Life, cast: Cast) -> Json:
    """The certificate is cancelled; what the registry answered."""
    answer: Json = (
        await cast.reviewer.post(
            f"/api/v1/certificates/{life.certificate_id}/cancellation", cancelling(REASON), seen=life.certificate_tag
        )
    ).json()
    life.stop_id = answer["stop_id"]
    return answer


async def suspension(life: Life, cast: Cast) -> tuple[float, Json]:
    """Milliseconds until the award is seen suspended, and the award."""
    milliseconds = await milliseconds_until_suspended(cast.determiner, life.award_id)
    return milliseconds, await cast.determiner.get(f"/api/v1/awards/{life.award_id}")


async def explain(life: Life, award: Json, cast: Cast) -> tuple[str, str]:
    """What is due in the month of the cancellation and in the next, in yuan.

    Raises CauseIsWrong unless the explanation of the next month names the cancelling event and that rule.
    """
    stopped = Month.parse(award["effective_month"])
    of = f"/api/v1/persons/{life.person_id}/entitlements/{award['scheme']}"
    before, after = [await cast.determiner.get(f"{of}/{month}") for month in (stopped.plus(-1), stopped)]
    named = [fact["id"] for fact in after["facts"]]
    fired = [rule["id"] for rule in after["rules"] if rule["stops"]]
    if life.stop_id not in named or "SUB-38/cancel" not in fired:
        message = f"{life.stop_id} is not among the facts {named}, or no rule of {fired} is about a cancellation"
        raise CauseIsWrong(message)
    first, then = (str(Money(told["entitlement"]["due_fen"])) for told in (before, after))
    return first, then


async def open_case(life: Life, cast: Cast) -> None:
    """A rehabilitation case for a person the rehab service has heard of."""

    async def attempt() -> str:
        return str((await cast.rehabilitator.post("/api/v1/cases", {"person_id": life.person_id})).json()["case_id"])

    life.case_id = await eventually(attempt, what="the case", seconds=EVENT_SECONDS_MAX, every=0.005, of=_NOT_KNOWN_YET)


async def report_death(life: Life, cast: Cast, died_on: date) -> None:
    """The police report a death, weeks later as it happens."""
    person = await cast.reviewer.fetch(f"/api/v1/persons/{life.person_id}")
    answer = await cast.reviewer.post(
        f"/api/v1/persons/{life.person_id}/death-report",
        {"died_on": died_on.isoformat(), "source": "POLICE"},
        seen=person.headers["etag"],
    )
    life.stop_id = answer.json()["stop_id"]


async def case_closed(life: Life, cast: Cast) -> Json:
    """The case once it is closed. Raises CauseIsWrong when something else than the death closed it."""

    async def closed() -> Json | None:
        case = await cast.rehabilitator.get(f"/api/v1/cases/{life.case_id}")
        return case if case["status"] == "CLOSED" else None

    case: Json = await eventually(closed, what="the closing of the case", seconds=EVENT_SECONDS_MAX)
    if (case["closing_reason"], case["cause_id"]) != ("DIED", life.stop_id):
        raise CauseIsWrong(str(case))
    return case


async def figures(indicators: Api) -> Figures:
    """This month's indicators of the prefecture."""
    answer = await indicators.get("/api/v1/indicators/values", division=PREFECTURE, indicator=[*FIGURES])
    return {item["indicator"]: item["value"] for item in answer["items"]}


async def moved(before: Figures, by: Mapping[str, int], indicators: Api) -> Figures:
    """The figures once they have moved by so much, and by nothing else. Raises NeverCame with what they are."""
    expected = {name: value + by.get(name, 0) for name, value in before.items()}
    last: Figures = {}

    async def look() -> Figures | None:
        nonlocal last
        last = await figures(indicators)
        return last if last == expected else None

    try:
        reached: Figures = await eventually(look, what="the indicators", seconds=EVENT_SECONDS_MAX)
    except NeverCame as error:
        message = f"{error}: {expected} were expected, {last} are told"
        raise NeverCame(message) from error
    return reached


async def on_the_board(indicators: Api) -> int:
    """How many cancellations of this month the prefecture's board shows."""
    page = (await indicators.fetch("/api/v1/board", division=PREFECTURE)).text
    found = _ON_THE_BOARD.search(page)
    if found is None:
        raise NeverCame("the board")
    return int(found[1].replace(",", ""))


async def board_moves(before: int, indicators: Api) -> float:
    """Milliseconds until the board shows one cancellation more. Raises NeverCame."""
    began = time.perf_counter()

    async def look() -> float | None:
        return (time.perf_counter() - began) * 1_000 if await on_the_board(indicators) == before + 1 else None

    milliseconds: float = await eventually(look, what="the board", seconds=EVENT_SECONDS_MAX)
    return milliseconds


async def lineage_leads_to(life: Life, cast: Cast) -> None:
    """From the number on the board to the entry of the journal that moved it. Raises CauseIsWrong."""
    asked = {"indicator": "certificates_cancelled", "division": PREFECTURE}
    lineage = await cast.statistician.get("/api/v1/indicators/lineage", **asked)
    (position,) = (each["position"] for each in lineage["as_of"] if each["publisher"] == "registry")
    page = await cast.auditor.get("/api/v1/journal", after=position - 1, limit=1)
    if [event["id"] for event in page["events"]] != [life.stop_id]:
        raise CauseIsWrong(str(page))


def difference(before: Figures, after: Figures) -> str:
    """What has moved, for a person."""
    changed = [name for name in FIGURES if before[name] != after[name]]
    return "  ".join(f"{FIGURES[name]} {before[name]:,} → {after[name]:,}" for name in changed)


async def trace(life: Life, cast: Cast, screen: Screen) -> None:
    """The auditor goes from the award back to the request that cancelled. Raises CauseIsWrong."""
    award = await cast.subsidy_auditor.get(f"/api/v1/awards/{life.award_id}")
    cause = award["cause"]
    stop = await cast.auditor.get(f"/api/v1/stops/{cause['event_id']}")
    entry = await cast.auditor.get(f"/api/v1/journal/events/{cause['event_id']}")
    expected = (life.stop_id, life.certificate_id, REASON)
    if (
        expected != (cause["event_id"], stop["certificate_id"], stop["reason"])
        or entry["type"] != "registry.certificate.cancelled.v1"
        or len({cause["trace_id"], stop["trace_id"], entry["traceid"]}) != 1
    ):
        message = f"award {award}\nstop {stop}\njournal {entry}"
        raise CauseIsWrong(message)
    screen.note(f"谁 who {stop['recorded_by']}（{stop['client_id']}）  何时 when {stop['recorded_at']}")
    screen.note(f"为何 why {stop['reason']} {stop['event_date']}  请求 trace {stop['trace_id']}")
    screen.note(f"事件 event {entry['type']} #{entry['position']} (epoch {entry['epoch']})")
