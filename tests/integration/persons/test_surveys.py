"""The survey of basic status and needs: visits, corrections, imports, forms, what is announced (REH-06)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.registry.domain.survey import ItemKind
from services.registry.entrypoints.jobs_surveys import COLUMNS
from shared.contracts.registry import SurveyRecorded
from shared.kit.spreadsheets import write_table
from tests.builders.survey import FORM, answers
from tests.integration.persons.conftest import COUNTY, OTHER, Office, a_number


def visit(**given: Any) -> dict[str, Any]:
    told = {"outcome": "ANSWERED", "visited_on": "2026-06-10", "answers": answers(N03=True, N20=True)}
    return {**told, **given}


async def record(office: Office, person_id: str, **given: Any) -> dict[str, Any]:
    answer = await office.post(f"/api/v1/persons/{person_id}/survey-visits", visit(**given))
    assert answer.status_code == 201, answer.text
    recorded: dict[str, Any] = answer.json()
    return recorded


async def test_a_visit_is_recorded_with_its_answers_and_its_needs_are_announced_reh_06(office: Office) -> None:
    person = await office.register("王小明")
    recorded = await record(office, person["person_id"])
    assert (recorded["year"], recorded["needs"]) == (2026, ["N03", "N20"])
    shown = (await office.get(f"/api/v1/survey-visits/{recorded['visit_id']}")).json()
    assert shown["answers"] == visit()["answers"]
    (told,) = [event for event in await office.told() if isinstance(event, SurveyRecorded)]
    assert (told.visit.needs, told.visit.outcome.value) == ("N03;N20", "ANSWERED")
    assert "answers" not in told.visit.model_dump()


async def test_answers_lie_encrypted(office: Office) -> None:
    person = await office.register("王小明")
    recorded = await record(office, person["person_id"])
    row = await office.one("SELECT answers_cipher FROM survey_visit WHERE visit_id = :id", id=recorded["visit_id"])
    assert b"MARRIED" not in bytes(row.answers_cipher)


@pytest.mark.parametrize("outcome", ["NOT_FOUND", "MOVED_AWAY", "REFUSED"])
async def test_that_nobody_was_met_is_a_result_too_without_answers(office: Office, outcome: str) -> None:
    person = await office.register("王小明")
    path = f"/api/v1/persons/{person['person_id']}/survey-visits"
    refused = await office.post(path, visit(outcome=outcome))
    assert (refused.status_code, refused.json()["code"]) == (422, "survey_nobody_answered")
    recorded = await record(office, person["person_id"], outcome=outcome, answers={})
    assert recorded["needs"] == []


async def test_a_death_that_a_visitor_hears_of_waits_in_the_queue_dx_05(office: Office) -> None:
    person = await office.register("王小明")
    recorded = await record(office, person["person_id"], outcome="DIED", answers={}, died_on="2026-05-10")
    report = (await office.get(f"/api/v1/reports/{recorded['report_id']}")).json()
    assert (report["source"], report["event_date"], report["person_id"]) == (
        "COMMUNITY",
        "2026-05-10",
        person["person_id"],
    )
    assert "person.death_reported" not in await office.types(), "others confirm and apply it"


async def test_a_person_is_visited_once_a_year_and_an_error_is_corrected(office: Office) -> None:
    person = await office.register("王小明")
    path = f"/api/v1/persons/{person['person_id']}/survey-visits"
    first = await record(office, person["person_id"])
    assert (await record(office, person["person_id"]))["visit_id"] == first["visit_id"], "the same again is the same"
    refused = await office.post(path, visit(answers=answers(N01=True)))
    assert (refused.status_code, refused.json()["code"]) == (409, "survey_visit_is_known")
    stale = await office.call("PUT", f"/api/v1/survey-visits/{first['visit_id']}", visit(), seen='"1"')
    assert stale.status_code == 412
    corrected = await office.call(
        "PUT", f"/api/v1/survey-visits/{first['visit_id']}", visit(answers=answers(N01=True)), seen='"2"'
    )
    assert (corrected.status_code, corrected.json()["needs"]) == (200, ["N01"])
    needs = [event.visit.needs for event in await office.told() if isinstance(event, SurveyRecorded)]
    assert needs == ["N03;N20", "N01"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"answers": {"B01": "HAN"}}, "survey_answers_do_not_fit"),
        ({"answers": answers(B99=True)}, "survey_answers_do_not_fit"),
        ({"died_on": "2026-05-10"}, "body_invalid"),
        ({"visited_on": "2026-06-16"}, "date_in_future"),
        ({"visited_on": "2014-06-10"}, "survey_form_not_found"),
    ],
    ids=["not everything", "not asked", "dead and answering", "tomorrow", "before there was a form"],
)
async def test_what_makes_no_visit_is_refused(office: Office, given: dict[str, Any], code: str) -> None:
    person = await office.register("王小明")
    answer = await office.post(f"/api/v1/persons/{person['person_id']}/survey-visits", visit(**given))
    assert (answer.is_client_error, answer.json()["code"]) == (True, code)


async def test_another_county_neither_sees_nor_records_visits_of_ours(office: Office) -> None:
    person = await office.register("王小明")
    recorded = await record(office, person["person_id"])
    path = f"/api/v1/persons/{person['person_id']}/survey-visits"
    assert (await office.post(path, visit(), divisions=[OTHER])).status_code == 404
    assert (await office.get(f"/api/v1/survey-visits/{recorded['visit_id']}", divisions=[OTHER])).status_code == 404
    assert (await office.get("/api/v1/survey-visits", divisions=[OTHER])).json()["items"] == []
    (listed,) = (await office.get("/api/v1/survey-visits", year=2026, need="N03")).json()["items"]
    assert listed["visit_id"] == recorded["visit_id"]
    assert (await office.get("/api/v1/survey-visits", year=2026, need="N04")).json()["items"] == []


async def test_progress_is_counted_by_the_divisions_below(office: Office) -> None:
    first, _ = await office.register("王小明", 1), await office.register("李秀英", 2)
    await record(office, first["person_id"])
    (township,) = (await office.get("/api/v1/survey-progress", year=2026, division=COUNTY)).json()["items"]
    assert (township["division"], township["persons"], township["visits"]) == ("341502001", 2, {"ANSWERED": 1})


async def test_the_next_revision_of_the_form_is_drawn_up_published_and_asked_with(office: Office) -> None:
    (known,) = (await office.get("/api/v1/survey-forms")).json()["items"]
    assert (known["revision"], known["basic_items"], known["need_items"]) == (1, 58, 72)
    whole = (await office.get(f"/api/v1/survey-forms/{known['form_id']}")).json()
    items = [item for item in whole["items"] if item["code"] != "B07"]
    body = {"valid_from": "2026-01-01", "items": items}
    assert (await office.post("/api/v1/survey-forms", body)).status_code == 403, "one form holds for everybody"
    drawn = await office.post("/api/v1/survey-forms", body, divisions=["*"])
    assert (drawn.status_code, drawn.json()["revision"]) == (201, 2)
    path = f"/api/v1/survey-forms/{drawn.json()['form_id']}/publication"
    person = await office.register("王小明")
    told = answers()
    del told["B07"]
    visits = f"/api/v1/persons/{person['person_id']}/survey-visits"
    assert (await office.post(visits, visit(answers=told))).json()["code"] == "survey_answers_do_not_fit"
    assert (await office.post(path, divisions=["*"], seen='"1"')).json()["is_published"] is True
    assert (await office.post(path, divisions=["*"])).json()["code"] == "survey_form_is_published"
    assert (await record(office, person["person_id"], answers=told))["form_id"] == drawn.json()["form_id"]


async def test_an_import_of_answers_balances_and_explains_every_bad_row_in_chinese(
    office: Office, tmp_path: Path
) -> None:
    for serial in (1, 2, 3):
        await office.register("王小明", serial)
    said = {item.code: item for item in FORM.items}

    def row(serial: int, outcome: str = "已入户调查", **given: str) -> tuple[str, ...]:
        cells = {"citizen_id_no": a_number(serial), "visited_on": "2026-06-10", "outcome": outcome}
        if outcome == "已入户调查":
            for code in answers():
                kind = said[code].type.value
                shown = {"bool": "否", "number": "0"}.get(kind, said[code].choices[0].zh if kind == "code" else "")
                cells[code] = shown
        cells |= given
        return tuple(cells.get(column.field, "") for column in COLUMNS)

    rows = [
        row(1, N03="是"),
        row(2, "查无此人"),
        row(3, B01="火星人"),
        row(4),
        row(3, "查无此人", N01="是"),
    ]
    path = tmp_path / "调查.xlsx"
    write_table(path, [column.title for column in COLUMNS], rows, sheet="调查")
    job = await office.upload("/api/v1/survey-imports", path)
    result = job["result"]
    assert [result[name] for name in ("received", "applied", "unchanged", "rejected")] == [5, 2, 0, 3], job
    again = (await office.upload("/api/v1/survey-imports", path))["result"]
    assert [again[name] for name in ("received", "applied", "unchanged", "rejected")] == [5, 0, 2, 3]
    needs = [event.visit.needs for event in await office.told() if isinstance(event, SurveyRecorded)]
    assert sorted(needs) == ["", "N03"]


def test_every_item_has_a_column() -> None:
    assert len(COLUMNS) == 3 + len(FORM.items)
    assert {item.kind for item in FORM.items} == set(ItemKind)
