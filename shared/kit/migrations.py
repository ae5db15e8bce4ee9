"""Alembic once for all services: every migration runs alone, with short lock waits.

``python -m shared.kit.migrations upgrade <service>`` reads ``DATABASE_URL``; a service's ``migrations/env.py`` only
hands over its metadata. ``migrations/HEAD`` names the current revision, so that two branches collide in git.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from alembic import command, context
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, pool, text

ROOT: Final = Path(__file__).resolve().parents[2]
MIGRATION_LOCK: Final = 7_251_003


def config_of(service: str, url: str = "") -> Config:
    """Alembic's configuration for one service, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "services" / service / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    return config


def run_env(metadata: MetaData) -> None:
    """What ``env.py`` does: run online, one migrator at a time, never waiting long for a lock."""
    engine = create_engine(
        context.config.attributes["url"],
        poolclass=pool.NullPool,
        connect_args={"options": "-c lock_timeout=4000 -c timezone=UTC"},
    )
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=metadata,
            transaction_per_migration=True,
            include_object=_is_declared,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


def _is_declared(_: object, name: str | None, kind: str, reflected: bool, __: object) -> bool:  # noqa: FBT001 - alembic's signature
    """Monthly partitions are made by a function of the database, not by the metadata."""
    return not (kind == "table" and reflected and name is not None and name.startswith(("journal_2", "audit_2")))


def upgrade(service: str, url: str) -> None:
    """Bring one service's database to the head of its migrations."""
    command.upgrade(config_of(service, url), "head")


def head(service: str) -> str:
    """The one head in the code; `RuntimeError` when branches were not merged or HEAD disagrees."""
    heads = ScriptDirectory.from_config(config_of(service)).get_heads()
    written = (ROOT / "services" / service / "migrations" / "HEAD").read_text().strip()
    if len(heads) != 1 or heads[0] != written:
        message = f"{service}: heads {heads}, migrations/HEAD says {written}"
        raise RuntimeError(message)
    return written


def main() -> None:
    """Command line entry: ``upgrade <service>`` or ``heads <service>...``."""
    match sys.argv[1:]:
        case ["upgrade", service]:
            upgrade(service, os.environ["DATABASE_URL"])
        case ["heads", *names]:
            for name in names:
                print(name, head(name))  # noqa: T201 - the answer of a command
        case _:
            sys.exit("usage: python -m shared.kit.migrations upgrade <service> | heads <service>...")


if __name__ == "__main__":
    main()
