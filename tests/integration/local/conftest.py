"""Real servers in folders of their own."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from deploy.local.ports import Ports
from deploy.local.postgres import PostgresServer

PASSWORDS = {"registry": "secret-of-registry", "subsidy": "secret-of-subsidy"}


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A folder that PostgreSQL's user can reach, which pytest's own temporary folders are not when run as root."""
    directory = Path(tempfile.mkdtemp(prefix="liangfu-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
async def postgres(home: Path) -> AsyncIterator[PostgresServer]:
    """A server with the databases of two services."""
    server = PostgresServer(
        home / "postgres",
        port=Ports(home / "ports.json").port("postgres"),
        password="secret-of-the-superuser",
        owners=PASSWORDS,
        log_file=home / "log" / "postgres.log",
    )
    await server.start()
    yield server
    await server.stop()
