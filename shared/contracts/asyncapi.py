"""AsyncAPI 3.0 documents, one per service, generated from the contracts: what it publishes and what it listens to."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from shared.contracts import catalog
from shared.contracts.envelope import ENVELOPE_SCHEMA
from shared.contracts.event import COUNTY_DIGITS, NO_COUNTY, Event
from shared.contracts.freeze import Plain

Node = dict[str, Any]

CONTRACTS_VERSION: Final = "1.0.0"
"""Of the documents. Every event carries its own version at the end of its type; this one moves with the envelope."""

_ABOUT: Final = """\
本文件由事件契约自动生成，说明 `{service}` 发布和接收的事件。事件只含不透明编号、区划、代码和日期，\
不含姓名、公民身份号码、残疾人证号、银行账号和诊断。

Generated from the contracts: what `{service}` publishes and what it receives. Events carry opaque ids, divisions, \
codes and dates; never a name, an identity or certificate number, an account or a diagnosis.

## 送达保证 · Delivery

- **日志为准。** 每个发布方有一份只增不改的公开日志，与业务变更在同一事务提交；位置 `position` 连续无缺，\
次序即提交次序。消息总线只求快：丢失、重复、乱序都以日志为准补正。
- **The journal is the truth.** Each publisher has one append-only journal, written in the transaction of the change; \
`position` has no gaps and follows the order of commit. The broker is only the fast path.
- Every entry reaches stream `<PUBLISHER>` **at least once**, subject `<type>.<county>`, header `Nats-Msg-Id` = `id`; \
streams keep 7 days.
- `GET /api/v1/journal?after=<position>&limit=1000` of the publisher returns the same envelopes from any position, \
for ever; `GET /api/v1/journal/horizon` the newest `(epoch, position)`; `GET /api/v1/journal/snapshot?relations=...` \
all current rows; `GET /api/v1/journal/digest` compares a copy.
- `epoch` changes when the publisher was restored from a backup.

## 正确接收 · How to be a correct consumer

1. 每个发布方只记一个连续的 `(epoch, position)`，与处理结果在同一事务提交，然后确认消息。\
Keep one contiguous `(epoch, position)` per publisher, commit it together with the effects, acknowledge afterwards.
2. `position` 不大于已记位置：重复，丢弃；恰好加一：处理；更大：先从日志补读。\
At or below yours: a duplicate, drop it. One above: apply it. Further: read what is missing from the journal first.
3. 启动时和静默一秒后也读日志：最后一条丢失时看不出缺口。\
Read the journal at start and after a quiet second as well: a lost last event leaves no gap.
4. `epoch` 改变，或日志比已读位置短：停止、告警、读快照，从快照位置继续。\
Another epoch, or a journal shorter than what you have read: stop, raise the alarm, adopt a snapshot, go on from its \
position.
5. 事件携带变更后的整行数据，`version` 更高才覆盖。忽略不认识的字段。\
Events carry whole rows: overwrite when `version` is higher. Ignore fields you do not know.
6. 同一人员（`subject`）的事件保持次序；不能处理的事件连同此人后续事件留待人工，其他人照常。\
Keep the order per person; set aside what cannot be applied, with that person's later events, and let everybody else \
go on.
"""


@cache
def document(service: str, *, host: str = "localhost:4222") -> Node:
    """The AsyncAPI document of one service; ``host`` is the broker's ``name:port``. Made once: treat it as read-only.

    Raises `KeyError` for a service that does not exist.
    """
    sent = catalog.events_of(service)
    received = [event for publisher in catalog.READS[service] for event in catalog.events_of(publisher)]
    events = [*sent, *received]
    payloads, schemas = models_json_schema(
        [(event, "validation") for event in events],
        schema_generator=Plain,
        ref_template="#/components/schemas/{model}",
    )
    return {
        "asyncapi": "3.0.0",
        "id": f"urn:liangfu:{service}",
        "info": {
            "title": f"量服 · {service} 事件 Events",
            "version": CONTRACTS_VERSION,
            "description": _ABOUT.format(service=service),
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": {
            "nats": {"host": host, "protocol": "nats", "description": "NATS JetStream"},
        },
        "channels": {event.type: _channel(event) for event in events},
        "operations": {
            **{f"send.{event.type}": _operation("send", event) for event in sent},
            **{f"receive.{event.type}": _operation("receive", event) for event in received},
        },
        "components": {
            "messages": {event.type: _message(event, payloads[event, "validation"]) for event in events},
            "schemas": {"Envelope": ENVELOPE_SCHEMA, **schemas["$defs"]},
        },
    }


def _channel(event: type[Event]) -> Node:
    return {
        "address": f"{event.type}.{{county}}",
        "title": event.title_zh,
        "summary": _first_line(event),
        "servers": [{"$ref": "#/servers/nats"}],
        "parameters": {
            "county": {
                "description": f"县级区划代码，{COUNTY_DIGITS} 位；无县级归属时为 {NO_COUNTY}。"
                f"First {COUNTY_DIGITS} digits of `division`; {NO_COUNTY} when it is above county level.",
                "examples": ["341502", NO_COUNTY],
            }
        },
        "messages": {event.type: {"$ref": f"#/components/messages/{event.type}"}},
    }


def _operation(action: str, event: type[Event]) -> Node:
    return {
        "action": action,
        "title": event.title_zh,
        "summary": _first_line(event),
        "channel": {"$ref": f"#/channels/{event.type}"},
        "messages": [{"$ref": f"#/channels/{event.type}/messages/{event.type}"}],
    }


def _message(event: type[Event], data: Node) -> Node:
    return {
        "name": event.type,
        "title": event.title_zh,
        "summary": _first_line(event),
        "description": inspect.getdoc(event),
        "contentType": "application/cloudevents+json",
        "headers": {
            "type": "object",
            "properties": {"Nats-Msg-Id": {"type": "string", "format": "uuid", "description": "Equal to `id`."}},
            "required": ["Nats-Msg-Id"],
        },
        "correlationId": {"location": "$message.payload#/traceid"},
        "tags": [{"name": event.service()}, {"name": event.aggregate()}],
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/Envelope"},
                {
                    "type": "object",
                    "properties": {
                        "source": {"const": f"/{event.service()}"},
                        "type": {"const": event.type},
                        "dataschema": {"const": f"urn:liangfu:schema:{event.type}"},
                        "aggregatetype": {"const": event.aggregate()},
                        "data": data,
                    },
                },
            ]
        },
        "examples": [{"name": "golden", "summary": event.title_zh, "payload": catalog.example_of(event)}],
    }


def _first_line(event: type[Event]) -> str:
    return (inspect.getdoc(event) or event.title_zh).partition("\n")[0]
