"""One file in a multipart form, streamed: straight from the socket to whoever consumes it.

The framework's own form parsing would copy the file unencrypted into a temporary file, without a limit, before the
route runs.
"""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from shared.kit.problems import FieldError, Problem

FILE_FIELD: Final = "file"
_NAME_LENGTH_MAX: Final = 64

FORM_SCHEMA: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FILE_FIELD],
                    "additionalProperties": False,
                    "properties": {FILE_FIELD: {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
"""`openapi_extra` of a route that takes one file."""


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file on its way in. ``name`` is what the sender called it; ``content`` can be read once."""

    name: str
    content: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class _Part:
    field: str
    file_name: str | None


async def receive_file(request: Request) -> UploadedFile:
    """The form's only field, a file named ``file``.

    Reading ``content`` to its end proves that nothing follows and nothing was cut off.

    :raises Problem: 415 no multipart form; 400 malformed or cut off; 422 file missing or another field present.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise Problem("media_type_unsupported")
    events = _events(request, boundary)
    first = await anext(events, None)
    if not isinstance(first, _Part):
        raise _faulty("missing", FILE_FIELD, "必填，应为一个文件", "required: one file")
    _refuse_other(first)
    return UploadedFile(first.file_name or "", _content(events))


async def _content(events: AsyncIterator[_Part | bytes]) -> AsyncIterator[bytes]:
    async for event in events:
        if isinstance(event, _Part):
            _refuse_other(event)
            raise _faulty("too_long", FILE_FIELD, "只能有一个文件", "only one file is taken")
        yield event


def _refuse_other(part: _Part) -> None:
    if part.field != FILE_FIELD:
        raise _faulty("extra_forbidden", part.field, "不认识的字段，请删除或更正名称", "unknown field")
    if part.file_name is None:
        raise _faulty("file_type", FILE_FIELD, "应为文件", "must be a file")


def _faulty(code: str, field: str, zh: str, en: str) -> Problem:
    pointer = "#/" + field[:_NAME_LENGTH_MAX].replace("~", "~0").replace("/", "~1")
    return Problem("body_invalid", errors=[FieldError(code, zh, en, pointer=pointer)], count=1)


class _Collector:
    """Turns the parser's callbacks into events in their order."""

    def __init__(self) -> None:
        self.events: deque[_Part | bytes] = deque()
        self.ended = False
        self._headers: dict[bytes, bytes] = {}
        self._name = bytearray()
        self._value = bytearray()

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        self._headers[bytes(self._name).lower()] = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._headers.clear()
        file_name = options.get(b"filename")
        self.events.append(
            _Part(
                options.get(b"name", b"").decode(errors="replace"),
                None if file_name is None else file_name.decode(errors="replace"),
            )
        )

    def part_data(self, data: bytes, start: int, end: int) -> None:
        self.events.append(data[start:end])

    def end(self) -> None:
        self.ended = True


async def _events(request: Request, boundary: bytes) -> AsyncIterator[_Part | bytes]:
    collector = _Collector()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_header_field": collector.header_field,
                "on_header_value": collector.header_value,
                "on_header_end": collector.header_end,
                "on_headers_finished": collector.headers_finished,
                "on_part_data": collector.part_data,
                "on_end": collector.end,
            },
        )
        async for received in request.stream():
            parser.write(received)
            while collector.events:
                yield collector.events.popleft()
    except (FormParserError, ClientDisconnect):
        raise Problem("bad_request") from None
    if not collector.ended:
        raise Problem("bad_request")
