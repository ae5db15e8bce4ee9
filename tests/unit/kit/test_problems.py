import string
from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, Literal
from uuid import UUID

import pytest
from fastapi import Query
from pydantic import AfterValidator, Field

from shared.kit.permissions import Public
from shared.kit.problems import KIT_TEXTS, Problem, ProblemText, invalid
from shared.kit.routing import RequestModel, Router
from shared.values.division import Division
from shared.values.refusal import Refusal
from tests.unit.kit.a_service import a_client, an_api

ENGLISH = {"Accept-Language": "en-GB,en;q=0.9,zh;q=0.1"}


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class DoorIsLocked(Refusal):
    code: ClassVar[str] = "door_is_locked"


class DoorIsWelded(DoorIsLocked):
    code: ClassVar[str] = "door_is_welded"


class NobodyWroteWords(Refusal):
    code: ClassVar[str] = "nobody_wrote_words"


TEXTS: dict[type[Refusal], ProblemText] = {
    DoorIsLocked: ProblemText(409, "门已锁", "Locked", "门 {door} 已锁，可用：{allowed}", "{door} is locked: {allowed}")
}


class Part(RequestModel):
    size: Annotated[int, Field(ge=1)]


def _no_spaces(text: str) -> str:
    if " " in text:
        raise invalid("has_spaces", zh="不能有空格", en="no spaces {please}")
    return text


def _a_division(text: str) -> str:
    return str(Division.parse(text))


class Thing(RequestModel):
    name: Annotated[str, Field(min_length=2, max_length=5)]
    colour: Colour = Colour.RED
    kind: Literal["a", "b"] = "a"
    born: date | None = None
    number: Annotated[str, Field(pattern=r"^\d{4}$")] = "1234"
    id: UUID | None = None
    parts: list[Part] = Field(default_factory=list, max_length=2)
    word: Annotated[str, AfterValidator(_no_spaces)] = ""
    division: Annotated[str, AfterValidator(_a_division)] = "34"


def _router() -> Router:
    router = Router()

    @router.post("/things", dependencies=[Public()])
    async def create(thing: Thing) -> str:
        return thing.name

    @router.get("/things", dependencies=[Public()])
    async def read(size: Annotated[int, Query(le=10)] = 1) -> int:
        return size

    @router.post("/opening", dependencies=[Public()])
    async def open_door(how: str = "locked") -> None:
        match how:
            case "locked":
                raise DoorIsLocked(door="A", allowed=[Colour.RED, Colour.BLUE])
            case "welded":
                raise DoorIsWelded(door="B")
            case "wordless":
                raise NobodyWroteWords
            case "value":
                Division.parse("99x")
            case _:
                raise RuntimeError("password=hunter2")

    return router


async def _answer(method: str, path: str, **options: object) -> dict[str, object]:
    async with a_client(an_api(_router(), problem_texts=TEXTS)) as client:
        response = await client.request(method, path, **options)  # type: ignore[arg-type]
    assert response.headers["content-type"] == "application/problem+json"
    told: dict[str, object] = response.json()
    assert told["status"] == response.status_code
    assert told["trace_id"] == response.headers["trace-id"]
    return told


async def _errors(body: dict[str, object], headers: dict[str, str] | None = None) -> list[dict[str, str]]:
    told = await _answer("POST", "/things", json=body, headers=headers or {})
    assert told["code"] == "body_invalid"
    errors = told["errors"]
    assert isinstance(errors, list)
    return errors


async def test_a_problem_speaks_chinese_unless_english_is_preferred() -> None:
    chinese = await _answer("POST", "/opening")
    english = await _answer("POST", "/opening", headers=ENGLISH)
    assert (chinese["title"], chinese["detail"]) == ("门已锁", "门 A 已锁，可用：red、blue")
    assert (english["title"], english["detail"]) == ("Locked", "A is locked: red, blue")


@pytest.mark.parametrize("language", ["", "zh", "zh-CN,en;q=0.8", "fr", "en;q=0.2,zh;q=0.9", "en;q=x"])
async def test_every_other_preference_gets_chinese(language: str) -> None:
    told = await _answer("POST", "/opening", headers={"Accept-Language": language})
    assert told["title"] == "门已锁"


async def test_a_refused_step_tells_the_steps_that_are_allowed() -> None:
    told = await _answer("POST", "/opening")
    assert (told["status"], told["code"], told["allowed"]) == (409, "door_is_locked", ["red", "blue"])


async def test_a_refusal_without_words_of_its_own_borrows_its_parents_and_keeps_its_code() -> None:
    told = await _answer("POST", "/opening?how=welded")
    assert (told["code"], told["detail"]) == ("door_is_welded", "门 B 已锁，可用：-")


async def test_a_refusal_nobody_gave_words_is_still_a_refusal() -> None:
    told = await _answer("POST", "/opening?how=wordless")
    assert (told["status"], told["code"]) == (409, "nobody_wrote_words")


async def test_a_value_refused_outside_a_schema_is_422_in_its_own_words() -> None:
    told = await _answer("POST", "/opening?how=value")
    assert told["status"] == 422
    assert told["detail"] != "{zh}"


async def test_an_unexpected_error_is_500_and_tells_nothing_about_itself() -> None:
    told = await _answer("POST", "/opening?how=crash")
    assert (told["status"], told["code"]) == (500, "internal_error")
    assert "hunter2" not in str(told)


@pytest.mark.parametrize(
    ("body", "pointer", "code", "words"),
    [
        ({}, "#/name", "missing", "必填"),
        ({"name": 3}, "#/name", "string_type", "应为字符串"),
        ({"name": "x"}, "#/name", "string_too_short", "长度不能少于 2 个字符"),
        ({"name": "toolong"}, "#/name", "string_too_long", "长度不能超过 5 个字符"),
        ({"name": "ok", "nmae": 1}, "#/nmae", "extra_forbidden", "不认识的字段，请删除或更正名称"),
        ({"name": "ok", "a/b~c": 1}, "#/a~1b~0c", "extra_forbidden", "不认识的字段，请删除或更正名称"),
        ({"name": "ok", "colour": "green"}, "#/colour", "enum", "不在允许的取值内，应为 red、blue"),
        ({"name": "ok", "kind": "c"}, "#/kind", "literal_error", "不在允许的取值内，应为 a、b"),
        ({"name": "ok", "born": "2026-02-30"}, "#/born", "date_from_datetime_parsing", "日期无效，格式应为 YYYY-MM-DD"),
        ({"name": "ok", "number": "12"}, "#/number", "string_pattern_mismatch", r"格式不正确，应符合 ^\d{4}$"),
        ({"name": "ok", "id": "x"}, "#/id", "uuid_parsing", "应为 UUID"),
        ({"name": "ok", "parts": [{"size": 1}, {"size": 0}]}, "#/parts/1/size", "greater_than_equal", "不能小于 1"),
        ({"name": "ok", "parts": [{"size": 1}] * 3}, "#/parts", "too_long", "不能超过 2 项"),
        (
            {"name": "ok", "parts": [{"size": 1, "x": 1}]},
            "#/parts/0/x",
            "extra_forbidden",
            "不认识的字段，请删除或更正名称",
        ),
        ({"name": "ok", "word": "a b"}, "#/word", "has_spaces", "不能有空格"),
    ],
)
async def test_a_fault_is_pointed_at_and_said_in_chinese(
    body: dict[str, object], pointer: str, code: str, words: str
) -> None:
    assert await _errors(body) == [{"in": "body", "pointer": pointer, "code": code, "detail": words}]


async def test_a_fault_is_said_in_english_on_request() -> None:
    errors = await _errors({"name": "ok", "colour": "green", "word": "a b"}, ENGLISH)
    assert [error["detail"] for error in errors] == ["must be red or blue", "no spaces {please}"]


async def test_a_value_type_keeps_its_own_code_and_words() -> None:
    [error] = await _errors({"name": "ok", "division": "99x"})
    assert error["pointer"] == "#/division"
    assert error["code"] != "value_error"


async def test_all_faults_are_told_at_once() -> None:
    assert len(await _errors({"colour": "green", "kind": "c", "extra": 1})) == 4


async def test_a_fault_never_repeats_what_was_sent() -> None:
    secret = "341502199001011234"
    told = await _answer(
        "POST", "/things", json={"name": secret, "colour": secret, "born": secret, "number": secret, "id": secret}
    )
    assert len(told["errors"]) == 5  # type: ignore[arg-type]
    assert secret not in str(told)


async def test_a_fault_of_a_parameter_names_the_parameter() -> None:
    told = await _answer("GET", "/things?size=eleven")
    assert told["errors"] == [{"in": "query", "parameter": "size", "code": "int_parsing", "detail": "应为整数"}]


async def test_a_body_that_is_not_json_is_400() -> None:
    told = await _answer("POST", "/things", content=b"{", headers={"Content-Type": "application/json"})
    assert (told["status"], told["code"]) == (400, "body_not_json")


async def test_an_unknown_address_and_a_wrong_method_are_problems_too() -> None:
    assert (await _answer("GET", "/nowhere"))["code"] == "not_found"
    assert (await _answer("DELETE", "/things"))["code"] == "method_not_allowed"


@pytest.mark.parametrize("code", sorted(KIT_TEXTS))
def test_every_code_has_a_status_and_the_same_facts_in_both_languages(code: str) -> None:
    def facts(template: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(template) if name} - {"zh", "en"}

    text = KIT_TEXTS[code]
    assert 400 <= Problem(code).status < 600
    assert facts(text.detail_zh) == facts(text.detail_en)
    assert all((text.title_zh, text.title_en, text.detail_zh, text.detail_en))


def test_a_problem_with_an_unknown_code_is_a_mistake_found_at_once() -> None:
    with pytest.raises(KeyError):
        Problem("no_such_code")
