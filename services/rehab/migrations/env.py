"""Alembic: hand the rehab service's metadata to the kit."""

from services.rehab.adapters.tables import metadata
from shared.kit.migrations import run_env

run_env(metadata)
