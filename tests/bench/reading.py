"""The register at the size of a province: looking somebody up, finding by name, paging through lists, counting.

Over real HTTP, as a person with a token, every answer after its entry in the trail was committed. One request at a
time: how long somebody waits, not how many can wait at once.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import cycle, islice
from random import Random
from typing import Any, Final

import orjson

from shared.kit import pinyin
from tests.bench.ground import Ground
from tests.bench.measure import Measurement, measured, percentile
from tests.bench.province import PERSONS, Sample, province
from tests.bench.wire import Wire

REPEATS: Final = 3
ASKED: Final = int(os.environ.get("LIANGFU_BENCH_READS", "200"))
FEW: Final = 70
"""Of what takes long; three rounds of it are more than two hundred as well."""
WARM_UP: Final = 10
FLOOR: Final = "GET /livez of the same process"
EVERYWHERE: Final = "*"


@dataclass(frozen=True, slots=True)
class _Question:
    """One kind of request: what is asked about somebody of the province, and by whom."""

    name: str
    ask: Callable[[Wire, Sample], bytes]
    asker: Callable[[Sample], str]
    asked: int = ASKED
    least: int = 1


async def reads_of_the_register(ground: Ground) -> list[Measurement]:
    """Each kind of request: how long every single one took, and the slowest hundredth of each round."""
    samples = list(await province(ground))
    Random(3415).shuffle(samples)
    wire = _wires(ground)
    found: list[Measurement] = []
    for question in await _questions(wire(EVERYWHERE)):
        given = cycle(samples)
        rounds = [await _round(wire, question, islice(given, size)) for size in (WARM_UP, *[question.asked] * REPEATS)]
        floor = [
            answer.seconds * 1_000 for answer in await wire(EVERYWHERE).each([wire(EVERYWHERE).get("/livez")] * ASKED)
        ]
        each = [waited for part in rounds[1:] for waited in part]
        tails = [percentile(part, 0.99) for part in rounds[1:]]
        found.append(measured(question.name, "ms", each, floor_name=FLOOR, floor_values=floor))
        found.append(measured(f"{question.name}, p99", "ms", tails, floor_name=FLOOR, floor_values=floor))
    print(f"of {PERSONS:,} persons:", flush=True)
    return found


def _wires(ground: Ground) -> Callable[[str], Wire]:
    @cache
    def wire(divisions: str) -> Wire:
        return Wire(ground.stack.url("registry"), ground.stack.token("county_reviewer", divisions=[divisions]))

    return wire


async def _round(wire: Callable[[str], Wire], question: _Question, samples: Iterator[Sample]) -> list[float]:
    """Milliseconds of each."""
    requests = [question.ask(wire(question.asker(sample)), sample) for sample in samples]
    answers = await wire(EVERYWHERE).each(requests)
    for answer in answers:
        told = answer.told()
        assert len(told.get("items", [told])) >= question.least, f"{question.name}: nobody"
    return [answer.seconds * 1_000 for answer in answers]


# ---------------------------------------------------------------------------- what is asked


def _province(_sample: Sample) -> str:
    return EVERYWHERE


def _county(sample: Sample) -> str:
    return sample.division[:6]


async def _questions(wire: Wire) -> list[_Question]:
    persons, certificates = await _mark(wire, "/api/v1/persons"), await _mark(wire, "/api/v1/certificates")

    def person_page(wire: Wire, sample: Sample) -> bytes:
        return wire.get(f"/api/v1/persons?cursor={_cursor(persons, sample.division, sample.person_id)}")

    def certificate_page(wire: Wire, sample: Sample) -> bytes:
        return wire.get(f"/api/v1/certificates?cursor={_cursor(certificates, sample.division, sample.certificate_id)}")

    return [
        _Question("person by id", lambda wire, one: wire.get(f"/api/v1/persons/{one.person_id}"), _county),
        _Question(
            "person by identity number",
            lambda wire, one: wire.post("/api/v1/persons/lookup", {"citizen_id_no": one.citizen_id_no}),
            _county,
        ),
        _Question("certificate number", _search(lambda one: {"certificate_no": one.certificate_no}), _county),
        _Question("name, province", _search(lambda one: {"name": one.name}), _province),
        _Question("name, county", _search(lambda one: {"name": one.name}), _county),
        _Question("pinyin, province", _search(lambda one: {"name": _heard(one.name)}), _province),
        _Question("pinyin, county", _search(lambda one: {"name": _heard(one.name)}), _county),
        _Question("initials, province", _search(lambda one: {"name": _initials(one.name)}), _province),
        _Question("initials, county", _search(lambda one: {"name": _initials(one.name)}), _county),
        _Question("family name, county", _search(lambda one: {"name": one.name[0]}), _county),
        _Question("valid in a county", _search(lambda _: {"status": "VALID"}), _county),
        _Question("frozen in a county", _search(lambda _: {"status": "FROZEN"}), _county, least=0),
        _Question("frozen in the province", _search(lambda _: {"status": "FROZEN"}), _province),
        _Question("persons of a county, 100", lambda wire, _: wire.get("/api/v1/persons?limit=100"), _county),
        _Question("persons, deep page, 100", person_page, _province),
        _Question("certificates, deep page, 100", certificate_page, _province),
        _Question("certificates of a county, 100", lambda wire, _: wire.get("/api/v1/certificates"), _county),
        _Question(
            "frozen certificates of a county, 100",
            lambda wire, _: wire.get("/api/v1/certificates?status=FROZEN"),
            _county,
            least=0,
        ),
        _Question("count of a county", _count(6), _county),
        _Question("count of a prefecture", _count(4), _province),
        _Question("count of the province", _count(2), _province, asked=FEW),
    ]


def _search(body: Callable[[Sample], Mapping[str, Any]]) -> Callable[[Wire, Sample], bytes]:
    return lambda wire, sample: wire.post("/api/v1/persons/search?limit=20", body(sample))


def _count(width: int) -> Callable[[Wire, Sample], bytes]:
    return lambda wire, sample: wire.get(f"/api/v1/persons/counts?division={sample.division[:width]}")


def _heard(name: str) -> str:
    return "".join(pinyin.bundled().of(character)[0] for character in name)


def _initials(name: str) -> str:
    return "".join(pinyin.bundled().of(character)[0][0] for character in name)


async def _mark(wire: Wire, path: str) -> str:
    """What a cursor of this list begins with: it is good for its own query only."""
    following: str = (await wire.ask(wire.get(f"{path}?limit=1"))).told()["next"]
    mark: str = orjson.loads(base64.urlsafe_b64decode(following + "=" * (-len(following) % 4)))[0]
    return mark


def _cursor(*values: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(values)).rstrip(b"=").decode()
