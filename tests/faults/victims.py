"""What can be killed, and when it counts as back."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from deploy.local.program import until
from deploy.local.stack import Stack

REBORN_SECONDS_MAX: Final = 60.0


class Victim(StrEnum):
    """Processes of the chain. Workers carry several roles: the registry's relays, the subsidy service's consumes."""

    API = "registry.api"
    RELAY = "registry.worker"
    CONSUMER = "subsidy.worker"
    POSTGRES = "postgres"
    NATS = "nats"


def kill9(stack: Stack, victim: Victim) -> None:
    """SIGKILL; the supervisor starts it again."""
    match victim:
        case Victim.POSTGRES:
            stack.postgres.kill9()
        case Victim.NATS:
            stack.nats.kill9()
        case Victim.API | Victim.RELAY | Victim.CONSUMER:
            stack.process(victim).kill9()


async def back(stack: Stack, victim: Victim) -> None:
    """Until it serves again."""
    match victim:
        case Victim.POSTGRES:
            assert await until(lambda: stack.postgres.alive, seconds=REBORN_SECONDS_MAX)
            await stack.postgres.wait_ready()
        case Victim.NATS:
            assert await until(lambda: stack.nats.alive, seconds=REBORN_SECONDS_MAX)
            await stack.nats.wait_ready()
        case Victim.API | Victim.RELAY | Victim.CONSUMER:
            await stack.process(victim).wait_ready()
