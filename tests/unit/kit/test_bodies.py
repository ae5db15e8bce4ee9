"""A body is the JSON it is: what the document calls a number, a day or a yes is nothing else."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import Query
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime, Field, StringConstraints, ValidationError

from shared.kit.bodies import Moment, RequestModel
from shared.kit.permissions import Public
from shared.kit.routing import Router
from tests.unit.kit.a_service import a_client, an_api


class Colour(StrEnum):
    RED = "red"


class Inner(RequestModel):
    size: Annotated[int, Field(ge=1)] = 1


class Body(RequestModel):
    number: int = 1
    share: float = 1.0
    yes: bool = True
    day: date | None = None
    moment: AwareDatetime | None = None
    id: UUID | None = None
    colour: Colour = Colour.RED
    text: str = ""
    digits: Annotated[str, Field(pattern=r"^\d+$")] = "1"
    texts: tuple[str, ...] = ()
    inner: Inner | None = None
    inners: list[Inner] = Field(default_factory=list)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("number", value) for value in (1, 0, -(2**63), 4.0)),
        *(("share", value) for value in (1, 1.5)),
        ("yes", False),
        ("day", "2026-05-01"),
        *(("moment", value) for value in ("2026-05-01T08:00:00+08:00", "2026-05-01T00:00:00Z", "2026-05-01 00:00Z")),
        ("id", "01a20166-c031-7241-a640-97c0f496c986"),
        ("colour", "red"),
        ("text", "王小明\n"),
        ("digits", "007"),
        ("texts", ["a", ""]),
        ("inner", {"size": 2}),
        ("inners", [{"size": 2}, {}]),
        *((field, None) for field in ("day", "moment", "id", "inner")),
    ],
)
def test_what_the_document_promises_is_taken(field: str, value: object) -> None:
    Body.model_validate({field: value})


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        *(("number", value, "int_type") for value in ("4", True, None, [4])),
        ("number", 4.5, "int_from_float"),
        *(("share", value, "float_type") for value in ("1.5", True)),
        *(("yes", value, "bool_type") for value in (1, 0, "true", "yes", 1.0)),
        *(("day", value, "date_type") for value in (0, 1_600_000_000, 1.5, True)),
        *(("day", value, "date_parsing") for value in ("0", "1600000000", "2026-05-01T00:00:00", "20260501", "")),
        *(("moment", value, "datetime_type") for value in (0, 1_600_000_000)),
        *(("moment", value, "datetime_parsing") for value in ("0", "1600000000", "2026-05-01", "")),
        ("moment", "2026-05-01T00:00:00", "timezone_aware"),
        *(("text", value, "string_type") for value in (1, True, ["a"])),
        ("text", "a\0b", "string_pattern_mismatch"),
        ("text", "a\ud800b", "string_unicode"),
        ("digits", "1\0", "string_pattern_mismatch"),
        ("texts", ["a", "\0"], "string_pattern_mismatch"),
        ("inner", {"size": "2"}, "int_type"),
        ("inners", [{"size": 1}, {"size": True}], "int_type"),
        ("unknown", 1, "extra_forbidden"),
    ],
)
def test_what_it_does_not_promise_is_refused(field: str, value: object, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Body.model_validate({field: value})
    assert [error["type"] for error in refused.value.errors()] == [code]
    assert refused.value.errors()[0]["loc"][0] == field


def _router() -> Router:
    router = Router()

    @router.get("/since", dependencies=[Public()])
    async def since(since: Annotated[Moment | None, Query()] = None, word: str = "") -> datetime | None:
        assert word is not None
        return since

    @router.get("/words/{word}", dependencies=[Public()])
    async def word(word: str) -> str:
        return word

    return router


async def _answer(path: str) -> tuple[int, dict[str, Any]]:
    async with a_client(an_api(_router())) as client:
        response = await client.get(path)
    told = response.json()
    return response.status_code, told["errors"][0] if response.status_code == 422 else {}


async def test_a_moment_in_an_address_is_written_out_with_its_zone() -> None:
    assert (await _answer("/since?since=2026-05-01T00:00:00%2B08:00"))[0] == 200
    for wrong in ("0", "1600000000", "2026-05-01", "2026-05-01T00:00:00"):
        status, error = await _answer(f"/since?since={wrong}")
        assert (status, error["parameter"]) == (422, "since")


@pytest.mark.parametrize(("path", "place"), [("/since?word=a%00", "query"), ("/words/a%00", "path")])
async def test_text_with_nul_in_an_address_is_named(path: str, place: str) -> None:
    status, error = await _answer(path)
    assert (status, error["in"], error["parameter"], error["code"]) == (422, place, "word", "string_unicode")


class Remark(RequestModel):
    one: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] = "x"
    four: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4)] = "wxyz"
    short: Annotated[str, StringConstraints(strip_whitespace=True, max_length=4)] = ""


@pytest.mark.parametrize("name", ["one", "four"])
@given(text=st.text(alphabet="a量 \n\x0b\u3000\x85", max_size=8))
def test_the_document_says_that_blanks_around_a_text_do_not_count(name: str, text: str) -> None:
    told = Remark.model_json_schema()["properties"][name]
    promised = len(text) >= told["minLength"] and re.search(told["pattern"], text) is not None
    assert promised is (len(text.strip()) >= told["minLength"])
    if promised:
        assert getattr(Remark.model_validate({name: text}), name) == text.strip()
    else:
        with pytest.raises(ValidationError):
            Remark.model_validate({name: text})


@pytest.mark.parametrize(("text", "taken"), [("abcd", True), (" ab ", True), (" abcd", False), ("abcde", False)])
def test_blanks_around_a_text_count_for_its_greatest_length_as_the_document_says(*, text: str, taken: bool) -> None:
    assert (len(text) <= Remark.model_json_schema()["properties"]["short"]["maxLength"]) is taken
    if taken:
        assert Remark.model_validate({"short": text}).short == text.strip()
    else:
        with pytest.raises(ValidationError, match="at most 4 characters"):
            Remark.model_validate({"short": text})


@dataclass(frozen=True)
class Row:
    fen: int = 0
    percent: Decimal | None = None


@dataclass(frozen=True)
class Document:
    title: str = ""
    rows: dict[str, Row] = field(default_factory=dict)


class Told(RequestModel):
    document: Document


@pytest.mark.parametrize(
    ("document", "code"),
    [
        *(({"rows": {"a": {"fen": fen}}}, "int_type") for fen in ("4", True)),
        *(
            ({"rows": {"a": {"percent": percent}}}, "decimal_parsing")
            for percent in ("1e5", "NaN", " 5", "5_0", "\u0663", "", True)
        ),
        ({"title": "a\x00b"}, "string_pattern_mismatch"),
        ({"rows": {"a\x00b": {}}}, "string_pattern_mismatch"),
    ],
)
def test_a_document_of_dataclasses_is_taken_at_its_word_as_well(document: dict[str, Any], code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Told.model_validate({"document": document})
    assert [error["type"] for error in refused.value.errors()] == [code]


def test_a_document_of_dataclasses_takes_what_its_schema_promises() -> None:
    told = Told.model_json_schema()["$defs"]
    assert told["Document"]["properties"]["rows"]["additionalProperties"] is False
    text = told["Row"]["properties"]["percent"]["anyOf"][1]
    assert text["type"] == "string"
    assert re.search(text["pattern"], "40.5")
    rows = {"量": {"fen": 4.0, "percent": "40.5"}, "b": {"percent": 40.5}}
    taken = Told.model_validate({"document": {"rows": rows}}).document.rows
    assert taken == {"量": Row(4, Decimal("40.5")), "b": Row(0, Decimal("40.5"))}
