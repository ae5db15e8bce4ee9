"""The one schema all tables of the registry belong to; every group of tables has its own module beside this one."""

from __future__ import annotations

from shared.kit.database import new_metadata

metadata = new_metadata()
