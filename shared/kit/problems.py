"""Errors as people and programs read them: RFC 9457 problem documents, Chinese first, English on request.

Three things become a problem: `Problem` (the kit itself refuses), `Refusal` (a rule refuses; the service's
table gives status and words) and a request that does not validate. Nothing here repeats what was sent:
neither values nor secrets, only names, places and limits.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Any, Final, Literal

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic_core import PydanticCustomError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.status import WS_1008_POLICY_VIOLATION
from starlette.websockets import WebSocket

from shared.values.invalid import InvalidValue
from shared.values.refusal import Refusal

Language = Literal["zh", "en"]

MEDIA_TYPE: Final = "application/problem+json"
DOCUMENT_SCHEMA: Final[Mapping[str, Any]] = {
    "title": "Problem",
    "description": "RFC 9457; words in Chinese, or in English by Accept-Language",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "errors", "trace_id"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string", "pattern": "^urn:liangfu:problem:[a-z0-9_]+$"},
        "title": {"type": "string", "minLength": 1},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "minLength": 1},
        "code": {"type": "string", "pattern": "^[a-z0-9_]+$", "description": "stable, for programs"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["in", "code", "detail"],
                "additionalProperties": False,
                "properties": {
                    "in": {"enum": ["body", "query", "path", "header", "cookie"]},
                    "pointer": {"type": "string", "description": "RFC 6901, of a field of the body"},
                    "parameter": {"type": "string", "description": "the name of a parameter"},
                    "code": {"type": "string", "minLength": 1},
                    "detail": {"type": "string", "minLength": 1},
                },
            },
        },
        "trace_id": {"type": "string"},
        "allowed": {
            "type": "array",
            "items": {"type": "string"},
            "description": "of a step a state machine refuses: those it takes",
        },
    },
}
"""What every refusal looks like, for the OpenAPI document."""
_TYPE_PREFIX: Final = "urn:liangfu:problem:"
_NAME_LENGTH_MAX: Final = 64
NOT_THERE_YET: Final[dict[int | str, dict[str, Any]]] = {409: {"$ref": "#/components/responses/Problem409"}}
"""`responses` of a route that reads what may not be there yet."""


@dataclass(frozen=True, slots=True)
class ProblemText:
    """Status and words of one code; details are `str.format` templates over the facts."""

    status: int
    title_zh: str
    title_en: str
    detail_zh: str
    detail_en: str


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault of one field or parameter: where (`pointer`), which (`code`), and in words."""

    code: str
    zh: str
    en: str
    pointer: str | None = None
    parameter: str | None = None
    place: str = "body"

    def told(self, language: Language) -> dict[str, str]:
        """The member of `errors[]`."""
        where = {"pointer": self.pointer} if self.pointer is not None else {"parameter": self.parameter or ""}
        return {"in": self.place, **where, "code": self.code, "detail": self.zh if language == "zh" else self.en}


class Problem(Exception):
    """The kit, not a rule, says no. `code` is one of KIT_TEXTS, or `text` brings its own words."""

    def __init__(
        self,
        code: str,
        *,
        text: ProblemText | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **facts: object,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.text = text or KIT_TEXTS[code]
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.facts = facts

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.text.status


KIT_TEXTS: Final[Mapping[str, ProblemText]] = {
    "bad_request": ProblemText(400, "请求无效", "Bad request", "请求无法解析。", "The request could not be read."),
    "body_invalid": ProblemText(
        422,
        "请求内容不符合要求",
        "The request does not validate",
        "有 {count} 处不符合要求，见 errors。",
        "{count} fault(s) found, see errors.",
    ),
    "value_is_invalid": ProblemText(422, "取值不符合要求", "The value is not acceptable", "{zh}", "{en}"),
    "body_not_json": ProblemText(
        400, "请求体不是有效的 JSON", "The body is not JSON", "请求体不是有效的 JSON。", "The body is not valid JSON."
    ),
    "body_too_large": ProblemText(
        413, "请求体过大", "The body is too large", "请求体超过允许的大小。", "The body exceeds the size allowed."
    ),
    "unknown_parameter": ProblemText(
        400,
        "未知的查询参数",
        "Unknown query parameter",
        "不认识的查询参数：{unknown}。允许的参数：{allowed}。",
        "Unknown query parameter(s): {unknown}. Allowed: {allowed}.",
    ),
    "repeated_parameter": ProblemText(
        400,
        "查询参数重复",
        "Repeated query parameter",
        "查询参数只能出现一次：{repeated}。",
        "Query parameter(s) may appear only once: {repeated}.",
    ),
    "cursor_invalid": ProblemText(
        400,
        "翻页游标无效",
        "The cursor is not valid",
        "游标（cursor）无效，或属于另一个查询。请从第一页重新开始。",
        "The cursor is not valid or belongs to another query. Start again from the first page.",
    ),
    "token_missing": ProblemText(
        401,
        "缺少访问令牌",
        "Access token missing",
        "请在 Authorization 头中提供 Bearer 访问令牌。",
        "Send a Bearer access token in the Authorization header.",
    ),
    "token_invalid": ProblemText(
        401,
        "访问令牌无效",
        "Access token not valid",
        "访问令牌无效或已过期，请重新登录。",
        "The access token is not valid or has expired. Sign in again.",
    ),
    "token_keys_unavailable": ProblemText(
        503,
        "暂时无法验证令牌",
        "Tokens cannot be verified now",
        "暂时无法取得令牌签发方的公钥，请稍后重试。",
        "The issuer's keys cannot be read at the moment. Try again shortly.",
    ),
    "permission_denied": ProblemText(
        403,
        "没有权限",
        "Permission denied",
        "此操作需要权限“{permission}”。",
        "This needs the permission '{permission}'.",
    ),
    "permission_not_decided": ProblemText(
        403,
        "未声明权限",
        "No permission decision",
        "此地址没有声明权限，已被拒绝。",
        "This address declares no permission and is therefore refused.",
    ),
    "division_outside_scope": ProblemText(
        403,
        "超出数据范围",
        "Outside your divisions",
        "区划 {division} 不在您的数据范围内。",
        "Division {division} is outside your divisions.",
    ),
    "not_found": ProblemText(404, "未找到", "Not found", "没有找到所请求的内容。", "What you asked for was not found."),
    "method_not_allowed": ProblemText(
        405, "方法不允许", "Method not allowed", "此地址不支持该方法。", "This address does not take that method."
    ),
    "conflict": ProblemText(
        409, "与当前状态冲突", "Conflict", "请求与当前状态冲突。", "The request conflicts with the present state."
    ),
    "refused": ProblemText(409, "被拒绝", "Refused", "请求不符合规则，已被拒绝。", "A rule refused the request."),
    "version_missing": ProblemText(
        428,
        "缺少 If-Match",
        "If-Match missing",
        "修改前请读取最新内容，并在 If-Match 头中带上它的 ETag。",
        "Read the resource first and send its ETag in If-Match.",
    ),
    "version_stale": ProblemText(
        412,
        "内容已被他人修改",
        "Changed by somebody else",
        "您看到的版本已过期，请重新读取后再修改。",
        "The version you saw is out of date. Read it again before changing it.",
    ),
    "idempotency_key_missing": ProblemText(
        400,
        "缺少 Idempotency-Key",
        "Idempotency-Key missing",
        "此操作必须带 Idempotency-Key 头，以免重复执行。",
        "This needs an Idempotency-Key header, so that it cannot happen twice.",
    ),
    "idempotency_key_invalid": ProblemText(
        400,
        "Idempotency-Key 无效",
        "Idempotency-Key not valid",
        "Idempotency-Key 应为 1 到 {length_max} 个可见 ASCII 字符。",
        "An Idempotency-Key has 1 to {length_max} visible ASCII characters.",
    ),
    "idempotency_key_reused": ProblemText(
        422,
        "Idempotency-Key 已用于另一请求",
        "Idempotency-Key used for another request",
        "同一 Idempotency-Key 已用于内容不同的请求。",
        "This Idempotency-Key was used with another request.",
    ),
    "idempotency_in_flight": ProblemText(
        409,
        "相同请求正在处理",
        "The same request is in flight",
        "带同一 Idempotency-Key 的请求正在处理，请稍后重试。",
        "A request with this Idempotency-Key is being worked on. Try again shortly.",
    ),
    "media_type_unsupported": ProblemText(
        415, "不支持的内容类型", "Unsupported media type", "不支持该内容类型。", "This media type is not supported."
    ),
    "too_many_requests": ProblemText(
        429,
        "请求过于频繁",
        "Too many requests",
        "请求次数超过限额“{budget}”，请在 {seconds} 秒后重试。",
        "The budget '{budget}' is used up. Try again in {seconds} seconds.",
    ),
    "internal_error": ProblemText(
        500,
        "系统内部错误",
        "Internal error",
        "系统出现内部错误，请凭 trace_id 联系管理员。",
        "Something went wrong inside. Quote the trace_id to the operators.",
    ),
    "service_unavailable": ProblemText(
        503,
        "服务暂不可用",
        "Unavailable",
        "所依赖的服务“{service}”暂不可用，请稍后重试。",
        "The service '{service}' this depends on is unavailable. Try again shortly.",
    ),
}
"""Every code the kit itself can answer. Codes are for ever; words may be improved."""

_CODE_BY_STATUS: Final[Mapping[int, str]] = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "body_too_large",
    415: "media_type_unsupported",
    429: "too_many_requests",
    500: "internal_error",
}


# --- what a validation fault says -----------------------------------------------------------------------------

_FAULTS: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("必填", "required"),
    "missing_argument": ("必填", "required"),
    "extra_forbidden": ("不认识的字段，请删除或更正名称", "unknown field; remove it or correct its name"),
    "json_invalid": ("不是有效的 JSON", "not valid JSON"),
    "json_type": ("应为 JSON 文本", "must be JSON text"),
    "string_type": ("应为字符串", "must be a string"),
    "string_too_short": ("长度不能少于 {min_length} 个字符", "must have at least {min_length} character(s)"),
    "string_too_long": ("长度不能超过 {max_length} 个字符", "must have at most {max_length} character(s)"),
    "string_pattern_mismatch": ("格式不正确，应符合 {pattern}", "must match {pattern}"),
    "string_unicode": ("含有无效字符", "contains invalid characters"),
    "string_not_ascii": ("只能含 ASCII 字符", "must be ASCII"),
    "int_type": ("应为整数", "must be an integer"),
    "int_parsing": ("应为整数", "must be an integer"),
    "int_from_float": ("应为整数，不能带小数", "must be an integer without a fraction"),
    "int_parsing_size": ("整数过大", "the integer is too large"),
    "float_type": ("应为数字", "must be a number"),
    "float_parsing": ("应为数字", "must be a number"),
    "finite_number": ("应为有限的数字", "must be a finite number"),
    "decimal_type": ("应为数字", "must be a number"),
    "decimal_parsing": ("应为数字", "must be a number"),
    "decimal_max_digits": ("总位数不能超过 {max_digits}", "must have at most {max_digits} digits"),
    "decimal_max_places": ("小数位数不能超过 {decimal_places}", "must have at most {decimal_places} decimal places"),
    "bool_type": ("应为 true 或 false", "must be true or false"),
    "bool_parsing": ("应为 true 或 false", "must be true or false"),
    "greater_than": ("应大于 {gt}", "must be greater than {gt}"),
    "greater_than_equal": ("不能小于 {ge}", "must be at least {ge}"),
    "less_than": ("应小于 {lt}", "must be less than {lt}"),
    "less_than_equal": ("不能大于 {le}", "must be at most {le}"),
    "multiple_of": ("应为 {multiple_of} 的倍数", "must be a multiple of {multiple_of}"),
    "enum": ("不在允许的取值内，应为 {expected}", "must be {expected}"),
    "literal_error": ("不在允许的取值内，应为 {expected}", "must be {expected}"),
    "date_type": ("应为日期，格式 YYYY-MM-DD", "must be a date, YYYY-MM-DD"),
    "date_parsing": ("日期无效，格式应为 YYYY-MM-DD", "not a date; write YYYY-MM-DD"),
    "date_from_datetime_parsing": ("日期无效，格式应为 YYYY-MM-DD", "not a date; write YYYY-MM-DD"),
    "date_from_datetime_inexact": ("应为日期，不能带时间", "must be a date without a time"),
    "date_past": ("应为过去的日期", "must be a date in the past"),
    "date_future": ("应为将来的日期", "must be a date in the future"),
    "time_type": ("应为时间", "must be a time"),
    "time_parsing": ("时间无效", "not a time"),
    "datetime_type": ("应为日期时间", "must be a date and time"),
    "datetime_parsing": ("日期时间无效，应为 ISO 8601 格式", "not a date and time; write ISO 8601"),
    "datetime_from_date_parsing": ("日期时间无效，应为 ISO 8601 格式", "not a date and time; write ISO 8601"),
    "timezone_aware": ("日期时间必须带时区", "must carry a time zone"),
    "uuid_type": ("应为 UUID", "must be a UUID"),
    "uuid_parsing": ("应为 UUID", "must be a UUID"),
    "url_parsing": ("网址无效", "not a URL"),
    "url_type": ("网址无效", "not a URL"),
    "list_type": ("应为列表", "must be a list"),
    "tuple_type": ("应为列表", "must be a list"),
    "set_type": ("应为列表", "must be a list"),
    "frozen_set_type": ("应为列表", "must be a list"),
    "too_short": ("至少要有 {min_length} 项", "must have at least {min_length} item(s)"),
    "too_long": ("不能超过 {max_length} 项", "must have at most {max_length} item(s)"),
    "dict_type": ("应为对象", "must be an object"),
    "model_type": ("应为对象", "must be an object"),
    "model_attributes_type": ("应为对象", "must be an object"),
    "dataclass_type": ("应为对象", "must be an object"),
    "bytes_type": ("应为文件内容", "must be bytes"),
    "union_tag_not_found": ("缺少用来区分类型的字段 {discriminator}", "lacks the tag {discriminator}"),
    "union_tag_invalid": (
        "类型字段 {discriminator} 的取值应为 {expected_tags}",
        "the tag {discriminator} must be one of {expected_tags}",
    ),
    "none_required": ("应为空", "must be null"),
    "value_error": ("取值不符合要求", "not an acceptable value"),
    "assertion_error": ("取值不符合要求", "not an acceptable value"),
}
FRAMEWORK_FAULTS: Final = frozenset(_FAULTS)
"""Codes of faults of shape; a value type that refuses has a code of its own."""
_FAULT_UNKNOWN: Final = ("取值不符合要求", "not an acceptable value")


def invalid(code: str, *, zh: str, en: str) -> PydanticCustomError:
    """An error for a schema's own validator, with its own stable code and both languages.

    The words must not contain the value.
    """
    # The context speaks; the template stays constant so that braces in the words mean nothing to pydantic.
    return PydanticCustomError("invalid", "{en}", {"code": code, "zh": zh, "en": en})


def field_errors(errors: Iterable[Mapping[str, Any]]) -> tuple[FieldError, ...]:
    """Translate pydantic's faults. Uses their type, place and limits; never their input or message."""
    return tuple(_field_error(error) for error in errors)


def _field_error(error: Mapping[str, Any]) -> FieldError:
    kind, context = str(error["type"]), _Facts(error.get("ctx", {}))
    place, *path = [str(step) for step in error["loc"]] or ["body"]
    if kind == "json_invalid":
        path = []
    kind, zh, en = _fault(kind, context)
    if place in {"query", "path", "header", "cookie"}:
        return FieldError(kind, zh, en, parameter=".".join(path)[:_NAME_LENGTH_MAX], place=place)
    pointer = "#" + "".join("/" + _pointer_step(step) for step in path)
    return FieldError(kind, zh, en, pointer=pointer)


def _fault(kind: str, context: "_Facts") -> tuple[str, str, str]:
    """Code, Chinese and English of one fault; a value type's own refusal keeps its own words."""
    if kind == "invalid" and "code" in context:
        return str(context["code"]), str(context["zh"]), str(context["en"])
    if isinstance(refusal := context.get("error"), InvalidValue):
        return refusal.code, refusal.zh, refusal.en
    zh, en = _FAULTS.get(kind, _FAULT_UNKNOWN)
    expected = str(context.get("expected", "")).replace("'", "")
    zh_context = _Facts(context, expected=expected.replace(" or ", "、").replace(", ", "、"))
    return kind, zh.format_map(zh_context), en.format_map(_Facts(context, expected=expected))


def _pointer_step(name: str) -> str:
    """One reference token of RFC 6901; an over-long name (an unknown field is the caller's own) is cut."""
    return name[:_NAME_LENGTH_MAX].replace("~", "~0").replace("/", "~1")


class _Facts(dict[str, Any]):
    """Facts for a template; one that is missing shows as a dash instead of turning a refusal into a crash."""

    def __missing__(self, name: str) -> str:
        return "-"


# --- rendering --------------------------------------------------------------------------------------------------


def language_of(connection: HTTPConnection) -> Language:
    """Chinese unless `Accept-Language` prefers English."""
    best: Language = "zh"
    best_weight = 0.0
    for part in connection.headers.get("accept-language", "").lower().split(","):
        tag, _, weight_text = part.strip().partition(";q=")
        primary = tag.partition("-")[0]
        if primary not in {"zh", "en"}:
            continue
        try:
            weight = float(weight_text) if weight_text else 1.0
        except ValueError:
            continue
        if weight > best_weight:
            best, best_weight = ("en" if primary == "en" else "zh"), weight
    return best


def _worded(value: object, language: Language) -> object:
    match value:
        case Enum():
            return value.value
        case list() | tuple() | set() | frozenset():
            steps = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
            return ("、" if language == "zh" else ", ").join(str(_worded(step, language)) for step in steps)
        case _:
            return value


@dataclass(frozen=True, slots=True)
class _Document:
    code: str
    text: ProblemText
    facts: Mapping[str, object] = field(default_factory=dict)
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def _response(document: _Document, connection: HTTPConnection) -> Response:
    connection.state.problem_code = document.code
    language = language_of(connection)
    text = document.text
    facts = _Facts({name: _worded(value, language) for name, value in document.facts.items()})
    title, detail = (text.title_zh, text.detail_zh) if language == "zh" else (text.title_en, text.detail_en)
    members: dict[str, object] = {
        "type": _TYPE_PREFIX + document.code,
        "title": title,
        "status": text.status,
        "detail": detail.format_map(facts),
        "code": document.code,
        "errors": [error.told(language) for error in document.errors],
        "trace_id": getattr(connection.state, "trace_id", ""),
    }
    if "allowed" in document.facts:
        members["allowed"] = _listed(document.facts["allowed"])
    return Response(
        orjson.dumps(members, default=str),
        text.status,
        headers={
            **document.headers,
            "Content-Language": "zh-CN" if language == "zh" else "en",
            "Vary": "Accept-Language",
            "Cache-Control": "no-store",
        },
        media_type=MEDIA_TYPE,
    )


def _listed(allowed: object) -> list[str]:
    steps = allowed if isinstance(allowed, (list, tuple, set, frozenset)) else [allowed]
    words = [str(step.value if isinstance(step, Enum) else step) for step in steps]
    return sorted(words) if isinstance(allowed, (set, frozenset)) else words


def answer(problem: Problem, connection: HTTPConnection) -> Response:
    """The response for a Problem, for code that stands outside the route (middleware, sockets)."""
    return _response(_Document(problem.code, problem.text, problem.facts, problem.errors, problem.headers), connection)


def answer_refusal(
    refusal: Refusal, texts: Mapping[type[Refusal], ProblemText], connection: HTTPConnection
) -> Response:
    """The response for a Refusal: the words of the nearest class in its line that has any, else 409."""
    known = next((texts[kind] for kind in type(refusal).__mro__ if kind in texts), None)
    if known is None and isinstance(refusal, InvalidValue):
        facts = {"zh": refusal.zh, "en": refusal.en}
        return _response(_Document(refusal.code, KIT_TEXTS["value_is_invalid"], facts), connection)
    return _response(_Document(refusal.code, known or KIT_TEXTS["refused"], refusal.facts), connection)


def answer_invalid(error: RequestValidationError, connection: HTTPConnection) -> Response:
    """422 with every fault, or 400 when the body is not JSON at all."""
    faults = error.errors()
    code = "body_not_json" if any(fault["type"] == "json_invalid" for fault in faults) else "body_invalid"
    errors = field_errors(faults)
    return _response(_Document(code, KIT_TEXTS[code], {"count": len(errors)}, errors), connection)


def answer_http(error: HTTPException, connection: HTTPConnection) -> Response:
    """The framework's own errors (no route, wrong method, body too large) in the same dress."""
    code = _CODE_BY_STATUS.get(error.status_code)
    if code is None:
        phrase = HTTPStatus(error.status_code).phrase
        text = ProblemText(error.status_code, phrase, phrase, phrase, phrase)
        return _response(_Document(f"http_{error.status_code}", text, headers=error.headers or {}), connection)
    return _response(_Document(code, KIT_TEXTS[code], headers=error.headers or {}), connection)


async def deny(socket: WebSocket, response: Response) -> None:
    """Refuse a websocket handshake with `response`, or close it where the server cannot carry one."""
    if "websocket.http.response" in socket.scope.get("extensions", {}):
        await socket.send_denial_response(response)
    else:
        await socket.close(WS_1008_POLICY_VIOLATION)


def install_problems(app: FastAPI, texts: Mapping[type[Refusal], ProblemText]) -> None:
    """Make every error of `app` a problem document. Unexpected ones are answered by the edge middleware."""
    renderers: dict[type[Exception], Callable[[Any, HTTPConnection], Response]] = {
        Problem: answer,
        Refusal: lambda refusal, connection: answer_refusal(refusal, texts, connection),
        RequestValidationError: answer_invalid,
        HTTPException: answer_http,
    }
    for kind, render in renderers.items():
        app.add_exception_handler(kind, _handler(render))


def _handler(
    render: Callable[[Any, HTTPConnection], Response],
) -> Any:  # the framework's type knows handlers of requests and of sockets, not of both
    async def handle(connection: Request | WebSocket, error: Exception) -> Response | None:
        response = render(error, connection)
        if isinstance(connection, WebSocket):
            await deny(connection, response)
            return None
        return response

    return handle
