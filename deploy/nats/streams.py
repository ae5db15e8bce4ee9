"""Streams of the product, created or brought to what this version wants, by whoever operates the broker.

    NATS_URL=tls://nats-1:4222 NATS_NKEY_SEED=SU... NATS_REPLICAS=3 python -m deploy.nats.streams [service...]

Run it once on a new cluster and with every release. A service creates its own stream when it is missing, and may not
change it.
"""

import asyncio
import os
import sys
from collections.abc import Iterable

from deploy.local.catalogue import SERVICES
from shared.kit import anchors
from shared.kit.bus import Bus


async def reshape_streams(
    url: str, services: Iterable[str], *, nkey_seed: str | None = None, replicas: int = 1
) -> None:
    """Create or change the stream of each service, and the one of audit anchors. Raises BusUnavailable."""
    bus = await Bus.connect(url, name="streams", nkey_seed=nkey_seed, replicas=replicas)
    try:
        for service in services:
            await bus.ensure_stream(service.upper(), reshape=True)
        await bus.ensure_stream(anchors.STREAM, kept_days=anchors.STREAM_DAYS, reshape=True)
    finally:
        await bus.close()


def main() -> None:
    """Settings come from the environment; a seed on the command line would be seen by everybody on the machine."""
    asyncio.run(
        reshape_streams(
            os.environ["NATS_URL"],
            sys.argv[1:] or [service.name for service in SERVICES],
            nkey_seed=os.environ.get("NATS_NKEY_SEED"),
            replicas=int(os.environ.get("NATS_REPLICAS", "3")),
        )
    )


if __name__ == "__main__":
    main()
