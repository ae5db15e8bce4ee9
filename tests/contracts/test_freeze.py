"""The append-only law: every way of breaking a reader is refused, and growing is not."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from shared.contracts import freeze

EVENT = "registry.certificate.cancelled.v1"
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def published() -> dict[str, Any]:
    return deepcopy(freeze.frozen()[EVENT])


def certificate(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["$defs"]["CertificateState"]
    return found


def removed(schema: dict[str, Any]) -> None:
    del certificate(schema)["properties"]["grade"]
    certificate(schema)["required"].remove("grade")


def renamed(schema: dict[str, Any]) -> None:
    state = certificate(schema)
    state["properties"] = {{"grade": "level"}.get(name, name): field for name, field in state["properties"].items()}
    state["required"] = [{"grade": "level"}.get(name, name) for name in state["required"]]


def retyped(schema: dict[str, Any]) -> None:
    certificate(schema)["properties"]["category"] = {"type": "string"}


def reformatted(schema: dict[str, Any]) -> None:
    certificate(schema)["properties"]["issued_on"] = {"type": "string", "format": "date-time"}


def made_nullable(schema: dict[str, Any]) -> None:
    certificate(schema)["properties"]["division"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}


def made_text_of_an_enum(schema: dict[str, Any]) -> None:
    certificate(schema)["properties"]["status"] = {"type": "string"}


def reordered(schema: dict[str, Any]) -> None:
    properties = certificate(schema)["properties"]
    properties["category"] = properties.pop("category")


def put_before_others(schema: dict[str, Any]) -> None:
    state = certificate(schema)
    state["properties"] = {"colour": {"type": "string", "default": ""}, **state["properties"]}


def newly_required(schema: dict[str, Any]) -> None:
    schema["$defs"]["StopState"]["required"].append("reason")


def added_without_default(schema: dict[str, Any]) -> None:
    certificate(schema)["properties"]["colour"] = {"type": "string"}
    certificate(schema)["required"].append("colour")


def no_longer_required(schema: dict[str, Any]) -> None:
    certificate(schema)["required"].remove("grade")


def lost_a_word(schema: dict[str, Any]) -> None:
    schema["$defs"]["CertificateStatus"]["enum"].remove("LOST")


def lowered_the_maximum(schema: dict[str, Any]) -> None:
    certificate(schema)["properties"]["category"]["maximum"] = 6


def enum_out_of_text(schema: dict[str, Any]) -> None:
    schema["$defs"]["StopState"]["properties"]["reason"]["anyOf"][0]["enum"] = ["DEATH"]


def another_default(schema: dict[str, Any]) -> None:
    schema["$defs"]["StopState"]["properties"]["withdrawn"]["default"] = True


def a_carried_row_removed(schema: dict[str, Any]) -> None:
    del schema["properties"]["stop"]
    schema["required"].remove("stop")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (removed, "certificate.grade was removed"),
        (renamed, "certificate.grade was removed, or renamed to level"),
        (retyped, "certificate.category was retyped from integer to string"),
        (reformatted, "certificate.issued_on was retyped from string(date) to string(date-time)"),
        (made_nullable, "certificate.division was retyped from string to string|null"),
        (made_text_of_an_enum, "certificate.status was retyped: it is no longer one of VALID, LOST"),
        (reordered, "certificate was reordered: person_id"),
        (put_before_others, "certificate was reordered: person_id"),
        (newly_required, "stop.reason became required"),
        (added_without_default, "certificate.colour is new and required: give it a default"),
        (no_longer_required, "certificate.grade became optional"),
        (lost_a_word, "certificate.status was narrowed: LOST is no longer allowed"),
        (lowered_the_maximum, "certificate.category was changed: maximum 7 became 6"),
        (enum_out_of_text, "stop.reason was narrowed: only DEATH is allowed now"),
        (another_default, "stop.withdrawn was changed: default False became True"),
        (a_carried_row_removed, f"{EVENT}.stop was removed"),
    ],
)
def test_a_change_that_breaks_a_reader_is_refused(published: dict[str, Any], change: Change, message: str) -> None:
    changed = deepcopy(published)
    change(changed)
    found = list(freeze.breaches({EVENT: published}, {EVENT: changed}))
    assert any(message in breach for breach in found), found


def test_a_type_once_published_is_never_withdrawn(published: dict[str, Any]) -> None:
    assert list(freeze.breaches({EVENT: published}, {})) == [f"{EVENT} was removed"]


def test_the_key_of_a_relation_never_changes() -> None:
    old = freeze.frozen()["registry.stop"]
    assert list(freeze.breaches({"registry.stop": old}, {"registry.stop": old | {"x-key": "person_id"}}))


def add_an_optional_field(schema: dict[str, Any]) -> None:
    certificate(schema)["properties"]["colour"] = {"type": "string", "default": "red"}


def add_a_word(schema: dict[str, Any]) -> None:
    schema["$defs"]["CertificateStatus"]["enum"].append("RETURNED")


def say_it_better(schema: dict[str, Any]) -> None:
    certificate(schema)["description"] = "Better words."


@pytest.mark.parametrize("change", [add_an_optional_field, add_a_word, say_it_better])
def test_growing_is_allowed(published: dict[str, Any], change: Change) -> None:
    changed = deepcopy(published)
    change(changed)
    assert changed != published
    assert list(freeze.breaches({EVENT: published}, {EVENT: changed})) == []


# --- the command ----------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    freeze.write(tmp_path)
    return tmp_path


def test_what_the_code_declares_is_frozen_to_the_byte() -> None:
    assert list(freeze.differences()) == []


def test_freezing_twice_writes_nothing(folder: Path) -> None:
    assert freeze.write(folder) == []
    assert list(freeze.differences(folder)) == []


def test_a_missing_file_fails_the_check(folder: Path) -> None:
    (folder / f"{EVENT}.json").unlink()
    assert list(freeze.differences(folder)) == [f"{EVENT} is not frozen"]


def test_a_file_without_a_contract_fails_the_check(folder: Path) -> None:
    (folder / "registry.person.sold.v1.json").write_text("{}")
    assert list(freeze.differences(folder)) == ["registry.person.sold.v1 was removed"]


def test_a_single_changed_byte_fails_the_check(folder: Path) -> None:
    file = folder / f"{EVENT}.json"
    file.write_text(file.read_text().replace("A certificate", "The certificate"))
    assert list(freeze.differences(folder)) == [f"{EVENT} differs from its frozen schema"]


def test_the_command_refuses_a_breach_and_writes_nothing(
    folder: Path, published: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    removed(published)
    before = (folder / f"{EVENT}.json").read_bytes()
    monkeypatch.setattr(freeze, "SCHEMAS", folder)
    monkeypatch.setattr(freeze, "current", lambda: {EVENT: published})
    assert freeze.main([]) == 1
    said = capsys.readouterr().err
    assert f"{EVENT}.certificate.grade was removed" in said
    assert "house rule 13" in said
    assert (folder / f"{EVENT}.json").read_bytes() == before


def test_the_command_writes_what_has_grown_and_the_check_then_passes(
    folder: Path, published: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add_an_optional_field(published)
    grown = freeze.frozen(folder) | {EVENT: published}
    monkeypatch.setattr(freeze, "SCHEMAS", folder)
    monkeypatch.setattr(freeze, "current", lambda: grown)
    assert freeze.main(["--check"]) == 1
    assert freeze.main([]) == 0
    assert freeze.main(["--check"]) == 0
    assert f"1 written\n  {EVENT}" in capsys.readouterr().out


def test_an_unknown_argument_does_nothing() -> None:
    assert freeze.main(["--force"]) == 1
