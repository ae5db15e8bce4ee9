"""A second process of the same role, as a deployment with hot standbys has it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from deploy.local.ports import HOST
from deploy.local.process import ServiceProcess
from tests.faults.victims import Victim
from tests.faults.world import MODULES, World


@asynccontextmanager
async def another(world: World, role: Victim) -> AsyncIterator[ServiceProcess]:
    """Beside the one that runs: its own ports, supervised like it, ended with the block."""
    stack, name = world.stack, f"{role}.second"
    service, kind = role.split(".")
    process = stack._service_process(name, stack._service(service), kind)
    process.module = MODULES[role]
    ops_port = stack._ports.port(f"{name}.ops")
    process.env |= {"OPS_PORT": str(ops_port), "HTTP_PORT": str(stack._ports.port(f"{name}.http"))}
    process.ops_url = f"http://{HOST}:{ops_port}"
    stack._processes[name] = process
    process.launch()
    try:
        await process.wait_ready()
        yield process
    finally:
        await process.stop()
        del stack._processes[name]


def url_of(process: ServiceProcess) -> str:
    """Where a second API answers."""
    return f"http://{HOST}:{process.env['HTTP_PORT']}"
