"""A real Chromium in front of the running product."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.builders.chromium import chromium
from tests.system.conftest import home, house

__all__ = ["home", "house"]

# What comes late on a busy machine still comes; what never comes fails as well.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One for all."""
    async with chromium() as browser:
        yield browser
