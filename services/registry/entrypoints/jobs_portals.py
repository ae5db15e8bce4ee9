"""Telling portals of their cases; files exchanged with systems that have ids of their own for our persons."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from services.registry.adapters.foreign_ids import ForeignId, Kept, keep_foreign_ids
from services.registry.adapters.links import linked
from services.registry.adapters.portal_callbacks import PortalCallback
from services.registry.adapters.portals import Portals
from services.registry.adapters.work import RegistryWork
from services.registry.entrypoints.cells import Faults, identity, titles_of
from services.registry.entrypoints.references import holds_a_persons_number
from services.registry.metrics import PORTAL_CASES_WAITING
from shared.kit.audit import Change, Code
from shared.kit.callbacks import Callback
from shared.kit.imports import Applied, Import, Parsed
from shared.kit.spreadsheets import CellFault, Column, Row
from shared.kit.work import Works
from shared.kit.worker import Timer
from shared.values.division import Scope
from shared.values.identity_number import IdentityNumber

CASES_AT_ONCE: Final = 50
TELL_SECONDS: Final = 2.0
log: Final = structlog.get_logger(__name__)


# --- call-backs ------------------------------------------------------------------------------------------------------


def callback_timer(callbacks: Mapping[str, Callback]) -> Timer[RegistryWork]:
    """Every portal is told of every step of its cases; one that does not answer keeps none of the others waiting."""
    portals = {portal: PortalCallback(callback) for portal, callback in callbacks.items()}
    return Timer("portal-callbacks", TELL_SECONDS, partial(tell_portals, portals=portals))


async def tell_portals(works: Works[RegistryWork], *, portals: Mapping[str, PortalCallback]) -> None:
    """One round. No transaction is open while a portal is asked: what it took is remembered afterwards."""
    for portal, callback in portals.items():
        while await _tell_some(works, portal, callback):
            pass
        async with works.snapshot() as connection:
            PORTAL_CASES_WAITING.labels(portal).set(await Portals(connection).waiting(portal))


async def _tell_some(works: Works[RegistryWork], portal: str, callback: PortalCallback) -> bool:
    """Whether there may be more: everything of this round was taken, and there was something."""
    async with works.snapshot() as connection:
        steps = await Portals(connection).to_tell(portal, limit=CASES_AT_ONCE)
    taken = await callback.tell_in_order(steps)
    if taken:
        async with works.begin() as work:
            for step in taken:
                await work.portals.told(step)
    if len(taken) < len(steps):
        log.warning("portal.not_told", portal=portal, waiting=len(steps) - len(taken))
    return bool(steps) and len(taken) == len(steps)


# --- ids of other systems --------------------------------------------------------------------------------------------

COLUMNS: Final = (
    Column("citizen_id_no", "公民身份号码", ("身份证号", "身份证号码")),
    Column("system", "系统代码", ("来源系统",)),
    Column("foreign_id", "系统内编号", ("人口编号", "外部编号")),
)
_TITLES: Final = titles_of(COLUMNS)
_SYSTEM: Final = re.compile(r"[A-Z][A-Z0-9_]{1,31}", re.ASCII)
_FOREIGN_ID: Final = re.compile(r"[0-9A-Za-z._-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Named:
    """How another system calls somebody."""

    number: IdentityNumber
    system: str
    foreign_id: str


def parse_foreign_id(row: Row) -> Named | list[CellFault]:
    """One person's id in another system."""
    faults = Faults(row, _TITLES)
    number, system, foreign = identity(row, faults), row.values["system"].strip(), row.values["foreign_id"].strip()
    if not _SYSTEM.fullmatch(system):
        faults.add("system", "应为大写字母、数字和下划线，如 POPULATION_BASE")
    if not _FOREIGN_ID.fullmatch(foreign) or holds_a_persons_number(foreign):
        faults.add("foreign_id", "应为 1-64 位字母、数字，且不得为公民身份号码")
    if faults or number is None:
        return list(faults)
    return Named(number, system, foreign)


async def apply_foreign_ids(chunk: Sequence[Parsed[Named]], work: RegistryWork) -> Applied:
    """Keep the ids of a chunk; one id is one person's, and a person has one in a system."""
    within = Scope.everywhere() if work.caller is None else work.caller.scope
    found = await linked(work.connection, [parsed.value.number for parsed in chunk], work.secrets, within=within)
    faults: list[CellFault] = []
    named: list[tuple[int, ForeignId]] = []
    for parsed, someone in zip(chunk, found, strict=True):
        if someone is None:
            faults.append(CellFault(parsed.number, _TITLES["citizen_id_no"], "在您的管辖范围内没有该人员"))
        else:
            one = ForeignId(parsed.value.system, parsed.value.foreign_id, someone.person_id)
            named.append((parsed.number, one))
    unchanged = 0
    kept = await keep_foreign_ids(work.connection, [one for _, one in named])
    for (number, one), outcome in zip(named, kept, strict=True):
        match outcome:
            case Kept.NEW:
                after = {"system": Code(one.system), "foreign_id": one.foreign_id}
                work.audit(Change(one.person_id, "person.foreign_id_kept", after=after))
            case Kept.KNOWN:
                unchanged += 1
            case Kept.CONFLICT:
                faults.append(CellFault(number, _TITLES["foreign_id"], "该编号已属于他人，或该人员另有编号"))
    return Applied(applied=len(chunk) - unchanged - len(faults), unchanged=unchanged, faults=faults)


FOREIGN_ID_IMPORT: Final[Import[Named, RegistryWork]] = Import(
    kind="foreign_id.import", columns=COLUMNS, parse=parse_foreign_id, apply=apply_foreign_ids
)
