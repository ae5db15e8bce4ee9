"""The metadata every module of tables declares on."""

from __future__ import annotations

from shared.kit.database import new_metadata

metadata = new_metadata()
