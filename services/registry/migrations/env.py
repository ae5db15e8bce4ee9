"""Alembic: hand the registry's metadata to the kit."""

from services.registry.adapters.tables import metadata
from shared.kit.migrations import run_env

run_env(metadata)
