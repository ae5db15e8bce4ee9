"""Nothing that identifies a person travels: every published field is of an innocent type, every text has a reason."""

from datetime import date
from enum import Enum
from types import UnionType
from typing import Any, ClassVar, Union, get_args, get_origin
from uuid import UUID

import pytest
from pydantic import Field, ValidationError, create_model
from pydantic.fields import FieldInfo

from shared.contracts import catalog
from shared.contracts.event import Event
from shared.contracts.state import State

# Every text that is not an enum, and why it is not one. A new line here is a privacy decision.
TEXTS = {
    "State.division": "行政区划代码: a place of at least a village",
    "registry.certificate.components": "categories and grades of a multiple disability, 4:2;6:3 (ID-13)",
    "registry.stop.reason": "a reason code; each kind of stop has its own list (RULES 3.2, DX-05)",
    "registry.visit.needs": "codes of need items of the survey's form, N03;N17 (REH-06)",
    "registry.division.succeeded.v1.predecessor": "a code of the directory",
    "registry.division.succeeded.v1.successor": "the same",
    "subsidy.award.scheme": "the code a policy document gives a scheme; which there are is data (RULES 4.1)",
    "subsidy.award.start_month": "YYYY-MM",
    "subsidy.award.effective_month": "YYYY-MM",
    "subsidy.award.suspended.v1.cause_kind": "the kind of the registry's stop fact, which may grow a word first",
    "subsidy.award.resumed.v1.cause_kind": "the same",
    "rehab.case.closing_reason": "a reason code (RULES 7.6)",
    "rehab.case.flag": "a reason code",
    "rehab.session.mode": "a code (REH-16)",
    "rehab.session.attendance": "a code",
}
INNOCENT = (UUID, date, int, bool)
PERSONAL = {
    "a name": "王建国",
    "a name in letters": "Wang Jianguo",
    "an identity number": "342401195002151215",
    "an identity number with X": "34240119500215121X",
    "an old identity number": "342401500215121",
    "a certificate number": "34240119500215121542",
    "a telephone": "13856412345",
    "a bank account": "6217001234567890123",
    "an address": "六安市金安区中市街道迎宾居委会3号",
    "free text": "因病去世",
}


def fields() -> list[tuple[str, FieldInfo]]:
    """Every published field under the name of who declares it; rows carried by events are counted as states."""
    found = {f"State.{name}": field for name, field in State.model_fields.items()}
    for state in catalog.states():
        own = {name: field for name, field in state.model_fields.items() if name not in State.model_fields}
        found |= {f"{state.relation}.{name}": field for name, field in own.items()}
    for event in catalog.events():
        found |= {f"{event.type}.{name}": field for name, field in event.model_fields.items()}
    return list(found.items())


def types_of(annotation: Any) -> list[Any]:
    """The types a field may hold, None aside."""
    if get_origin(annotation) in {Union, UnionType}:
        return [kind for member in get_args(annotation) if member is not type(None) for kind in types_of(member)]
    return [annotation]


def is_text(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, str) and not issubclass(kind, Enum)


def leaks(name: str, field: FieldInfo) -> list[str]:
    """What a privacy review would object to in a field."""
    objections = []
    for kind in types_of(field.annotation):
        if is_text(kind):
            if name not in TEXTS:
                objections.append(f"{name} is a text without a reason")
            objections += [f"{name} accepts {what}" for what, value in PERSONAL.items() if accepts(field, value)]
        elif not (isinstance(kind, type) and issubclass(kind, (*INNOCENT, Enum, State))):
            objections.append(f"{name} is of type {kind}")
    return objections


def accepts(field: FieldInfo, value: str) -> bool:
    probe = create_model("Probe", value=(field.annotation or object, field))
    try:
        probe.model_validate({"value": value})
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(("name", "field"), fields(), ids=[name for name, _ in fields()])
def test_a_published_field_cannot_carry_a_personal_value(name: str, field: FieldInfo) -> None:
    assert leaks(name, field) == []


def test_every_text_that_has_a_reason_exists() -> None:
    published = dict(fields())
    assert all(any(map(is_text, types_of(published[name].annotation))) for name in TEXTS)


def test_no_field_is_named_after_something_personal() -> None:
    banned = {"name", "phone", "mobile", "account", "citizen", "identity", "number", "birth", "born", "address", "sex"}
    assert [name for name, _ in fields() if banned & set(name.rpartition(".")[2].split("_"))] == []


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contracts declared by a test leave no trace behind."""
    monkeypatch.setattr("shared.contracts.state.STATES", {})
    monkeypatch.setattr("shared.contracts.event.EVENTS", {})


@pytest.mark.usefixtures("planted")
def test_a_planted_name_is_found() -> None:
    class Member(State):
        relation: ClassVar[str] = "planted.member"
        key: ClassVar[str] = "person_id"
        name: str
        aliases: list[str]

    class MemberJoined(Event):
        """Somebody joined."""

        type: ClassVar[str] = "planted.member.joined.v1"
        title_zh: ClassVar[str] = "加入"
        note: str | None = None
        code: str = Field(pattern="^[A-Z]+$")

    found = [
        objection
        for model, prefix in ((Member, "planted.member"), (MemberJoined, "planted.member.joined.v1"))
        for name, field in model.model_fields.items()
        if name not in State.model_fields
        for objection in leaks(f"{prefix}.{name}", field)
    ]
    assert "planted.member.name is a text without a reason" in found
    assert "planted.member.name accepts an identity number" in found
    assert "planted.member.aliases is of type list[str]" in found
    assert "planted.member.joined.v1.note accepts free text" in found
    assert "planted.member.joined.v1.code is a text without a reason" in found
    assert "planted.member.joined.v1.code accepts a name" not in found


def test_an_integer_is_too_small_to_hide_a_number_of_a_person() -> None:
    """Grades, categories and years are bounded; versions count. No other integer is published."""
    integers = {name for name, field in fields() if int in types_of(field.annotation)}
    bounded = {"registry.certificate.category", "registry.certificate.grade", "registry.visit.year"}
    assert integers == {"State.version", *bounded}
