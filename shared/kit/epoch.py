"""``python -m shared.kit.epoch <database url>``: begin a new journal epoch after restoring a backup.

Run it on the restored database before its processes start. Consumers that followed the old history notice, raise the
alarm and resync.
"""

from __future__ import annotations

import asyncio
import sys

from shared.kit.database import new_engine
from shared.kit.journal import mint_epoch


async def renew(url: str, *, reason: str) -> int:
    """Mint an epoch in one database; returns it."""
    engine = new_engine(url, pool_size=1, application_name="epoch")
    try:
        async with engine.begin() as connection:
            return await mint_epoch(connection, reason=reason)
    finally:
        await engine.dispose()


def main() -> None:
    """Command line entry."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - program and one argument
        sys.exit("usage: python -m shared.kit.epoch <database url>")
    print(asyncio.run(renew(sys.argv[1], reason="restored from backup")))  # noqa: T201 - the answer of a command


if __name__ == "__main__":
    main()
