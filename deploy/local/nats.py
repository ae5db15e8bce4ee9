"""A real NATS server with JetStream out of a Python package, syncing every write."""

import os
import shutil
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from signal import SIGTERM
from string import Template
from typing import Final

import httpx

from deploy.local.program import NotReady, Program, ProgramDied, until_answered
from deploy.nats.permissions import User, rendered

HOST: Final = "127.0.0.1"
ADMIN: Final = "admin"
"""The user of the stack itself; its password is in the vault."""
READY_SECONDS_MAX: Final = 30.0
STOP_SECONDS_MAX: Final = 3.0

_TEMPLATE: Final = Path(__file__).with_name("nats-server.conf")


class NatsServer:
    """The broker. It is never the truth: `wipe` loses nothing that the journals do not bring back.

    ``includes``: further configuration files (TLS, limits) taken in at the end of ours. ``users``: who may connect and
    do what; without any the door is open to everybody on this machine.
    """

    name = "nats"

    def __init__(
        self,
        store_dir: Path,
        *,
        port: int,
        monitor_port: int,
        log_file: Path,
        includes: Sequence[Path] = (),
        users: Sequence[User] = (),
    ) -> None:
        self.store_dir = store_dir.resolve()
        self.port = port
        self.monitor_port = monitor_port
        self.wanted = False
        self._includes = tuple(includes)
        self._users = tuple(users)
        self.program = Program(self.name, log_file, leash_signal=SIGTERM)

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://{HOST}:{self.port}"

    @property
    def admin_url(self) -> str:
        """Where the stack's own tools and the tests connect: as a user who may do everything, streams included."""
        admin = next((user for user in self._users if user.name == ADMIN), None)
        return self.url if admin is None else f"nats://{admin.name}:{admin.password}@{HOST}:{self.port}"

    @property
    def monitor_url(self) -> str:
        """Where it answers `/healthz` and `/jsz?config=true`."""
        return f"http://{HOST}:{self.monitor_port}"

    @property
    def alive(self) -> bool:
        """Whether the server process runs."""
        return self.program.alive

    @property
    def pid(self) -> int | None:
        """The server process."""
        return self.program.pid

    def configuration(self) -> str:
        """The configuration file, rendered."""
        return Template(_TEMPLATE.read_text()).substitute(
            port=self.port,
            monitor_port=self.monitor_port,
            store_dir=self.store_dir,
            # NATS takes every include as relative to the file that includes it.
            includes="\n".join(f'include "{os.path.relpath(path, self.store_dir.parent)}"' for path in self._includes),
            users=rendered(self._users) if self._users else "",
        )

    async def start(self) -> None:
        """Start it and wait until JetStream is ready. Raises ProgramDied or NotReady."""
        self.launch()
        await self.wait_ready()

    def launch(self) -> None:
        """Start the server process without waiting."""
        self.wanted = True
        self.store_dir.mkdir(parents=True, exist_ok=True)
        configuration = self.store_dir.with_name("nats-server.conf")
        configuration.touch(mode=0o600)
        configuration.chmod(0o600)  # the administrator's password is in it
        configuration.write_text(self.configuration())
        program = Path(sysconfig.get_path("scripts")) / "nats-server"
        # The limit is for Go's collector, not for the store: it keeps the broker within its share of the stack. Some
        # 25 MB live on: a limit close to that has the collector run without end (three times the work an event).
        env = {"PATH": os.defpath, "GOMEMLIMIT": "66MiB"}
        self.program.start([program, "--config", configuration], env=env, cwd=self.store_dir.parent)

    async def wait_ready(self, seconds: float = READY_SECONDS_MAX) -> None:
        """Until its own health check, JetStream included, is content."""
        async with httpx.AsyncClient(base_url=self.monitor_url, timeout=1, trust_env=False) as client:
            ready = await until_answered(client, "/healthz", alive=lambda: self.alive, seconds=seconds)
        if not self.alive:
            raise ProgramDied(self.name, self.program.status, self.program.log_file)
        if not ready:
            message = f"NATS was not healthy within {seconds:g} s"
            raise NotReady(message)

    async def stop(self) -> None:
        """End it in order; killed when that takes longer than 3 s."""
        self.wanted = False
        await self.program.end(SIGTERM, seconds=STOP_SECONDS_MAX)

    def kill9(self) -> None:
        """SIGKILL."""
        self.program.kill()

    async def restart(self) -> None:
        """Stop if it runs, start, wait until ready."""
        await self.stop()
        await self.start()

    async def wipe(self) -> None:
        """Kill it, delete everything it stored, start it empty."""
        self.wanted = False
        self.kill9()
        shutil.rmtree(self.store_dir)
        await self.start()
