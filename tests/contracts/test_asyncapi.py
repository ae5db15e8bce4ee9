"""The AsyncAPI documents: valid by the official schema, complete, and true to the golden examples."""

import json
from copy import deepcopy
from typing import Any

import pytest
from jsonschema import Draft7Validator

from shared.contracts import catalog
from shared.contracts.asyncapi import document
from shared.contracts.event import EVENTS
from tests.contracts.documents import FORMATS, asyncapi_validator, faults

every_service = pytest.mark.parametrize("service", catalog.READS)


def resolve(whole: Any, pointer: str) -> Any:
    """Follow a local reference; `KeyError` when it leads nowhere."""
    found = whole
    for part in pointer.removeprefix("#/").split("/"):
        found = found[part]
    return found


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        here = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return here + [found for value in node.values() for found in references(value)]
    return [found for value in node for found in references(value)] if isinstance(node, list) else []


@every_service
def test_the_document_is_valid_by_the_official_schema(service: str) -> None:
    plain = json.loads(json.dumps(document(service)))
    assert faults(asyncapi_validator(), plain) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda it: it["info"].pop("version"),
        lambda it: it["operations"]["send.registry.certificate.issued.v1"].update(action="shout"),
        lambda it: it["channels"]["registry.certificate.issued.v1"].update(adress="x"),
        lambda it: it["components"]["messages"]["registry.certificate.issued.v1"].update(payload=1),
    ],
)
def test_the_official_schema_notices_a_spoiled_document(spoil: Any) -> None:
    spoiled = deepcopy(document("registry"))
    spoil(spoiled)
    assert faults(asyncapi_validator(), spoiled)


@every_service
def test_every_reference_leads_somewhere(service: str) -> None:
    whole = document(service)
    assert all(resolve(whole, pointer) is not None for pointer in references(whole))


@every_service
def test_a_service_sends_what_it_publishes_and_receives_what_it_reads(service: str) -> None:
    operations = document(service)["operations"]
    sent = {f"send.{event.type}" for event in catalog.events_of(service)}
    received = {f"receive.{event.type}" for read in catalog.READS[service] for event in catalog.events_of(read)}
    assert set(operations) == sent | received
    assert all(operation["action"] == name.partition(".")[0] for name, operation in operations.items())


@every_service
def test_every_example_keeps_the_schema_printed_beside_it(service: str) -> None:
    """Judged inside the document, as a code generator would read it."""
    whole = document(service)
    for name, message in whole["components"]["messages"].items():
        validator = Draft7Validator({**message["payload"], "components": whole["components"]}, format_checker=FORMATS)
        (example,) = message["examples"]
        assert example["payload"] == catalog.example_of(EVENTS[name])
        assert faults(validator, example["payload"]) == []
        assert faults(validator, {**example["payload"], "type": "registry.person.sold.v1"})
        assert faults(validator, {**example["payload"], "data": {}})


@every_service
def test_the_address_is_the_subject_the_broker_sees(service: str) -> None:
    for name, channel in document(service)["channels"].items():
        assert channel["address"] == f"{name}.{{county}}"
        assert set(channel["parameters"]) == {"county"}


@every_service
def test_the_document_tells_how_to_be_a_correct_consumer_in_both_languages(service: str) -> None:
    told = document(service)["info"]["description"]
    for words in ("at least once", "GET /api/v1/journal", "(epoch, position)", "日志为准", "正确接收", service):
        assert words in told, words


def test_the_host_is_the_brokers() -> None:
    assert document("registry", host="nats.example:4333")["servers"]["nats"]["host"] == "nats.example:4333"


def test_a_service_that_does_not_exist_has_no_document() -> None:
    with pytest.raises(KeyError):
        document("payroll")
