"""Keys change while requests go on: no request fails, nothing is left under the old key, nobody gets lost."""

import asyncio
import importlib
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import LargeBinary, text
from uuid_utils.compat import uuid7

from deploy.local.postgres import PostgresServer
from services.registry.adapters.bulk import Holder, add_holders
from services.registry.adapters.own_data import SEALED
from services.registry.adapters.secrets import ADDRESS, CITIZEN_ID, NAME, PHONE, Secrets
from shared.kit.crypto import KeyRing
from shared.kit.rotation import census
from shared.values.division import Division
from shared.values.identity_number import IdentityNumber
from shared.values.personal import PersonName
from tests.architecture.source import SERVICES
from tests.integration.privacy.conftest import Office, a_number, an_office, emptied, new_key, ring, settings_of

ROWS = 100_000 if os.environ.get("LIANGFU_PROFILE") == "full" else 5_000
"""The gate counts to five thousand; `make proof` to a hundred thousand."""
COLUMNS = 4
BATCH = 10_000


@asynccontextmanager
async def office_with(
    server: PostgresServer, folder: Path, keys: dict[str, Any], **changes: Any
) -> AsyncIterator[Office]:
    async for office in an_office(settings_of(server, folder, keys, database_pool_size=8, **changes)):
        yield office


async def _fill(office: Office, keys: dict[str, Any], rows: int) -> list[UUID]:
    """Persons in sets, as an import of years ago would have left them."""
    secrets, ids = Secrets(KeyRing.parse(_json(keys))), [uuid7() for _ in range(rows)]
    for start in range(0, rows, BATCH):
        part = ids[start : start + BATCH]
        bound = [each.bytes for each in part]
        numbers = [a_number(start + at) for at in range(len(part))]
        values = {
            "ids": part,
            "numbers": secrets.cipher.encrypt_many([n.encode() for n in numbers], context=CITIZEN_ID, rows=bound),
            "indexes": secrets.citizen_ids.of_many(numbers),
            "names": secrets.cipher.encrypt_many(["王".encode()] * len(part), context=NAME, rows=bound),
            "phones": secrets.cipher.encrypt_many([b"14300000000"] * len(part), context=PHONE, rows=bound),
            "addresses": secrets.cipher.encrypt_many(["七号".encode()] * len(part), context=ADDRESS, rows=bound),
        }
        async with office.parts.works.engine.begin() as connection:
            await connection.execute(
                text(
                    "INSERT INTO person (person_id, version, last_version, division, registered_on, citizen_id_cipher, "
                    "citizen_id_index, name_cipher, phone_cipher, address_cipher, recorded_by) "
                    "SELECT id, 1, 1, '341502001', current_date, number, index, name, phone, address, 'test' "
                    "FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS bytea[]), CAST(:indexes AS bytea[]), "
                    "CAST(:names AS bytea[]), CAST(:phones AS bytea[]), CAST(:addresses AS bytea[])) "
                    "AS r(id, number, index, name, phone, address)"
                ),
                values,
            )
    return ids


def _json(keys: dict[str, Any]) -> str:
    return json.dumps(keys)


async def _approval(office: Office, subject: str) -> str:
    body = {"kind": "keys.rotation", "subject_id": subject, "note": "年度轮换"}
    proposed = await office.call("POST", "/api/v1/approvals", "security_administrator", body, who="a", divisions=[])
    assert proposed.status_code == 201, proposed.text
    told = proposed.json()
    path = f"/api/v1/approvals/{told['approval_id']}/approval"
    done = await office.call("POST", path, "security_administrator", {"digest": told["digest"]}, who="b", divisions=[])
    assert done.status_code == 200, done.text
    return str(told["approval_id"])


async def _start(office: Office, approval_id: str) -> Response:
    body = {"approval_id": approval_id}
    return await office.call("POST", "/api/v1/key-rotations", "security_administrator", body, who="a", divisions=[])


async def _job(office: Office, job_id: str) -> dict[str, Any]:
    told = await office.call("GET", f"/api/v1/jobs/{job_id}", "security_administrator", who="a", divisions=[])
    return dict(told.json())


async def _uses(office: Office) -> dict[str, Any]:
    return dict((await office.call("GET", "/api/v1/keys", "security_administrator", divisions=[])).json())


KINDS = {"read": {200}, "change": {200, 412}, "look up": {200}, "take again": {409}, "register": {201}}
"""What requests are answered when nothing is wrong. Two callers may change one person: one is told to look again."""


class Traffic:
    """Requests that read, change, look up and register (newcomers, and who is there) while something else goes on."""

    def __init__(self, office: Office, ids: list[UUID]) -> None:
        self._office = office
        self._ids = ids
        self.answers: list[tuple[str, int]] = []
        self._serial = ROWS
        self._going = True

    async def run(self, seed: int) -> None:
        at = seed
        while self._going:
            at = (at * 7919 + 13) % len(self._ids)
            for what, answer in await self._round(str(self._ids[at]), at):
                self.answers.append((what, answer.status_code))
            await asyncio.sleep(0.005)

    async def _round(self, person_id: str, at: int) -> list[tuple[str, Response]]:
        path = f"/api/v1/persons/{person_id}"
        seen = await self._office.call("GET", path)
        body = {"phone": f"143{at:08d}", "address": None}
        changed = await self._office.call("PUT", f"{path}/contact", body=body, version=seen.headers["etag"])
        found = await self._office.call("POST", "/api/v1/persons/lookup", body={"citizen_id_no": a_number(at)})
        again = await self._register(at)
        self._serial += 1
        first = await self._register(self._serial)
        return [("read", seen), ("change", changed), ("look up", found), ("take again", again), ("register", first)]

    async def _register(self, serial: int) -> Response:
        body = {"name": "新来的", "citizen_id_no": a_number(serial), "division": "341502001"}
        return await self._office.call("POST", "/api/v1/persons", body=body)

    def stop(self) -> None:
        self._going = False

    @property
    def failed(self) -> list[tuple[str, int]]:
        return [(what, status) for what, status in self.answers if status not in KINDS[what]]


@pytest.mark.parametrize("reindexed", [False, True], ids=["data key", "data and index key"])
async def test_all_persons_change_keys_while_requests_go_on(
    server: PostgresServer, tmp_path: Path, *, reindexed: bool
) -> None:
    old = ring("k1")
    async with office_with(server, tmp_path, old) as before:
        await emptied(before.parts.works.engine)
        ids = await _fill(before, old, ROWS)
    keys: dict[str, Any] = {**old, "active": "k2"}
    if reindexed:
        keys |= {"index_key": new_key(), "previous_index_key": old["index_key"]}
    async with office_with(server, tmp_path, keys) as office:
        assert (await _uses(office))["left"] == COLUMNS * ROWS
        approval = await _approval(office, "k2/AES_256_GCM")
        traffic = Traffic(office, ids)
        callers = [asyncio.create_task(traffic.run(seed)) for seed in (1, 2)]
        await asyncio.sleep(0.3)
        started, earlier = time.perf_counter(), len(traffic.answers)
        job = (await _start(office, approval)).json()
        await office.work_off()
        seconds, requests = time.perf_counter() - started, len(traffic.answers) - earlier
        traffic.stop()
        await asyncio.gather(*callers)
        told = await _job(office, job["job_id"])
        assert told["state"] == "SUCCEEDED", told
        assert traffic.failed == []
        assert requests >= len(KINDS)
        after = await _uses(office)
        assert after["left"] == 0
        assert {use["key"] for use in after["uses"]} == {"k2"}
    print(
        f"\n{ROWS} persons with {COLUMNS} encrypted columns{' and an index' if reindexed else ''} in {seconds:.1f} s: "
        f"{ROWS / seconds:.0f} rows/s, beside {requests} requests ({requests / seconds:.0f} a second), none failed"
    )
    # The old keys can go: everybody is still found, by an index of the present key.
    present = {**keys, "keys": {"k2": keys["keys"]["k2"]}}
    present.pop("previous_index_key", None)
    indexes = Secrets(KeyRing.parse(_json(present))).citizen_ids.of_many(map(a_number, range(ROWS)))
    async with office_with(server, tmp_path, present) as office:
        (counted,) = await office.rows("SELECT count(*) FROM person WHERE citizen_id_index = ANY(:all)", all=indexes)
        assert counted == (ROWS,)
        for at in (0, 1, 31_415 % ROWS, ROWS - 1):
            found = await office.call("POST", "/api/v1/persons/lookup", body={"citizen_id_no": a_number(at)})
            assert found.json()["person_id"] == str(ids[at])


@pytest.mark.parametrize("service", SERVICES)
def test_every_encrypted_column_is_declared_so_that_rotation_finds_it(service: str) -> None:
    sealed = importlib.import_module(f"services.{service}.main").TRUST.sealed
    declared = {(each.table.name, column) for each in sealed for column in each.columns}
    indexes = {(each.table.name, index) for each in sealed for index, _ in each.indexes.values()}
    tables = importlib.import_module(f"services.{service}.adapters.tables").metadata.tables.values()
    binary = {
        (table.name, column.name)
        for table in tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert {column for column in binary if column[1].endswith("_cipher")} <= declared
    assert {column for column in binary if column[1].endswith("_index")} == indexes
    assert {("idempotency_key", "answer"), ("blob", "name"), ("approval", "note_cipher")} <= declared


async def test_everything_a_service_keeps_is_rotated_files_and_answers_too(
    server: PostgresServer, tmp_path: Path
) -> None:
    old = ring("k1")
    async with office_with(server, tmp_path, old) as office:
        await emptied(office.parts.works.engine)
        person_id = await office.register(1, name="欧阳", phone="14312341234", address="七号")
        await office.issue(person_id)
        guardian = {"name": "甲", "citizen_id_no": a_number(2), "relation": "PARENT", "valid_from": "2020-01-01"}
        await office.call("POST", f"/api/v1/persons/{person_id}/guardians", body=guardian)
        me: dict[str, Any] = {"who": "me", "person_id": person_id}
        asked = await office.call("POST", "/api/v1/me/requests", "person", {"kind": "COPY", "statement": "要"}, **me)
        path = f"/api/v1/person-requests/{asked.json()['request_id']}"
        await office.call("POST", f"{path}/acceptance", version='"1"')
        await office.work_off()
    keys = {**old, "active": "k2"}
    async with office_with(server, tmp_path, keys, data_algorithm="SM4-GCM") as office:
        approval = await _approval(office, "k2/SM4_GCM")
        job = (await _start(office, approval)).json()
        await office.work_off()
        told = await _job(office, job["job_id"])
        assert (told["state"], told["result"]["files"]) == ("SUCCEEDED", 2)
        uses = (await _uses(office))["uses"]
        assert {(use["key"], use["algorithm"]) for use in uses} == {("k2", "SM4_GCM")}
        assert {use["table"] for use in uses} >= {"person", "guardian", "person_request", "idempotency_key", "blob"}
    async with office_with(server, tmp_path, {**keys, "keys": {"k2": keys["keys"]["k2"]}}) as office:
        own = f"/api/v1/me/requests/{asked.json()['request_id']}/copy?format=json"
        assert "欧阳" in (await office.call("GET", own, "person", who="me", person_id=person_id)).text
        body = {"fields": ["name", "phone", "address", "certificate_no"], "purpose": "PAYMENT"}
        shown = await office.call("POST", f"/api/v1/persons/{person_id}/disclosure", body=body)
        assert shown.json()["fields"]["certificate_no"] == f"{a_number(1)}42"


async def test_a_rotation_takes_two_security_administrators(server: PostgresServer, tmp_path: Path) -> None:
    async with office_with(server, tmp_path, ring("k1")) as office:
        await emptied(office.parts.works.engine)
        none = await _start(office, "01945b6c-0000-7000-8000-000000000000")
        assert (none.status_code, none.json()["code"]) == (409, "approval_needed")
        body = {"kind": "keys.rotation", "subject_id": "k9/AES_256_GCM", "note": "另一把"}
        wrong = await office.call("POST", "/api/v1/approvals", "security_administrator", body, divisions=[])
        assert wrong.status_code == 404
        for role in ("system_administrator", "county_reviewer"):
            mine = {**body, "subject_id": "k1/AES_256_GCM"}
            assert (await office.call("POST", "/api/v1/approvals", role, mine)).status_code == 403
            refused = await office.call("POST", "/api/v1/key-rotations", role, {"approval_id": str(uuid7())})
            assert refused.status_code == 403


async def test_a_value_that_cannot_be_read_is_counted_and_the_old_key_must_stay(
    server: PostgresServer, tmp_path: Path
) -> None:
    old = ring("k1")
    async with office_with(server, tmp_path, old) as office:
        await emptied(office.parts.works.engine)
        ids = await _fill(office, old, 3)
        damage = (
            "UPDATE person SET name_cipher = set_byte(name_cipher, 30, 1 # get_byte(name_cipher, 30)) "
            "WHERE person_id = :id"
        )
        async with office.parts.works.engine.begin() as connection:
            await connection.execute(text(damage), {"id": ids[1]})
    async with office_with(server, tmp_path, {**old, "active": "k2"}) as office:
        job = (await _start(office, await _approval(office, "k2/AES_256_GCM"))).json()
        await office.work_off()
        told = await _job(office, job["job_id"])
        assert (told["state"], told["error"]["code"]) == ("FAILED", "keys_still_in_use")
        cipher = office.app.state.cipher
        async with office.parts.works.engine.connect() as connection:
            left = [use for use in await census(connection, SEALED, cipher) if not use.current]
        assert sum(use.values for use in left) == COLUMNS, "every value of the damaged row"


async def test_the_key_of_blind_indexes_changes_and_everybody_is_found_throughout(
    server: PostgresServer, tmp_path: Path
) -> None:
    old = ring("k1")
    async with office_with(server, tmp_path, old) as office:
        await emptied(office.parts.works.engine)
        ids = await _fill(office, old, 2_500)
    new = {**old, "active": "k2", "index_key": new_key(), "previous_index_key": old["index_key"]}

    async def found(office: Office, at: int) -> str:
        answer = await office.call("POST", "/api/v1/persons/lookup", body={"citizen_id_no": a_number(at)})
        return str(answer.json().get("person_id"))

    async with office_with(server, tmp_path, new) as office:
        assert await found(office, 7) == str(ids[7]), "found under the key before"
        taken = {"name": "甲", "citizen_id_no": a_number(8), "division": "341502001"}
        assert (await office.call("POST", "/api/v1/persons", body=taken)).status_code == 409
        async with office.parts.works.begin() as work:
            holder = Holder(IdentityNumber(a_number(9)), PersonName("王"), None, Division("341502001"), None)
            unchanged, conflicts = await add_holders([holder], work)
        assert (unchanged, conflicts) == ([0], [])
        job = (await _start(office, await _approval(office, "k2/AES_256_GCM"))).json()
        await office.work_off()
        assert (await _job(office, job["job_id"]))["state"] == "SUCCEEDED"
    del new["previous_index_key"]
    async with office_with(server, tmp_path, new) as office:
        assert [await found(office, at) for at in (0, 7, 2_499)] == [str(ids[at]) for at in (0, 7, 2_499)]


@pytest.mark.parametrize("changes", [{"previous_index_key": "short"}, {"previous": "x"}])
def test_rings_say_exactly_what_they_know(changes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="previous"):
        KeyRing.parse(_json({**ring(), **changes}))
