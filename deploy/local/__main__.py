"""Run the stack from a terminal: `python -m deploy.local up | down | memory`."""

import argparse
import asyncio
import json
import logging
import signal
import sys
import time
from pathlib import Path
from typing import Final

from deploy.local import memory
from deploy.local.claim import Claim, StackIsRunning, stop_running
from deploy.local.process import ServiceProcess
from deploy.local.program import NotReady, ProgramDied
from deploy.local.stack import JobFailed, Stack
from shared.contracts.roles import ROLES

TOKEN_SECONDS: Final = 12 * 3600


async def up(stack: Stack) -> None:
    """A stack in the foreground until Ctrl-C or SIGTERM, also while it is starting."""
    asked_to_end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked_to_end.set)
    began = time.monotonic()
    starting = asyncio.create_task(stack.start())
    waiting = asyncio.create_task(asked_to_end.wait())
    await asyncio.wait((starting, waiting), return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        return
    starting.result()
    print(welcome(stack, time.monotonic() - began), flush=True)
    await waiting
    print("\nstopping...", flush=True)
    began = time.monotonic()
    await stack.stop()
    print(f"stopped in {time.monotonic() - began:.1f} s; data kept in {stack.var_dir}", flush=True)


def welcome(stack: Stack, seconds: float) -> str:
    """What a person wants to know first: where everything is, and a token to try it with."""
    rows = [(service.name, stack.url(service.name), stack.url(service.name) + "/docs") for service in stack.services]
    table = "\n".join(f"  {name:<12} {url:<26} {docs}" for name, url, docs in rows)
    ops = "\n".join(f"  {process.name:<18} {process.ops_url}/readyz" for process in _processes(stack))
    return (
        f"Liangfu is up after {seconds:.1f} s; Ctrl-C ends it.\n\n"
        f"{table}\n\n{ops}\n\n"
        f"  issuer of tokens   {stack.issuer.url}/.well-known/openid-configuration\n"
        f"  PostgreSQL         127.0.0.1:{stack.postgres.port}\n"
        f"  NATS               {stack.nats.url}   {stack.nats.monitor_url}\n"
        f"  logs               {stack.var_dir / 'log'}\n\n"
        f"A token for the next 12 hours, everywhere, for everything:\n\n"
        f"export TOKEN={stack.token(' '.join(ROLES), lifetime_seconds=TOKEN_SECONDS)}\n"
    )


def _processes(stack: Stack) -> list[ServiceProcess]:
    return [stack.process(name) for service in stack.services for name, _ in service.processes()]


def down(var_dir: Path) -> str:
    """End the stack that runs in this directory. Raises NotReady when it does not end."""
    return "stopped" if stop_running(var_dir) else f"no stack runs in {var_dir}"


def show_memory(var_dir: Path) -> str:
    """PSS of the stack that runs in this directory, by process."""
    pid = Claim(var_dir).holder()
    if pid is None:
        return f"no stack runs in {var_dir}"
    entries = json.loads((var_dir / "stack.json").read_text())["processes"]
    return str(memory.measure(pid, {entry["pid"]: entry["name"] for entry in entries}))


def main() -> None:
    """Read the command line; errors the person can act on are one message, not a traceback."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "memory"))
    parser.add_argument("--var", type=Path, default=Path("var"), help="where data, logs and secrets are kept")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    try:
        match arguments.command:
            case "up":
                asyncio.run(up(Stack(arguments.var)))
            case "down":
                print(down(arguments.var))
            case _:
                print(show_memory(arguments.var))
    except (StackIsRunning, ProgramDied, NotReady, JobFailed) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
