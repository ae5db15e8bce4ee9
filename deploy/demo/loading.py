"""Filling the product as its users would: spreadsheets through the imports, single cases through the API."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from deploy.demo.api import Api, JobDidNotSucceed, Json, NeverCame
from deploy.demo.generator import SyntheticPerson, write_import_files
from deploy.demo.screen import Screen
from shared.kit.spreadsheets import write_table

AWARD_TITLES: Final = ("人员编号", "补贴种类", "申请日期")
ROWS_PER_FILE: Final = 100_000
FIRST_APPLICATION: Final = date(2016, 1, 1)
"""The two subsidies began on this day."""
CAUGHT_UP_SECONDS_MAX: Final = 600.0
CAUGHT_UP_POLL_SECONDS: Final = 0.1


class Imported(NamedTuple):
    """What an import said of its rows; received = applied + unchanged + rejected."""

    received: int
    applied: int
    rows_per_second: float


async def import_persons(
    persons: Iterable[SyntheticPerson], registry: Api, directory: Path, screen: Screen
) -> Imported:
    """Write the spreadsheets and have the registry import them."""
    files = await asyncio.to_thread(write_import_files, persons, directory, rows_per_file=ROWS_PER_FILE)
    return await _import(files, registry, "/api/v1/person-imports", "导入持证人员 importing holders", screen)


async def import_awards(
    persons: Iterable[SyntheticPerson], registry: Api, subsidy: Api, directory: Path, screen: Screen
) -> Imported:
    """Determinations for everybody who was granted a subsidy, under the person ids the registry gave."""
    known = await person_ids(registry.items("/api/v1/certificates"))
    file = directory / "awards.xlsx"
    await asyncio.to_thread(write_table, file, AWARD_TITLES, _award_rows(persons, known), sheet="补贴资格")
    return await _import([file], subsidy, "/api/v1/award-imports", "导入补贴资格 importing awards", screen)


async def _import(files: Iterable[Path], service: Api, path: str, words: str, screen: Screen) -> Imported:
    received = applied = 0
    began = time.perf_counter()
    for file in files:
        job = await service.upload(path, file)
        with screen.bar(words) as bar:
            report = await service.finish(job, told=bar.show)
        if report["rejected"] or report["received"] != report["applied"] + report["unchanged"]:
            message = f"{file.name}: {report}; its rows are listed in {job['job_id']}/result"
            raise JobDidNotSucceed(message)
        received, applied = received + report["received"], applied + report["applied"]
    return Imported(received, applied, received / (time.perf_counter() - began))


_Likeness = tuple[str, str, str, int, int, str]


async def person_ids(certificates: AsyncIterator[Json]) -> Mapping[_Likeness, list[str]]:
    """Person ids by what the certificate list tells: village, dates and disability.

    The list shows no numbers, so that is how a caller finds rows again. Two people who agree in all of it are
    interchangeable here: the same subsidies are due to both.
    """
    known: dict[_Likeness, list[str]] = defaultdict(list)
    async for item in certificates:
        likeness = (
            *(item["division"], item["issued_on"], item["expires_on"]),
            *(item["category"], item["grade"], item["components"]),
        )
        known[likeness].append(item["person_id"])
    return known


def _award_rows(
    persons: Iterable[SyntheticPerson], known: Mapping[_Likeness, list[str]]
) -> Iterator[tuple[str, str, str]]:
    for person in persons:
        disability = person.disability
        likeness = (
            *(person.division, person.issued_on.isoformat(), person.expires_on.isoformat()),
            *(int(disability.category), int(disability.grade), disability.components_text),
        )
        person_id = known[likeness].pop()
        applied_on = max(person.issued_on, FIRST_APPLICATION).isoformat()
        for scheme in person.schemes:
            yield person_id, scheme, applied_on


async def holders(registry: Api, n: int) -> list[str]:
    """The ids of the first ``n`` holders of a certificate."""
    page = await registry.get("/api/v1/certificates", limit=n)
    return [item["person_id"] for item in page["items"]]


async def open_cases(person_ids: Sequence[str], rehab: Api, screen: Screen) -> None:
    """Rehabilitation cases, one request each."""
    with screen.bar("建立康复个案 opening cases") as bar:
        for done, person_id in enumerate(person_ids, start=1):
            await rehab.post("/api/v1/cases", {"person_id": person_id})
            bar.show(done, len(person_ids))


class Watch(NamedTuple):
    """A service's operations desk and whose journals the service reads."""

    desk: Api
    reads: Sequence[str]


async def caught_up(services: Mapping[str, Watch], screen: Screen) -> int:
    """Wait until every reader stands at the end of every journal it reads; how many entries there are.

    Readers publish too, so it takes two looks that agree. Raises NeverCame.
    """
    deadline = time.monotonic() + CAUGHT_UP_SECONDS_MAX
    before: dict[str, int] = {}
    with screen.bar("事件传到各服务 events on their way") as bar:
        while True:
            horizons = {name: await _horizon(watch.desk) for name, watch in services.items()}
            behind = total = 0
            for watch in services.values():
                read = await _positions(watch.desk) if watch.reads else {}
                total += sum(horizons[publisher] for publisher in watch.reads)
                behind += sum(max(0, horizons[each] - read.get(each, 0)) for each in watch.reads)
            bar.show(total - behind, total)
            if behind == 0 and horizons == before:
                return sum(horizons.values())
            if time.monotonic() > deadline:
                message = f"readers are {behind} entries behind after {CAUGHT_UP_SECONDS_MAX:g} s"
                raise NeverCame(message)
            before = horizons
            await asyncio.sleep(CAUGHT_UP_POLL_SECONDS)


async def _horizon(desk: Api) -> int:
    return int((await desk.get("/api/v1/journal/horizon"))["position"])


async def _positions(desk: Api) -> dict[str, int]:
    cursors = (await desk.get("/api/v1/consumption/cursors"))["items"]
    return {cursor["publisher"]: cursor["position"] for cursor in cursors}
