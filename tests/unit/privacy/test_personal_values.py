"""Every personal value hides itself, on every way out."""

import base64
import io
import json
import logging
import os
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import httpx
import orjson
import pytest
import structlog
from pydantic import ValidationError

from shared.kit.crypto import Algorithm, Cipher, KeyRing
from shared.kit.logging import configure_logging
from shared.kit.masking import AsText
from shared.kit.permissions import Public
from shared.kit.problems import Problem, ProblemText
from shared.kit.routing import RequestModel, Router
from shared.values.certificate_number import CertificateNumber
from shared.values.identity_number import IdentityNumber
from shared.values.invalid import InvalidValue
from shared.values.personal import AddressDetail, BankAccount, Diagnosis, PersonName, Phone, Statement
from shared.values.refusal import Refusal
from tests.unit.kit.a_service import a_client, an_api, some_settings

NUMBER = "11010519491231002X"
PLAIN: dict[str, str] = {
    "name": "欧阳测试金丝雀",
    "phone": "14312341234",
    "address": "金丝雀路七号三单元",
    "account": "6222021234567890123",
    "diagnosis": "金丝雀谱系障碍",
    "statement": "我要求更正金丝雀一栏",
    "identity": NUMBER,
    "certificate": f"{NUMBER}44",
}
VALUES: dict[str, Any] = {
    "name": PersonName(PLAIN["name"]),
    "phone": Phone(PLAIN["phone"]),
    "address": AddressDetail(PLAIN["address"]),
    "account": BankAccount(PLAIN["account"]),
    "diagnosis": Diagnosis(PLAIN["diagnosis"]),
    "statement": Statement(PLAIN["statement"]),
    "identity": IdentityNumber(NUMBER),
    "certificate": CertificateNumber(f"{NUMBER}44"),
}


@dataclass(frozen=True)
class Holder:
    """A value two levels deep: a serialiser that looks into dataclasses would find it."""

    inner: Any


def _with_traceback(value: Any) -> str:
    try:
        raise LookupError(value)
    except LookupError:
        return traceback.format_exc()


WAYS_OUT: dict[str, Callable[[Any], str]] = {
    "str": str,
    "repr": repr,
    "f-string": lambda value: f"{value} {value!s:>30} {value!r}",
    "percent": lambda value: "%s %r" % (value, value),  # noqa: UP031 - an old way out is a way out
    "in a list": lambda value: str([value]),
    "in a dataclass": lambda value: repr(Holder(value)),
    "an exception": lambda value: repr(LookupError(value)) + str(KeyError(value)),
    "a traceback": _with_traceback,
    "a refusal": lambda value: str(Refusal(what=value)),
}


@pytest.mark.parametrize("way", WAYS_OUT)
@pytest.mark.parametrize("kind", VALUES)
def test_a_personal_value_prints_its_mask(kind: str, way: str) -> None:
    assert PLAIN[kind] not in WAYS_OUT[way](VALUES[kind])


def test_masks_keep_what_a_clerk_needs_to_recognise_a_case_and_no_more() -> None:
    assert PersonName("王小明").masked() == PersonName("王明").masked() == "王**"
    assert Phone("14312341234").masked() == "143****1234"
    assert Phone("0564-3312345").masked() == "056****2345"
    assert Phone("12345").masked() == "****45"
    assert BankAccount.parse("6222 0212 3456 7890 123").masked() == "*" * 15 + "0123"
    assert AddressDetail("人民路 1 号").masked() == Diagnosis("自闭症").masked() == "***"


@pytest.mark.parametrize(
    ("kind", "text"), [(Phone, "王小明"), (BankAccount, "123"), (PersonName, "a\nb"), (AddressDetail, "x" * 201)]
)
def test_a_value_that_is_refused_is_not_repeated(kind: Any, text: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        kind.parse(text)
    assert text not in f"{refused.value} {refused.value.zh} {refused.value.facts}"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, configuration = (root.handlers[:], root.level), structlog.get_config()
    stream = io.StringIO()
    configure_logging(service="things", role="api", stream=stream)
    yield stream
    root.handlers[:], root.level = before
    structlog.configure(**configuration)


def _logged_exception(value: Any) -> None:
    try:
        raise LookupError(value) from KeyError(Holder(value))
    except LookupError:
        structlog.get_logger().exception("x")
        logging.getLogger("library").exception("x")


LOG_PATHS: dict[str, Callable[[Any], None]] = {
    "a field": lambda value: structlog.get_logger().info("x", what=value),
    "a list": lambda value: structlog.get_logger().info("x", what=[value, (value,), {value}]),
    "a mapping": lambda value: structlog.get_logger().info("x", what={"deep": {"deeper": value}}),
    "a dataclass": lambda value: structlog.get_logger().info("x", what=Holder(value), all=[Holder(value)]),
    "the event": lambda value: structlog.get_logger().info(str(value)),
    "bound context": lambda value: structlog.get_logger().bind(what=value).warning("x"),
    "a library's logger": lambda value: logging.getLogger("library").warning("saw %s %r", value, [value]),
    "an exception": _logged_exception,
}


@pytest.mark.parametrize("path", LOG_PATHS)
@pytest.mark.parametrize("kind", VALUES)
def test_no_log_says_a_personal_value(lines: io.StringIO, kind: str, path: str) -> None:
    LOG_PATHS[path](VALUES[kind])
    written = lines.getvalue()
    assert written
    assert PLAIN[kind] not in written
    assert PLAIN[kind] not in json.dumps([json.loads(line) for line in written.splitlines()], ensure_ascii=False)


class _About(Refusal):
    code: ClassVar[str] = "about"


class _Body(RequestModel):
    name: Annotated[PersonName, AsText(PersonName.parse, "姓名")]
    phone: Annotated[Phone, AsText(Phone.parse, "电话")]


@pytest.mark.parametrize("kind", VALUES)
async def test_no_problem_answer_says_a_personal_value(kind: str, lines: io.StringIO) -> None:
    router = Router()
    text = ProblemText(409, "标题", "title", "{what} {what!r} {what!s}", "{what}")

    @router.get("/refused", dependencies=[Public()])
    async def refused() -> None:
        raise _About(what=VALUES[kind], allowed=[VALUES[kind]])

    @router.get("/problem", dependencies=[Public()])
    async def problem() -> None:
        raise Problem("x", text=text, what=VALUES[kind])

    @router.get("/crash", dependencies=[Public()])
    async def crash() -> None:
        raise RuntimeError(VALUES[kind], Holder(VALUES[kind]))

    async with a_client(an_api(router, problem_texts={_About: text}), raise_app_exceptions=False) as client:
        answers = [await client.get(path) for path in ("/refused", "/problem", "/crash")]
    assert [answer.status_code for answer in answers] == [409, 409, 500]
    assert not any(PLAIN[kind] in answer.text for answer in answers)
    assert PLAIN[kind] not in lines.getvalue()


async def test_a_body_that_is_refused_is_not_repeated(lines: io.StringIO) -> None:
    router = Router()

    @router.post("/things", dependencies=[Public()])
    async def create(body: _Body) -> str:
        return repr(body)

    async with a_client(an_api(router)) as client:
        kept: httpx.Response = await client.post("/things", json={"name": PLAIN["name"], "phone": PLAIN["phone"]})
        refused = await client.post("/things", json={"name": PLAIN["name"], "phone": "金丝雀", "x": PLAIN["account"]})
    assert kept.json() == "_Body(name=PersonName(欧**), phone=Phone(143****1234))"
    assert refused.status_code == 422
    assert not any(secret in refused.text + lines.getvalue() for secret in (*PLAIN.values(), "金丝雀"))
    with pytest.raises(ValidationError) as fault:
        _Body.model_validate({"name": PLAIN["name"], "phone": "金丝雀"})
    assert "金丝雀" not in str(fault.value)


# --- keys


def _keys(active: str = "k1") -> str:
    key = [base64.b64encode(os.urandom(32)).decode() for _ in range(3)]
    return orjson.dumps({"active": active, "keys": {"k1": key[0], "k2": key[1]}, "index_key": key[2]}).decode()


def test_production_has_no_keys_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATA_KEYS", raising=False)
    settings = some_settings().model_dump() | {"environment": "production"}
    for setting in ("data_keys", "client_secret", "database_url"):
        with pytest.raises(ValidationError, match=setting):
            type(some_settings())(**{name: value for name, value in settings.items() if name != setting})


def test_the_algorithm_is_a_setting_and_what_another_made_stays_readable() -> None:
    text = _keys()
    aes = Cipher(some_settings(data_keys=text).key_ring())
    sm4 = Cipher(some_settings(data_keys=text, data_algorithm="SM4-GCM").key_ring())
    sealed = aes.encrypt(b"x", context=b"c")
    assert sm4.decrypt(sealed, context=b"c") == b"x"
    assert sm4.needs_rotation(sealed)
    assert not aes.needs_rotation(sealed)
    assert KeyRing.parse(text, algorithm=Algorithm.SM4_GCM).algorithm is Algorithm.SM4_GCM
    with pytest.raises(ValidationError):
        some_settings(data_algorithm="ROT13")
