"""Months go when their time is over, under a signed tombstone; nothing goes earlier, and nothing goes unproved."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.kit.audit_retention import RowsAreNotSealed, audit_rule
from shared.kit.audit_verify import FindingKind as Found
from shared.kit.retention import Rule
from shared.kit.signing import KeyPair
from tests.integration.audit.conftest import SERVICE, Trail, named
from tests.unit.kit.a_service import AUDIT_KEY, some_settings

Forger = psycopg.Connection[tuple[Any, ...]]
NOW = datetime.now(UTC)


KEY = KeyPair.parse(AUDIT_KEY)
KEYS = {KEY.key_id: KEY.public_key}


@pytest.fixture
def rule(trail: Trail) -> Rule:
    return audit_rule(some_settings(service=SERVICE, audit_kept_months=12), trail.auditor)


@pytest.fixture
def january(forger: Forger) -> Iterator[None]:
    """A month of two years ago."""
    forger.execute("CREATE TABLE audit_2024_01 PARTITION OF audit FOR VALUES FROM ('2024-01-01Z') TO ('2024-02-01Z')")
    forger.execute("ALTER TABLE audit_2024_01 OWNER TO kit")
    yield
    forger.execute("DROP TABLE IF EXISTS audit_2024_01")


@pytest.fixture
async def old(trail: Trail, forger: Forger, january: None) -> Trail:
    """Four sealed rows of that month, and three of today; the service's own key signs."""
    await trail.record(4)
    forger.execute("UPDATE audit SET recorded_at = '2024-01-15T12:00Z'")
    trail.sealer = trail.a_sealer(KEY)
    assert await trail.sealer.seal() == 4
    await trail.sealed(3)
    return trail


async def test_a_dry_run_counts_and_changes_nothing(old: Trail, rule: Rule, engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        assert await rule.count(connection, NOW) == 4
    assert old.verify(keys=KEYS).rows == 7


async def test_a_month_goes_and_the_chain_is_still_proved(
    old: Trail, rule: Rule, forger: Forger, engine: AsyncEngine
) -> None:
    async with engine.begin() as connection:
        assert await rule.forget(connection, NOW) == 4
        assert await rule.forget(connection, NOW) == 0
    await old.sealer.seal()
    report = old.verify(keys=KEYS)
    assert (report.intact, report.rows, report.retired) == (True, 4, 4)
    assert forger.execute("SELECT what, detail FROM audit ORDER BY audit_id DESC LIMIT 1").fetchone() == (
        "audit.month_removed",
        '{"after":{"month":"audit_2024_01","rows":4}}',
    )


async def test_a_forged_tombstone_excuses_nothing(old: Trail, rule: Rule, forger: Forger, engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await rule.forget(connection, NOW)
    forger.execute("DELETE FROM audit WHERE audit_id = 6")
    forger.execute("UPDATE audit_tombstone SET ids = '{[1,5),[6,7)}'")
    found = named(old.verify(keys=KEYS))
    assert {(Found.REMOVED, each, 1) for each in range(1, 5)} | {(Found.REMOVED, 6, 2)} <= found


@pytest.mark.parametrize(
    "edit",
    [
        "partition = 'audit_2024_02'",
        "ids = '{[1,4)}'",
        "removed_at = removed_at || ' '",
        "key_id = 'a2'",
        "signature = sha256('x') || sha256('y')",
    ],
)
async def test_an_edited_tombstone_is_named_and_with_it_the_rows_it_excused(
    old: Trail, rule: Rule, forger: Forger, engine: AsyncEngine, edit: str
) -> None:
    async with engine.begin() as connection:
        await rule.forget(connection, NOW)
    await old.sealer.seal()
    forger.execute(f"UPDATE audit_tombstone SET {edit}")
    report = old.verify(keys=KEYS)
    assert {finding.detail for finding in report.findings if finding.kind is Found.SIGNATURE_INVALID} == {
        "tombstone audit_2024_02" if edit.startswith("partition") else "tombstone audit_2024_01"
    }
    assert named(report) == {
        (Found.SIGNATURE_INVALID, None, None),
        *((Found.REMOVED, audit_id, 1) for audit_id in range(1, 5)),
    }


async def test_without_its_tombstone_a_month_was_removed(
    old: Trail, rule: Rule, forger: Forger, engine: AsyncEngine
) -> None:
    async with engine.begin() as connection:
        await rule.forget(connection, NOW)
    await old.sealer.seal()
    forger.execute("DELETE FROM audit_tombstone")
    assert named(old.verify(keys=KEYS)) == {(Found.REMOVED, audit_id, 1) for audit_id in range(1, 5)}


async def test_a_month_within_its_time_stays(old: Trail, rule: Rule, engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        soon = datetime(2025, 1, 31, tzinfo=UTC)
        assert (await rule.count(connection, soon), await rule.forget(connection, soon)) == (0, 0)
        assert await rule.count(connection, soon + timedelta(days=1)) == 4


async def test_rows_that_are_in_no_seal_do_not_go(
    trail: Trail, rule: Rule, forger: Forger, engine: AsyncEngine, january: None
) -> None:
    await trail.record(2)
    forger.execute("UPDATE audit SET recorded_at = '2024-01-15T12:00Z'")
    with pytest.raises(RowsAreNotSealed):
        async with engine.begin() as connection:
            await rule.forget(connection, NOW)
    assert forger.execute("SELECT count(*) FROM audit").fetchone() == (2,)
