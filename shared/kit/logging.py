"""Logs: one JSON object a line, named `noun.verbed`, with the context of the request or message bound once.

Never a body, a command or a payload. What looks like a personal number is masked on its way out, whatever
put it there; that is the last net, not a licence.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import orjson
import structlog

_MASK: Final = "***"
_SECRET_NAMES: Final = frozenset(
    {"authorization", "password", "secret", "client_secret", "token", "access_token", "identity_number", "account"}
)
_OWN_FIELDS: Final = frozenset({"_record", "_from_structlog"})
"""What the library keeps in the event for its own last step."""
_PERSONAL: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    r"[1-9]\d{16}[\dXx](?:\d{2}[1-9]?)?"  # identity number, also with two or three digits more
    r"|1[3-9]\d{9}"  # mobile phone
    r"|\d{16,19}"  # bank account
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]+"  # token
    r")(?![0-9A-Za-z])"
)


def masked(value: Any, name: str = "") -> Any:
    """The value without personal numbers and secrets, through lists and mappings."""
    if name.lower() in _SECRET_NAMES:
        return _MASK
    match value:
        case str():
            return _PERSONAL.sub(_MASK, value)
        case int() if not isinstance(value, bool) and _PERSONAL.fullmatch(str(value)):
            return _MASK
        case dict():
            return {key: masked(item, str(key)) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [masked(item) for item in value]
        case int() | float() | None:
            return value
        case _:
            # By what it prints: the serialiser would look into a dataclass, behind its own mask.
            return _PERSONAL.sub(_MASK, str(value))


def mask_personal_values(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor of `masked`; objects are masked by what they print."""
    for name, value in event.items():
        event[name] = value if name in _OWN_FIELDS else masked(value, name)
    return event


def configure_logging(*, service: str, role: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's loggers to `stream` (standard output) as JSON lines."""

    def with_process(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"], event["role"] = service, role
        return event

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        with_process,
        mask_personal_values,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _json(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()
