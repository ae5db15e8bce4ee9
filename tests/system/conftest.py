"""One stack for all stories of this folder: real servers, two real processes per service, everything over HTTP."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from deploy.local.stack import Stack
from tests.system.house import House


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A folder that PostgreSQL's user can reach, which pytest's own temporary folders are not when run as root."""
    directory = Path(tempfile.mkdtemp(prefix="liangfu-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
async def house(home: Path) -> AsyncIterator[House]:
    """The running product. Comparisons every second: what the stories leave behind is checked as they go."""
    stack = Stack(home / "var", environment="test", extra_env={"ANTI_ENTROPY_SECONDS": "1", "SMALL_CELL_MIN": "1"})
    async with stack, House(stack) as house:
        yield house
