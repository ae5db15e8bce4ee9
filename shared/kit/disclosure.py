"""Personal values in clear: one route a service declares, for who may, within their divisions, for a stated purpose.

Everything else answers masked. A disclosure is a POST because values and purposes have no place in an address; what was
shown, to whom and what for is in the audit trail before the answer leaves.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from fastapi import Depends
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from shared.kit.audit import Look
from shared.kit.codelists import Code, codes
from shared.kit.limits import Budget
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import Problem, ProblemText, invalid
from shared.kit.routing import RequestModel, Router
from shared.kit.transactions import open_work
from shared.kit.work import UnitOfWork
from shared.values.division import Scope
from shared.values.purpose import Purpose

PURPOSE_CODES: Final[tuple[Code, ...]] = codes(*((each.value, each.zh, each.en) for each in Purpose))
"""The code list `purpose` of every service that discloses."""

W = TypeVar("W", bound=UnitOfWork)
_LONG_NUMBER: Final = re.compile(r"\d{11}")

_FIELD_UNKNOWN: Final = ProblemText(
    422,
    "不能查看的字段",
    "Not a field to disclose",
    "可查看的字段：{allowed}",
    "fields that can be disclosed: {allowed}",
)
_RESTRICTED: Final = ProblemText(
    403,
    "本人已限制处理",
    "Processing is restricted",
    "本人已要求限制处理其个人信息，只能用于：{allowed}",
    "the person restricted the processing of their data; it may be seen only for: {allowed}",
)


@dataclass(frozen=True, slots=True)
class Revealed:
    """What one subject's fields are in clear; ``restricted`` when the person asked that nobody process them."""

    person_id: UUID
    division: str
    values: Mapping[str, str | None]
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Disclosing:
    """What a service can disclose: the fields of a kind of subject, and how to read them.

    ``reveal(work, id, fields, within=scope)`` raises the service's own refusal for what is unknown or outside.
    """

    path: str
    fields: frozenset[str]
    reveal: Callable[..., Awaitable[Revealed]]


def _no_personal_number(text: str) -> str:
    if _LONG_NUMBER.search(text):
        raise invalid("case_ref_is_personal", zh="案卷号中不能出现证件号码或电话号码", en="a case has no such number")
    return text


class DisclosureIn(RequestModel):
    """Which fields, for which purpose, in which case."""

    fields: Annotated[frozenset[str], Field(min_length=1, max_length=20)]
    purpose: Purpose
    case_ref: (
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/-]{1,40}$"), AfterValidator(_no_personal_number)]
        | None
    ) = None


class DisclosureOut(BaseModel):
    """The fields in clear."""

    model_config = ConfigDict(frozen=True)

    person_id: UUID
    purpose: Purpose
    fields: dict[str, str | None]


def disclosure_router(disclosing: Disclosing) -> Router:
    """The route of one kind of subject; ``disclosing.path`` ends in ``/{subject_id}/disclosure``."""
    router = Router(tags=["disclosure"])

    @router.post(
        disclosing.path,
        dependencies=[Budget("person.disclosure", subject="30/minute;600/day", purpose="3000/day")],
        summary="按用途查看明文个人信息",
    )
    async def disclose(
        caller: Annotated[Caller, Permit("person:unmask")],
        subject_id: UUID,
        body: DisclosureIn,
        work: Annotated[UnitOfWork, Depends(open_work, scope="function")],
    ) -> DisclosureOut:
        """Show the fields asked for, in clear, and remember who saw them and why."""
        return await _disclosed(disclosing, work, subject_id, body, within=caller.scope)

    return router


async def _disclosed(
    disclosing: Disclosing, work: UnitOfWork, subject_id: UUID, body: DisclosureIn, *, within: Scope
) -> DisclosureOut:
    if body.fields - disclosing.fields:
        raise Problem("field_not_disclosable", text=_FIELD_UNKNOWN, allowed=sorted(disclosing.fields))
    told: Any = await disclosing.reveal(work, subject_id, body.fields, within=within)
    if told.restricted and not body.purpose.overrides_restriction:
        allowed = [each.value for each in Purpose if each.overrides_restriction]
        raise Problem("processing_is_restricted", text=_RESTRICTED, allowed=allowed)
    work.audit(
        Look(
            told.person_id,
            fields=tuple(sorted(body.fields)),
            what="disclosed" if body.case_ref is None else f"disclosed in {body.case_ref}",
            division=told.division,
            purpose=body.purpose.value,
        )
    )
    return DisclosureOut(person_id=told.person_id, purpose=body.purpose, fields=dict(told.values))
