"""Every migration leads to the schema the code declares, can be undone, and is never rewritten."""

from __future__ import annotations

import hashlib
import importlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, create_engine, pool, text

from deploy.local.postgres import PostgresServer
from shared.kit import migrations
from tests.architecture.source import ROOT, SERVICES
from tests.builders.databases import migrated

FROZEN_SHA256 = {
    "HOUSE_DDL": "a16ed016597c4960213a2a3d560dd6b0932838713f207c73828374854602892d",
    "TRUST_DDL": "43bfb1d8a56aac90dc54baadf037dbae3b26a725a4d501e4520c8933a66c3cf2",
}


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with migrated(*SERVICES) as server:
        yield server


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database(server: PostgresServer, service: str) -> Iterator[Connection]:
    engine = create_engine(server.url(service), poolclass=pool.NullPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def metadata_of(service: str) -> MetaData:
    metadata: MetaData = importlib.import_module(f"services.{service}.adapters.tables").metadata
    return metadata


def differences(connection: Connection, metadata: MetaData) -> list[Any]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "include_object": migrations.is_declared}
    )
    return list(compare_metadata(context, metadata))


def test_a_migrated_database_is_what_the_code_declares(database: Connection, service: str) -> None:
    assert differences(database, metadata_of(service)) == []


def test_a_database_that_lacks_a_column_is_noticed(database: Connection, service: str) -> None:
    with database.begin():
        database.execute(text("ALTER TABLE relay_cursor DROP COLUMN term"))
        assert [kind for kind, *_ in differences(database, metadata_of(service))] == ["add_column"]
        database.get_transaction().rollback()  # type: ignore[union-attr]


def objects(connection: Connection) -> set[tuple[str, str]]:
    """Everything in the schema but what belongs to Alembic itself."""
    rows = connection.execute(
        text(
            "SELECT 'relation', relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "UNION ALL SELECT 'function', proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
            "UNION ALL SELECT 'trigger', tgname || ' on ' || tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal"
        )
    )
    return {(kind, name) for kind, name in rows if "alembic_version" not in name}


def test_down_leaves_nothing_and_up_again_brings_everything(server: PostgresServer, service: str) -> None:
    url = server.url(service)
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        before = objects(connection)
    command.downgrade(migrations.config_of(service, url), "base")
    with engine.connect() as connection:
        assert objects(connection) == set()
    migrations.upgrade(service, url)
    with engine.connect() as connection:
        assert objects(connection) == before
    engine.dispose()


def test_a_service_has_one_head_and_it_is_written_down(service: str) -> None:
    assert migrations.head(service) == (ROOT / "services" / service / "migrations" / "HEAD").read_text().strip()


def test_two_heads_or_another_head_than_written_is_refused(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "services" / service / "migrations"
    folder.parent.mkdir(parents=True)
    shutil.copytree(ROOT / "services" / service / "migrations", folder)
    monkeypatch.setattr(migrations, "ROOT", tmp_path)
    (folder / "HEAD").write_text("0000\n")
    with pytest.raises(RuntimeError, match="HEAD says 0000"):
        migrations.head(service)
    (folder / "HEAD").write_text((ROOT / "services" / service / "migrations" / "HEAD").read_text())
    (folder / "versions" / "9999_other.py").write_text('revision = "9999"\ndown_revision = None\n')
    with pytest.raises(RuntimeError, match="heads"):
        migrations.head(service)


@pytest.mark.parametrize("constant", FROZEN_SHA256)
def test_functions_and_triggers_of_a_revision_are_never_edited(constant: str) -> None:
    found = hashlib.sha256("\n".join(getattr(migrations, constant)).encode()).hexdigest()
    assert found == FROZEN_SHA256[constant], (
        f"{constant} belongs to a revision of every service: a change is a new constant and a new revision"
    )


def test_revisions_import_nothing_that_goes_on_changing(service: str) -> None:
    for path in (ROOT / "services" / service / "migrations" / "versions").glob("*.py"):
        assert "adapters" not in path.read_text()
        assert "metadata" not in path.read_text()
