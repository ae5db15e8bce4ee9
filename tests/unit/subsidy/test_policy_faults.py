"""What is wrong with a policy document, where, and what is allowed; versions that overlap, months without an amount."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from services.subsidy.adapters import shipped_policies
from services.subsidy.adapters.policy_documents import differences, dump, parse
from services.subsidy.domain.policy import PolicyDocument
from services.subsidy.domain.policy_book import PolicyBook
from services.subsidy.domain.policy_faults import advice, clashes, faults

NURSING = "nursing_subsidy"
ROW: dict[str, Any] = {"case": {"grades": [1]}, "amount": {"fen": 8000}}
ALL: dict[str, Any] = {"case": {}, "amount": {"fen": 7000}}


def a_document(**given: Any) -> PolicyDocument:
    scheme = {"coverage": {"cards": [{"grades": [1, 2]}]}, "tariff": {"rows": [ROW, ALL]}}
    told = {
        "division": "3415",
        "title": "办法",
        "legal_basis": "文件",
        "since": "2024-01",
        "schemes": {NURSING: scheme},
    }
    return parse(told | given)


def with_tariff(**tariff: Any) -> PolicyDocument:
    return a_document(schemes={NURSING: {"tariff": {"rows": [ROW]} | tariff}})


def places(document: PolicyDocument) -> list[str]:
    return [fault.where for fault in faults(document)]


@pytest.mark.parametrize("name", shipped_policies.names())
def test_a_shipped_profile_has_no_fault_and_clashes_with_no_other_of_its_documents(name: str) -> None:
    documents = shipped_policies.documents(name) or ()
    assert documents
    for document in documents:
        others = [other for other in documents if other is not document]
        assert (faults(document), clashes(document, PolicyBook(others))) == ([], [])


def test_a_sound_document_has_no_fault() -> None:
    assert faults(a_document()) == []


@pytest.mark.parametrize(
    ("document", "where"),
    [
        (a_document(division="341502001"), "/division"),
        (a_document(division="34150X"), "/division"),
        (a_document(since="2024-13"), "/since"),
        (a_document(until="2024-01"), "/until"),
        (a_document(title="  "), "/title"),
        (a_document(legal_basis=""), "/legal_basis"),
        (a_document(parameters={"dibao": [{"since": "2024-01", "fen": -1}]}), "/parameters/dibao/0/fen"),
        (
            a_document(transitions=[{"first_day": "2024-02-01", "last_day": "2024-01-31", "reason": "疫情"}]),
            "/transitions/0",
        ),
        (with_tariff(rows=[]), f"/schemes/{NURSING}/tariff/rows"),
        (with_tariff(rows=[ALL, ROW]), f"/schemes/{NURSING}/tariff/rows/1"),
        (
            with_tariff(rows=[{"case": {"grades": [5]}, "amount": {"fen": 1}}]),
            f"/schemes/{NURSING}/tariff/rows/0/case/grades",
        ),
        (with_tariff(rows=[{"case": {}, "amount": {"fen": -1}}]), f"/schemes/{NURSING}/tariff/rows/0/amount/fen"),
        (with_tariff(rows=[{"case": {}, "amount": {}}]), f"/schemes/{NURSING}/tariff/rows/0/amount"),
        (with_tariff(rounding={"unit_fen": 0}), f"/schemes/{NURSING}/tariff/rounding/unit_fen"),
        (with_tariff(supplements=[{"case": {}}]), f"/schemes/{NURSING}/tariff/supplements/0"),
        (a_document(schemes={NURSING: {"overlaps": {"PRISON": "EXCLUDE"}}}), f"/schemes/{NURSING}/overlaps/PRISON"),
        (a_document(schemes={"fuel": {"frequency": "YEARLY"}}), "/schemes/fuel/due_month"),
    ],
)
def test_a_fault_is_named_at_its_place(document: PolicyDocument, where: str) -> None:
    assert where in places(document)


def test_a_word_nobody_knows_is_refused_where_it_stands() -> None:
    told = dump(a_document())
    told["schemes"][NURSING]["tariff"]["rows"][0]["case"]["grade"] = [1]
    with pytest.raises(ValidationError) as refused:
        parse(told)
    assert refused.value.errors()[0]["loc"][-1] == "grade"


def test_two_documents_of_one_place_and_month_cannot_say_the_same() -> None:
    in_force = PolicyBook([a_document(title="一")])
    again = clashes(a_document(title="二"), in_force)
    assert {fault.where for fault in again} == {f"/schemes/{NURSING}/coverage", f"/schemes/{NURSING}/tariff"}


@pytest.mark.parametrize(
    "other",
    [a_document(since="2024-02"), a_document(division="341502"), a_document(schemes={NURSING: {"quota": 5}})],
    ids=["later", "a county inside", "another part"],
)
def test_what_comes_later_lies_inside_or_says_something_else_may(other: PolicyDocument) -> None:
    assert clashes(other, PolicyBook([a_document()])) == []


def test_a_gap_between_versions_is_pointed_out_read_14() -> None:
    told = advice(
        a_document(until="2025-01"), PolicyBook([a_document(schemes={NURSING: {"coverage": {}}}, since="2023-01")])
    )
    assert [(fault.where, fault.en[:12]) for fault in told] == [(f"/schemes/{NURSING}/tariff", "from 2025-01")]
    followed = PolicyBook([a_document(since="2025-01")])
    assert advice(a_document(until="2025-01"), followed) == []


def test_an_exclusion_of_ones_own_is_pointed_out_sub_14() -> None:
    own = a_document(schemes={NURSING: {"overlaps": {"DISABLED_SERVICEMAN": "EXCLUDE"}}})
    assert f"/schemes/{NURSING}/overlaps/DISABLED_SERVICEMAN" in [fault.where for fault in advice(own, PolicyBook([]))]


def test_documents_are_compared_part_by_part() -> None:
    dearer = a_document(schemes={NURSING: {"tariff": {"rows": [ROW, {"case": {}, "amount": {"fen": 7500}}]}}})
    told = {where: (here, there) for where, here, there in differences(a_document(), dearer)}
    assert set(told) == {f"/schemes/{NURSING}/coverage", f"/schemes/{NURSING}/tariff/rows"}
    assert told[f"/schemes/{NURSING}/coverage"][1] is None
