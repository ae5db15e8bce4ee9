"""Alembic: hand the rehab service's metadata to the kit."""

from services.rehab.adapters.tables import rehab_case
from shared.kit.migrations import run_env

run_env(rehab_case.metadata)
