"""The main story, told over HTTP: a certificate is cancelled, the money stops, and anybody can see why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Final

from deploy.demo.api import Json, eventually
from deploy.demo.cancellations import milliseconds_until_suspended
from deploy.demo.cast import Cast
from deploy.demo.generator import NURSING_SUBSIDY, SyntheticPerson, generate
from deploy.demo.screen import Screen

EVENT_SECONDS_MAX: Final = 30.0
REASON: Final = "NO_LONGER_MEETS"
_SPARE: Final = 20_000
_NOT_KNOWN_YET: Final = (404, 409)
"""The subsidy service answers these while the news of a person or a certificate is still on its way."""


class CauseIsWrong(Exception):
    """What the award gives as its cause does not lead to the request that cancelled the certificate."""


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
            f"/api/v1/certificates/{life.certificate_id}/cancellation", {"reason": REASON}, seen=life.certificate_tag
        )
    ).json()
    life.stop_id = answer["stop_id"]
    return answer


async def suspension(life: Life, cast: Cast) -> tuple[float, Json]:
    """Milliseconds until the award is seen suspended, and the award."""
    milliseconds = await milliseconds_until_suspended(cast.determiner, life.award_id)
    return milliseconds, await cast.determiner.get(f"/api/v1/awards/{life.award_id}")


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
