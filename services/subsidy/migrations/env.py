"""Alembic: hand the subsidy service's metadata to the kit."""

from services.subsidy.adapters.tables import award
from shared.kit.migrations import run_env

run_env(award.metadata)
