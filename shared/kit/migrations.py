"""Alembic once for all services: every migration runs alone, with short lock waits.

``python -m shared.kit.migrations upgrade <service>`` reads ``DATABASE_URL``; a service's ``migrations/env.py`` only
hands over its metadata. ``migrations/HEAD`` names the current revision, so that two branches collide in git.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from alembic import command, context, op
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, pool, text

from shared.kit.audit import AUDIT_DDL
from shared.kit.four_eyes import FOUR_EYES_DDL
from shared.kit.journal import JOURNAL_DDL
from shared.kit.leader import LEADER_DDL
from shared.kit.relay import RELAY_DDL

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
            include_object=is_declared,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


def is_declared(_: object, name: str | None, kind: str, reflected: bool, __: object) -> bool:  # noqa: FBT001 - alembic's signature
    """Partitions and tables of one job are made while the service runs, not by the metadata."""
    return not (kind == "table" and reflected and name is not None and _MADE_LATER.search(name))


_MADE_LATER: Final = re.compile(r"_(2\d{3}_?\d{2}|[0-9a-f]{32})$")
"""What their names end in: a month, or the id of what they belong to."""


_FIRST_EPOCH: Final = (
    "INSERT INTO journal_epoch (epoch, reason) "
    "SELECT CAST(extract(epoch FROM now() - timestamptz '2026-01-01 00:00Z') AS int), 'created'"
)
HOUSE_DDL: Final = (*JOURNAL_DDL, *LEADER_DDL, *RELAY_DDL, _FIRST_EPOCH)
_HOUSE_FUNCTIONS: Final = (
    "journal_append()",
    "journal_ensure_partitions(int)",
    "journal_refuse_change()",
)
TRUST_DDL: Final = (*AUDIT_DDL, *FOUR_EYES_DDL)
_TRUST_FUNCTIONS: Final = (
    "approval_digest(text, text, jsonb)",
    "approval_guard()",
    "audit_ensure_partitions(int)",
    "audit_refuse_change()",
)


def create_house() -> None:
    """Functions, triggers and first rows of the kit's tables: the end of every service's first revision.

    Decision: a revision spells its tables out, because their declarations go on changing and history must not change
    with them. Functions and triggers are long and the same in four services, so they stay beside the code that relies
    on them and are frozen instead: a test holds the checksum of `HOUSE_DDL`, and of every set after it. A change of one
    is a new constant, run by a new revision of each service, never an edit. Not chosen: four copies in the revisions,
    which nobody would read; SQL files, away from the code that explains them.
    """
    _run(HOUSE_DDL)


def drop_house() -> None:
    """The reverse; first rows go with their tables."""
    _drop(_HOUSE_FUNCTIONS)


def create_trust() -> None:
    """What keeps the audit trail append-only and two persons two: the end of every service's second revision."""
    _run(TRUST_DDL)


def drop_trust() -> None:
    """The reverse."""
    _drop(_TRUST_FUNCTIONS)


def _run(statements: Sequence[str]) -> None:
    for statement in statements:
        op.execute(statement)


def _drop(functions: Sequence[str]) -> None:
    for function in functions:
        op.execute(f"DROP FUNCTION {function} CASCADE")


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
