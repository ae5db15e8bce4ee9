"""Nothing personal in clear reaches the trail, whatever somebody hands to it."""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import create_async_engine

from shared.kit.audit import Auditor, Change, Code, Look, Origin, Refused, goes_alone, looks, told
from shared.values.division import Division
from shared.values.identity_number import IdentityNumber, check_character
from shared.values.money import Money
from shared.values.month import Month
from shared.values.personal import BankAccount, PersonName, Phone
from tests.integration.kit_jobs.conftest import a_ring

AUDITOR = Auditor(create_async_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"), a_ring())
PERSON = UUID(int=7)
NUMBER = "990101199001011" + "23"


def identity_number() -> IdentityNumber:
    return IdentityNumber(NUMBER + check_character(NUMBER))


def the_row(entry: Change | Look | Refused, **origin: Any) -> dict[str, Any]:
    (row,) = AUDITOR.rows([entry], origin=Origin("POST", "/things/{id}", **origin), caller=None, trace_id="t")
    return row


secrets = st.text(min_size=4, alphabet=st.characters(categories=["L", "N"], min_codepoint=0x21)).map(
    lambda text: f"秘{text}密"
)
wrapped: st.SearchStrategy[Any] = st.recursive(
    secrets | secrets.map(str.encode) | secrets.map(PersonName),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(st.just("field"), inner, min_size=1),
    max_leaves=5,
)


@given(wrapped, wrapped)
def test_no_text_reaches_a_row_in_clear(before: Any, after: Any) -> None:
    row = the_row(Change(PERSON, "thing.changed", before={"x": before}, after={"x": after}))
    written = orjson.dumps(row).decode()
    assert "秘" not in written
    assert "密" not in written


@given(secrets)
def test_no_text_of_a_path_or_a_refusal_reaches_a_row_in_clear(text: str) -> None:
    assert text not in orjson.dumps(the_row(Refused("not_found", detail={"x": text}))).decode()


def test_equal_values_have_equal_fingerprints_however_they_are_wrapped() -> None:
    tell = AUDITOR.fingerprint
    assert told(identity_number(), tell) == told(identity_number().number, tell) == tell(identity_number().number)
    assert told(Phone("14312341234"), tell) == told("14312341234", tell)
    assert told(Phone("14312341234"), tell) != told(Phone("14312341235"), tell)


def test_fingerprints_need_the_key() -> None:
    other = Auditor(create_async_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"), a_ring())
    assert AUDITOR.fingerprint("x") != other.fingerprint("x")


class _Status(StrEnum):
    DONE = "DONE"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Code("VALID"), "VALID"),
        (_Status.DONE, "DONE"),
        (Division("341502"), "341502"),
        (Month(2026, 5), "2026-05"),
        (Money(170), 170),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (PERSON, str(PERSON)),
        (True, True),
        (3, 3),
        (None, None),
    ],
)
def test_codes_numbers_dates_and_ids_are_told_as_they_are(value: object, shown: object) -> None:
    assert told(value, AUDITOR.fingerprint) == shown


def test_an_account_is_a_fingerprint() -> None:
    assert str(told(BankAccount("6222021234567890123"), AUDITOR.fingerprint)).startswith("fp:")


def test_a_change_tells_only_what_differs() -> None:
    row = the_row(Change(PERSON, "thing.changed", before={"a": 1, "b": 2}, after={"a": 1, "b": 3}))
    assert (row["fields"], row["detail"]) == ("b", '{"after":{"b":3},"before":{"b":2}}')


def test_the_purpose_of_the_request_is_the_entrys_unless_it_has_its_own() -> None:
    assert the_row(Look(PERSON), purpose="PAYMENT")["purpose"] == "PAYMENT"
    assert the_row(Look(PERSON, purpose="COMPLAINT"), purpose="PAYMENT")["purpose"] == "COMPLAINT"


def test_only_what_merely_looked_may_go_alone() -> None:
    get, post = Origin("GET", "/"), Origin("POST", "/")
    assert goes_alone([Look(PERSON)], get)
    assert not goes_alone([Look(PERSON)], post)
    assert not goes_alone([Look(PERSON), Change(PERSON, "x")], get)


def test_a_search_that_found_nobody_is_a_look() -> None:
    assert looks([], ("name",)) == [Look(None, ("name",), "read.masked", count=0)]
    ids = [(uuid4(), "3415"), (uuid4(), None)]
    assert [(look.person_id, look.division) for look in looks(ids, ("name",))] == ids
