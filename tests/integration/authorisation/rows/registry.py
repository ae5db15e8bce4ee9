"""Rows of the registry: persons, guardians, certificates, stops; one's own data."""

from __future__ import annotations

from typing import Final

from tests.integration.authorisation.row import (
    ACCEPTED,
    CONFLICT,
    FORBIDDEN,
    INVALID,
    NOBODYS,
    OK,
    UNKNOWN,
    Answer,
    Row,
    house,
    many,
    one,
    own,
    stale,
)
from tests.integration.authorisation.rows import house as common
from tests.integration.authorisation.rows import registry_certificates, registry_persons

_PERSONS, _CERTIFICATES, _ME = "/api/v1/persons", "/api/v1/certificates", "/api/v1/me"
_PERSON, _CERTIFICATE = f"{_PERSONS}/{{person_id}}", f"{_CERTIFICATES}/{{certificate_id}}"
_READ, _WRITE, _ISSUE = "person:read", "person:write", "certificate:write"
_SHOWN, _NOTHING = Answer(OK, shows="person_id"), Answer(OK)
_GUARDIAN: Final = {
    "name": "监护人甲",
    "citizen_id_no": "{citizen_id_no}",
    "relation": "PARENT",
    "valid_from": "2026-01-01",
    "valid_to": "2025-01-01",
}
"""Ends before it begins."""

ROWS: Final[tuple[Row, ...]] = (
    *common.basics("purpose"),
    *common.publishing("registry.person"),
    *common.trust(),
    *common.erasures(),
    *common.requests(),
    *registry_certificates.ROWS,
    # persons
    one(
        "POST", _PERSONS, _WRITE, status=CONFLICT, code="person_is_registered",
        outside=Answer(FORBIDDEN, "division_outside_scope"),
        body={"name": "王小明", "citizen_id_no": "{citizen_id_no}", "division": "{division}"},
    ),
    many(_PERSONS, _READ, shows="person_id", query="?limit=1000"),
    many(_PERSONS, _READ, shows="person_id", query="?division=341502", note="by division"),
    one("POST", f"{_PERSONS}/lookup", _READ, shows="person_id", body={"citizen_id_no": "{citizen_id_no}"}),
    one("GET", _PERSON, _READ, shows="person_id"),
    stale("PUT", f"{_PERSON}/contact", _WRITE, body={"phone": None, "address": None}),
    one("GET", f"{_PERSON}/stops", _READ, shows="stop_id"),
    stale("POST", f"{_PERSON}/death-report", _WRITE, body={"died_on": "2026-01-05", "source": "POLICE"}),
    stale("POST", f"{_PERSON}/death-retraction", _WRITE),
    one(
        "POST", f"{_PERSONS}/{{subject_id}}/disclosure", "person:unmask", shows="citizen_id_no",
        at={"subject_id": "person_id"}, body={"fields": ["citizen_id_no"], "purpose": "CASE_HANDLING"},
    ),
    house(
        "POST", "/api/v1/person-imports", "person:import", status=ACCEPTED,
        files={"file": ("名单.csv", "姓名,公民身份号码,户籍地区划代码\n".encode())}, query="?dry_run=true",
    ),
    # guardians
    one("GET", f"{_PERSON}/guardians", _READ, shows="guardian_id"),
    one("POST", f"{_PERSON}/guardians", _WRITE, status=INVALID, code="guardian_dates_are_wrong", body=_GUARDIAN),
    one(
        "POST", f"{_PERSON}/guardians/{{guardian_id}}/ending", _WRITE,
        shows="guardian_id", body={"valid_to": "2099-12-31"},
    ),
    one(
        "POST", f"{_PERSON}/guardians/{{guardian_id}}/ending", _WRITE, status=UNKNOWN, code="guardian_not_found",
        at={"guardian_id": "there:guardian_id"}, body={"valid_to": "2099-12-31"}, note="somebody else's guardian",
    ),
    # certificates
    one(
        "POST", f"{_PERSON}/certificates", _ISSUE, status=CONFLICT, code="person_has_certificate",
        body={"category": 4, "grade": 2, "issued_on": "2024-01-01"},
    ),
    many(_CERTIFICATES, "certificate:read", shows="certificate_id", query="?limit=1000"),
    many(
        _CERTIFICATES, "certificate:read", shows="certificate_id", query="?person_id={person_id}", note="of one person"
    ),
    one("GET", _CERTIFICATE, "certificate:read", shows="certificate_id"),
    one("GET", "/api/v1/stops/{stop_id}", "certificate:read", shows="stop_id"),
    stale(
        "POST", f"{_CERTIFICATE}/cancellation", _ISSUE,
        body={"reason": "VOLUNTARY", "proof": {"kind": "WRITTEN_WISH", "reference": "申请书"}},
    ),
    stale("POST", f"{_CERTIFICATE}/freezing", _ISSUE, body={"reason": "SUSPECT_FRAUD"}),
    stale("POST", f"{_CERTIFICATE}/unfreezing", _ISSUE),
    stale("POST", f"{_CERTIFICATE}/transfer", _ISSUE, body={"division": "341502002", "moved_on": "2026-01-05"}),
    stale("POST", f"{_CERTIFICATE}/reinstatement", _ISSUE),
    *registry_persons.ROWS,
    # one's own
    own("GET", _ME, "own:read", person=(_SHOWN, _SHOWN), guardian=(NOBODYS, NOBODYS)),
    own("GET", f"{_ME}/wards", "own:read", person=(_NOTHING, _NOTHING), guardian=(_SHOWN, _SHOWN)),
    own(
        "GET", f"{_ME}/wards/{{person_id}}", "own:read", person=(NOBODYS, NOBODYS), guardian=(_SHOWN, NOBODYS),
    ),
)  # fmt: skip
