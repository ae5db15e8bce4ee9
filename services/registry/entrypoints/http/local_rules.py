"""Local rules and SLA profiles: what a county decides, with its dates and its document (CERT-32)."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.registry.adapters import local_rules
from services.registry.adapters.work import RegistryWork
from services.registry.domain.application_errors import LocalRuleNotFound
from services.registry.domain.application_state import Matter
from services.registry.domain.local_rules import PARAMETERS, Parameter, parameter_of
from shared.kit.audit import Change, Code
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import RequestModel, Router, open_work
from shared.values.division import Division

router = Router(prefix="/api/v1/local-rules", tags=["local-rules"])

Work = Annotated[RegistryWork, Depends(open_work, scope="function")]
Writer = Annotated[Caller, Permit("rule:write")]
Seen = Annotated[Precondition, Depends(if_match)]
Value = bool | int | str | list[str]


class LocalRuleIn(RequestModel):
    """Another value of a parameter, in a division (absent: everywhere), for a matter (absent: all), from a day on."""

    name: Annotated[str, StringConstraints(max_length=64)]
    value: Value
    division: Annotated[str | None, StringConstraints(max_length=12)] = None
    matter: Matter | None = None
    valid_from: date
    valid_to: date | None = None
    basis: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(description="文件名称、文号")


class EndingIn(RequestModel):
    """The last day a local rule is in force."""

    valid_to: date


class LocalRuleOut(BaseModel):
    """A local rule with the national rule it fills in."""

    model_config = ConfigDict(frozen=True)

    local_rule_id: UUID
    version: int
    name: str
    rule: str
    value: Value
    division: str | None
    matter: Matter | None
    valid_from: date
    valid_to: date | None
    basis: str


class ParameterOut(BaseModel):
    """What may be decided locally: its rule, its default, what it means."""

    model_config = ConfigDict(frozen=True)

    name: str
    rule: str
    default: Value
    zh: str
    en: str


@router.get("/parameters", dependencies=[Permit("rule:read")], summary="可由地方规定的事项")
async def list_parameters() -> Listed[ParameterOut]:
    """Every parameter: what is not here is national law and the same everywhere."""
    return Listed(items=[_parameter(each) for each in PARAMETERS.values()])


@router.get("", dependencies=[Permit("rule:read")], summary="地方规定列表")
async def list_rules(
    work: Work, page: PageAsked, name: Annotated[str | None, Query(max_length=64)] = None
) -> Listed[LocalRuleOut]:
    """Local rules are published: everybody with an account may read those of every county."""
    rows, following = await local_rules.rules_page(work.connection, page, name=name)
    return Listed(items=[_out(row) for row in rows], next=following)


@router.post("", status_code=201, dependencies=[Idempotent()], summary="登记地方规定")
async def add_rule(caller: Writer, body: LocalRuleIn, work: Work, response: Response) -> LocalRuleOut:
    """Decide a value; a rule once in force is ended and followed by another, never edited."""
    division = None if body.division is None else Division.parse(body.division)
    caller.must_cover("*" if division is None else division.code)
    parameter_of(body.name).parse(body.value)
    row = await local_rules.add_rule(
        work.connection,
        {
            "local_rule_id": work.new_id(),
            "version": 1,
            "division": "" if division is None else division.code,
            "matter": None if body.matter is None else body.matter.value,
            "name": body.name,
            "value": body.value,
            "valid_from": body.valid_from,
            "valid_to": body.valid_to,
            "basis": body.basis,
            "recorded_by": caller.subject,
        },
    )
    after = {"name": Code(body.name), "local_rule_id": row["local_rule_id"], "valid_from": body.valid_from}
    work.audit(Change(None, "local_rule.decided", after=after, division=body.division))
    tag(response, 1)
    return _out(row)


@router.post("/{local_rule_id}/ending", dependencies=[Idempotent()], summary="终止地方规定")
async def end_rule(
    *, caller: Writer, local_rule_id: UUID, body: EndingIn, work: Work, seen: Seen, response: Response
) -> LocalRuleOut:
    """The last day it is in force."""
    row = await local_rules.rule_by_id(work.connection, local_rule_id)
    if row is None:
        raise LocalRuleNotFound
    caller.must_cover(row["division"] or "*")
    seen.check(row["version"])
    ended = await local_rules.end_rule(work.connection, local_rule_id, body.valid_to)
    after = {"local_rule_id": local_rule_id, "valid_to": body.valid_to}
    work.audit(Change(None, "local_rule.ended", after=after, division=row["division"] or None))
    tag(response, ended["version"])
    return _out(ended)


def _out(row: local_rules.RuleRow) -> LocalRuleOut:
    parameter = PARAMETERS[row["name"]]
    shown = {**row, "division": row["division"] or None, "rule": parameter.rule}
    return LocalRuleOut.model_validate({name: shown[name] for name in LocalRuleOut.model_fields})


def _parameter(each: Parameter[object]) -> ParameterOut:
    default = sorted(each.default) if isinstance(each.default, frozenset) else each.default
    return ParameterOut.model_validate(
        {"name": each.name, "rule": each.rule, "default": default, "zh": each.zh, "en": each.en}
    )
