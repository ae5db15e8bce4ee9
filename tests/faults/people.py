"""A population made by the product's own imports: persons with certificates, and an award for each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from deploy.demo.api import Api
from deploy.local.stack import Stack
from shared.kit.spreadsheets import write_table
from shared.values.identity_number import check_character

_TITLES: Final = ("姓名", "公民身份号码", "户籍地区划代码", "残疾类别", "残疾等级", "发证日期")
_AWARD_TITLES: Final = ("人员编号", "补贴种类", "申请日期")
_TOWNSHIPS: Final = ("341502001", "341503001", "341504001", "341522100", "341523100")
_ISSUED_ON: Final = "2024-01-01"
_APPLIED_ON: Final = "2026-01-15"
_DAYS_OF_BIRTH: Final = 28
_SERIAL_MAX: Final = 1_000
IMPORTED_SECONDS_MAX: Final = 60.0


@dataclass(slots=True)
class Holder:
    """A person whose certificate will be cancelled and whose award must follow."""

    person_id: UUID
    certificate_id: UUID
    award_id: UUID


def citizen_id_no(number: int) -> str:
    """A valid identity number for the n-th person."""
    serial, rest = number % _SERIAL_MAX, number // _SERIAL_MAX
    day, year = 1 + rest % _DAYS_OF_BIRTH, 1940 + rest // _DAYS_OF_BIRTH
    plain = f"341502{year:04d}06{day:02d}{serial:03d}"
    return plain + check_character(plain)


async def settle(stack: Stack, directory: Path, *, first: int, size: int, token: str) -> list[Holder]:
    """Import persons ``first`` … ``first + size - 1``, then an award for everybody who has none."""
    registry, subsidy = Api(stack.url("registry"), token), Api(stack.url("subsidy"), token)
    async with registry, subsidy:
        await _import(
            registry, "/api/v1/person-imports", directory / f"persons-{first}.csv", _TITLES, _rows(first, size)
        )
        async with asyncio.timeout(IMPORTED_SECONDS_MAX):
            while not (newcomers := await _without_award(stack)) or len(newcomers) < size:
                await asyncio.sleep(0.05)
        awards = ((str(person), "nursing_subsidy", _APPLIED_ON) for person in newcomers)
        await _import(subsidy, "/api/v1/award-imports", directory / f"awards-{first}.csv", _AWARD_TITLES, awards)
    return await _holders(stack, newcomers)


async def _import(
    service: Api, path: str, file: Path, titles: tuple[str, ...], rows: Iterator[tuple[str, ...]]
) -> None:
    write_table(file, titles, rows)
    report = await service.finish(await service.upload(path, file), told=lambda _done, _total: None)
    assert report["received"] == report["applied"], report


def _rows(first: int, size: int) -> Iterator[tuple[str, ...]]:
    for number in range(first, first + size):
        yield "王小明", citizen_id_no(number), _TOWNSHIPS[number % len(_TOWNSHIPS)], "肢体", "二级", _ISSUED_ON


async def _without_award(stack: Stack) -> list[UUID]:
    """Holders the subsidy service has heard of and who have no award."""
    async with stack.postgres.admin("subsidy") as database:
        rows = await database.execute(
            "SELECT person_id FROM copy_registry_certificate WHERE status = 'VALID' EXCEPT SELECT person_id FROM award"
        )
        return [person for (person,) in await rows.fetchall()]


async def _holders(stack: Stack, persons: list[UUID]) -> list[Holder]:
    async with stack.postgres.admin("subsidy") as database:
        rows = await database.execute(
            "SELECT person_id, certificate_id, award_id FROM award WHERE person_id = ANY(%s) ORDER BY award_id",
            (persons,),
        )
        return [Holder(*row) for row in await rows.fetchall()]
