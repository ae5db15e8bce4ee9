"""An office that pays a province of a thousand persons."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.builders.payroll import Office, opened


@pytest.fixture
async def office(subsidy_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(subsidy_engine, tmp_path) as office:
        yield office
