"""Alembic: hand the subsidy service's metadata to the kit."""

from services.subsidy.adapters.tables import metadata
from shared.kit.migrations import run_env

run_env(metadata)
