"""The envelope as JSON Schema: CloudEvents 1.0 in structured mode, with the extension attributes of a journal."""

from __future__ import annotations

from typing import Any, Final

from shared.contracts.state import DIVISION

_MOMENT: Final = {"type": "string", "format": "date-time"}
_ATTRIBUTES: Final[dict[str, dict[str, Any]]] = {
    "specversion": {"const": "1.0"},
    "id": {"type": "string", "format": "uuid", "description": "事件编号。Unique for ever; a repetition has the same."},
    "source": {"type": "string", "pattern": "^/[a-z]+$", "description": "发布方。The publisher."},
    "type": {"type": "string", "description": "事件类型与版本。What happened, and the version of its contract."},
    "subject": {
        "type": "string",
        "format": "uuid",
        "description": "人员编号。The person concerned; events of one person keep their order.",
    },
    "time": {**_MOMENT, "description": "发生时间(UTC)。When it happened."},
    "datacontenttype": {"const": "application/json"},
    "dataschema": {"type": "string", "format": "uri", "description": "数据结构标识。Names the schema of data."},
    "epoch": {
        "type": "integer",
        "minimum": 1,
        "description": "历元。Number of the publisher's history; another one after a restore from backup.",
    },
    "position": {
        "type": "integer",
        "minimum": 1,
        "description": "日志位置。Place in the publisher's journal, without gaps, in order of commit.",
    },
    "aggregatetype": {"type": "string", "pattern": "^[a-z_]+$", "description": "对象类别。What changed."},
    "aggregateversion": {
        "type": "integer",
        "minimum": 1,
        "description": "对象版本。Version of what changed, after the change.",
    },
    "division": {"type": "string", "pattern": DIVISION, "description": "区划代码。The responsible division."},
    "recordedat": {**_MOMENT, "description": "记录时间(UTC)。When the publisher committed it."},
    "traceid": {
        "type": "string",
        "pattern": "^[0-9a-f]{32}$",
        "description": "追踪号。The request that caused it (W3C trace id).",
    },
    "data": {"type": "object", "description": "事件内容。The published rows after the change."},
}

ENVELOPE_SCHEMA: Final[dict[str, Any]] = {
    "title": "Envelope",
    "description": "事件信封(CloudEvents 1.0)。One journal entry, as it travels and as the journal returns it.",
    "type": "object",
    "properties": _ATTRIBUTES,
    "required": list(_ATTRIBUTES),
}
