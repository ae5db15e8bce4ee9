"""Alembic: hand the indicators service's metadata to the kit."""

from services.indicators.adapters.tables import metadata
from shared.kit.migrations import run_env

run_env(metadata)
