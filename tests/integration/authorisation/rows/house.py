"""Rows of what every service has: documents, clock, journal, reading, jobs, trail, two persons, keys, requests."""

from __future__ import annotations

from typing import Any

from tests.integration.authorisation.row import (
    ACCEPTED,
    CONFLICT,
    FORBIDDEN,
    NOBODYS,
    OK,
    UNKNOWN,
    Answer,
    Row,
    house,
    many,
    one,
    own,
    public,
    stale,
    whole,
)

_AUDIT, _APPROVALS, _JOURNAL, _READING = (
    "/api/v1/audit",
    "/api/v1/approvals",
    "/api/v1/journal",
    "/api/v1/consumption",
)
_MINE, _CASES = "/api/v1/me/requests", "/api/v1/person-requests"


def basics(code_list: str) -> tuple[Row, ...]:
    """About nobody: anybody may read it. And the clock."""
    pages = ("/livez", "/readyz", "/metrics", "/version", "/docs", "/redoc", "/openapi.json", "/asyncapi.json")
    return (
        *(public(page) for page in pages),
        public("/docs/assets/{name}", at={"name": "=favicon-32x32.png"}),
        public("/api/v1/code-lists"),
        public("/api/v1/code-lists/{name}", at={"name": f"={code_list}"}),
        public("/api/v1/clock"),
        house("PUT", "/api/v1/clock", "clock:set", body={"today": None}),
    )


def publishing(relation: str) -> tuple[Row, ...]:
    """The publisher's side. Entries lie in divisions; whole relations are for who may see everything."""
    compare, of_relation = "journal:compare", f"?relation={relation}&fields=version"
    return (
        many(_JOURNAL, "journal:read", shows="event_id", query="?limit=1000"),
        house("GET", f"{_JOURNAL}/horizon", "journal:read"),
        one("GET", f"{_JOURNAL}/events/{{event_id}}", "journal:read", shows="event_id"),
        whole("GET", f"{_JOURNAL}/digest", compare, query=of_relation),
        whole("GET", f"{_JOURNAL}/digest/rows", compare, query=f"{of_relation}&buckets=0,1"),
        whole("POST", f"{_JOURNAL}/states", compare, body={"relation": relation, "keys": ["{person_id}"]}),
        whole("GET", f"{_JOURNAL}/snapshot", compare, query=f"?relations={relation}"),
    )


def publishing_nothing() -> tuple[Row, ...]:
    """The same routes where there is nothing to read yet."""
    compare = "journal:compare"
    unknown: dict[str, Any] = {"status": UNKNOWN, "code": "relation_unknown"}
    return (
        house("GET", _JOURNAL, "journal:read"),
        house("GET", f"{_JOURNAL}/horizon", "journal:read"),
        house(
            "GET", f"{_JOURNAL}/events/{{event_id}}", "journal:read", status=UNKNOWN, code="event_unknown",
            at={"event_id": "person_id"},
        ),
        house("GET", f"{_JOURNAL}/digest", compare, query="?relation=a.b&fields=version", **unknown),
        house("GET", f"{_JOURNAL}/digest/rows", compare, query="?relation=a.b&fields=version&buckets=0", **unknown),
        house("POST", f"{_JOURNAL}/states", compare, body={"relation": "a.b", "keys": ["{person_id}"]}, **unknown),
        house("GET", f"{_JOURNAL}/snapshot", compare, query="?relations=a.b", **unknown),
    )  # fmt: skip


def reading() -> tuple[Row, ...]:
    """The reader's side. Letters lie in the division of their event, differences in that of our copy."""
    letters, repair = f"{_READING}/dead-letters", "events:repair"
    adoption = f"{_READING}/drift/{{publisher}}/{{relation}}/{{row_id}}/adoption"
    at = {"publisher": "=registry", "relation": "=registry.person", "row_id": "person_id"}
    return (
        house("GET", f"{_READING}/cursors", "events:read"),
        house("GET", f"{_READING}/resyncs", "events:read"),
        many(letters, "events:read", shows="letter_id", query="?limit=1000"),
        one(
            "POST", f"{letters}/{{letter_id}}/retry", repair,
            status=CONFLICT, code="letter_not_retriable",
        ),
        one(
            "POST", f"{letters}/{{letter_id}}/discard", repair,
            status=CONFLICT, code="letter_settled",
            at={"letter_id": "settled_letter_id"}, body={"note": "已核实，丢弃"},
        ),
        many(f"{_READING}/drift", "events:read", shows="person_id"),
        one(
            "POST", adoption, repair,
            status=CONFLICT, code="approval_needed", at=at, body={"approval_id": "{person_id}"},
        ),
    )  # fmt: skip


def trust() -> tuple[Row, ...]:
    """Jobs, trail, two persons, keys, retention."""
    return (*_jobs(), *_trail(), *_two_persons(), *_keys())


def _jobs() -> tuple[Row, ...]:
    """Of others: seen within the divisions, stopped by who asked; a job about the trail is for who reads the trail."""
    export: dict[str, Any] = {"at": {"job_id": "export_id"}, "note": "an export of the trail"}
    see, cancel, needed = "job:read", "job:cancel", "audit:export"
    path, step = "/api/v1/jobs/{job_id}", "/api/v1/jobs/{job_id}/cancellation"
    return (
        many("/api/v1/jobs", see, shows="job_id", query="?kind=some.import&limit=1000"),
        many(
            "/api/v1/jobs",
            see,
            needed,
            shows="export_id",
            query="?kind=audit.export&limit=1000",
            note="exports of the trail",
        ),
        one("GET", path, see, shows="job_id"),
        one("GET", path, see, needed, shows="export_id", **export),
        one("GET", f"{path}/events", see, shows="job_id"),
        one("GET", f"{path}/events", see, needed, shows="export_id", **export),
        one("GET", f"{path}/result", see),
        one("GET", f"{path}/result", see, needed, **export),
        one("POST", step, cancel, status=FORBIDDEN, code="job_is_anothers"),
        one("POST", step, cancel, needed, status=ACCEPTED, shows="export_id", **export),
    )


def _trail() -> tuple[Row, ...]:
    mine = Answer(OK)
    return (
        many(_AUDIT, "audit:read", shows="person_id", query="?actor=who-proposed&limit=1000"),
        own("GET", f"{_AUDIT}/own", "own:read", person=(mine, mine), guardian=(NOBODYS, NOBODYS)),
        house("POST", f"{_AUDIT}/exports", "audit:export", status=ACCEPTED, body={"person_id": "{person_id}"}),
        house("POST", f"{_AUDIT}/verification", "audit:verify", status=ACCEPTED),
    )


def _two_persons() -> tuple[Row, ...]:
    """The rotation of keys lies in no county: the house's own matter."""
    decide, rotate = "approval:decide", "key:rotate"
    path = f"{_APPROVALS}/{{approval_id}}"
    at: dict[str, Any] = {"at": {"approval_id": "rotation_id"}, "note": "a rotation of keys"}
    settled: dict[str, Any] = {"at": {"approval_id": "settled_rotation_id"}, "note": "a rotation of keys, settled"}
    proposal = {"kind": "keys.rotation", "subject_id": "k1/AES_256_GCM", "note": "定期轮换"}
    unread = {"digest": "0" * 64}
    return (
        house("GET", _APPROVALS, "approval:read"),
        house("GET", path, "approval:read", **at),
        house("POST", _APPROVALS, decide, rotate, status=CONFLICT, code="approval_exists", body=proposal),
        house(
            "POST", f"{path}/approval", decide, rotate,
            status=CONFLICT, code="approval_content_changed", body=unread, **at,
        ),
        house(
            "POST", f"{path}/rejection", decide, rotate,
            status=CONFLICT, code="approval_settled", body={"reason": "不同意"}, **settled,
        ),
        # Only who proposed it takes it back: nobody of these did.
        house("POST", f"{path}/withdrawal", decide, status=FORBIDDEN, code="permission_denied", **at),
    )  # fmt: skip


def erasures() -> tuple[Row, ...]:
    """Two persons about somebody's erasure: a matter of that person's county."""
    decide, erase = "approval:decide", "person:erase"
    path = f"{_APPROVALS}/{{approval_id}}"
    note: dict[str, Any] = {"note": "an erasure"}
    proposal = {"kind": "person.erasure", "subject_id": "{erasure_id}", "note": "重复登记"}
    return (
        many(_APPROVALS, "approval:read", shows="approval_id", query="?limit=1000", **note),
        one("GET", path, "approval:read", shows="approval_id", **note),
        one("POST", _APPROVALS, decide, erase, status=CONFLICT, code="approval_exists", body=proposal, **note),
        one(
            "POST", f"{path}/approval", decide, erase,
            status=CONFLICT, code="approval_content_changed", body={"digest": "0" * 64}, **note,
        ),
        one(
            "POST", f"{path}/rejection", decide, erase,
            status=CONFLICT, code="approval_settled", body={"reason": "不同意"},
            at={"approval_id": "settled_approval_id"}, **note,
        ),
        one("POST", f"{path}/withdrawal", decide, status=FORBIDDEN, code="permission_denied", **note),
    )  # fmt: skip


def _keys() -> tuple[Row, ...]:
    return (
        house("GET", "/api/v1/keys", "key:read"),
        house(
            "POST", "/api/v1/key-rotations", "key:rotate",
            status=CONFLICT, code="approval_needed", body={"approval_id": "{rotation_id}"},
        ),
        house("POST", "/api/v1/retention-runs", "retention:run", status=ACCEPTED, body={"dry_run": True}),
    )  # fmt: skip


def requests() -> tuple[Row, ...]:
    """Persons' requests: the person's side, and the office's."""
    return (*_my_requests(), *_office_requests())


def _my_requests() -> tuple[Row, ...]:
    waits, ended = (
        Answer(CONFLICT, "person_request_is_open_already"),
        Answer(CONFLICT, "person_request_step_not_allowed"),
    )
    asking = {"kind": "COPY", "person_id": "{person_id}"}
    listed = Answer(OK, shows="request_id")
    either: dict[str, Any] = {
        "person": (ended, NOBODYS),
        "guardian": (ended, NOBODYS),
        "at": {"request_id": "closed_request_id"},
    }
    return (
        own("POST", _MINE, "own:request", person=(waits, NOBODYS), guardian=(waits, NOBODYS), body=asking),
        own("GET", _MINE, "own:read", person=(listed, listed), guardian=(Answer(OK), Answer(OK))),
        own("POST", f"{_MINE}/{{request_id}}/withdrawal", "own:request", **either),
        own("GET", f"{_MINE}/{{request_id}}/copy", "own:read", query="?format=json", **either),
    )


def _office_requests() -> tuple[Row, ...]:
    path, write = f"{_CASES}/{{request_id}}", "request:write"
    asking = {"kind": "COPY", "person_id": "{person_id}"}
    return (
        one("POST", _CASES, write, status=CONFLICT, code="person_request_is_open_already", body=asking),
        many(_CASES, "request:read", shows="request_id", query="?limit=1000"),
        one("GET", path, "request:read", shows="request_id"),
        one("GET", f"{path}/words", write),
        one("GET", f"{path}/copy", "person:unmask", status=CONFLICT, code="person_request_step_not_allowed",
            query="?format=json"),
        stale("POST", f"{path}/acceptance", write),
        stale("POST", f"{path}/refusal", write, body={"answer": "与登记一致"}),
        stale("POST", f"{path}/completion", write, body={}),
        stale("POST", f"{path}/forwarding", write, body={"service": "rehab"}),
    )  # fmt: skip
