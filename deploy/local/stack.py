"""The whole product on one machine: servers, issuer, migrations and two processes per service, kept running."""

import asyncio
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from signal import SIGKILL
from types import TracebackType
from typing import Any, Final, Self

from deploy.local import memory
from deploy.local.catalogue import SERVICES, Service
from deploy.local.claim import Claim, end_leftovers, started
from deploy.local.forkserver import LIBRARIES, ForkServer
from deploy.local.issuer import AUDIENCE, LIFETIME_SECONDS, Client, Issuer, Person
from deploy.local.nats import ADMIN, NatsServer
from deploy.local.ports import HOST, Ports
from deploy.local.postgres import PostgresServer
from deploy.local.process import ServiceProcess
from deploy.local.program import tail
from deploy.local.supervisor import Supervisor, Unit
from deploy.local.vault import Vault
from deploy.nats.permissions import MONITOR, OF_MONITOR, User, of_service

JOB_SECONDS_MAX: Final = 600.0
RECORD_SECONDS: Final = 0.2
UNLIMITED: Final[dict[str, dict[str, str]]] = {"*": {}, "refused": {}}
"""Budgets of the embedded stack: one person and one address do everything here, as fast as they can."""


class JobFailed(Exception):
    """A one-off process (a migration, a new epoch) ended badly; shows the end of its log."""


class Stack:
    """Everything, started in order and stopped in reverse. One per directory, guarded by a lock file.

    ``extra_env``: further settings for every service process; ``libraries``: what is imported once for all of them.
    Use as an async context manager, in the main thread.
    """

    # The parts exist from `start` on: making them takes the directory's ports and secrets.
    postgres: PostgresServer
    nats: NatsServer
    issuer: Issuer
    forkserver: ForkServer
    supervisor: Supervisor

    def __init__(
        self,
        var_dir: Path,
        *,
        environment: str = "demo",
        services: Sequence[Service] = SERVICES,
        extra_env: Mapping[str, str] | None = None,
        libraries: Sequence[str] = LIBRARIES,
    ) -> None:
        self.var_dir = var_dir.resolve()
        self.environment = environment
        self.services = tuple(services)
        self._extra_env = dict(extra_env or {})
        self._libraries = tuple(libraries)
        self._processes: dict[str, ServiceProcess] = {}
        self._closing = AsyncExitStack()

    # ------------------------------------------------------------------ life

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start everything and wait until it is ready. What was started is stopped again when something fails.

        Raises StackIsRunning, ProgramDied, NotReady, JobFailed.
        """
        async with AsyncExitStack() as closing:
            claim = Claim(self.var_dir)
            claim.take()
            closing.callback(claim.release)
            self._prepare()
            closing.callback(self._ports.release)
            await self._start_servers(closing)
            await asyncio.gather(*(self.migrate(service.name) for service in self.services if service.migrates))
            await self._start_processes(closing)
            self._closing = closing.pop_all()

    async def stop(self) -> None:
        """End the services, then the broker, then the database; nothing is left running after at most 10 s."""
        await self._closing.aclose()

    async def _start_servers(self, closing: AsyncExitStack) -> None:
        closing.push_async_callback(self.postgres.stop)
        closing.push_async_callback(self.nats.stop)
        closing.push_async_callback(self.issuer.stop)
        closing.push_async_callback(self.forkserver.stop)
        self.forkserver.launch()
        await asyncio.gather(self.postgres.start(), self.nats.start(), self.issuer.start())
        await self._reshape_streams()

    async def _start_processes(self, closing: AsyncExitStack) -> None:
        closing.push_async_callback(self._stop_processes)
        for process in self._processes.values():
            process.launch()
        for task in (asyncio.create_task(self.supervisor.run()), asyncio.create_task(self._keep_record())):
            closing.push_async_callback(_cancelled, task)
        await asyncio.gather(*(process.wait_ready() for process in self._processes.values()))
        self._record()

    async def _stop_processes(self) -> None:
        await asyncio.gather(*(process.stop() for process in self._processes.values()))
        self._record_file.unlink(missing_ok=True)

    def _prepare(self) -> None:
        """Everything that needs no waiting: secrets, ports, the parts themselves."""
        end_leftovers(self._record_file)
        self._vault = Vault(self.var_dir / "secrets")
        self._ports = Ports(self.var_dir / "ports.json")
        port, log = self._ports.port, self.log_file
        self.postgres = PostgresServer(
            self.var_dir / "postgres",
            port=port("postgres"),
            password=self._vault.password("postgres"),
            owners={service.name: self._vault.password(f"database:{service.name}") for service in self.services},
            log_file=log("postgres"),
        )
        self.nats = NatsServer(
            self.var_dir / "nats" / "store",
            port=port("nats"),
            monitor_port=port("nats.monitor"),
            log_file=log("nats"),
            users=self._broker_users(),
        )
        self.issuer = Issuer(
            port=port("issuer"),
            key=self._vault.signing_key(),
            clients={
                service.name: Client(self._client_secret(service), service.permissions) for service in self.services
            },
            environment=self.environment,
        )
        self.forkserver = ForkServer(log("forkserver"), preload=tuple(self._preload()))
        self.supervisor = Supervisor(self._units)
        self._processes = {
            name: self._service_process(name, service, role)
            for service in self.services
            for name, role in service.processes()
        }

    def _preload(self) -> Iterator[str]:
        yield from self._libraries
        yield "shared.kit.migrations"
        yield "deploy.nats.streams"
        for service in self.services:
            yield from (service.module(role) for _, role in service.processes())

    def _units(self) -> Iterator[Unit]:
        """What is kept running, what others need first."""
        yield self.postgres
        yield self.nats
        yield self.forkserver
        yield from tuple(self._processes.values())

    # ------------------------------------------------------------------ where things are

    def process(self, name: str) -> ServiceProcess:
        """A service process by name: `registry.api`, `registry.worker`."""
        return self._processes[name]

    def url(self, service: str) -> str:
        """Base URL of a service's API."""
        return f"http://{HOST}:{self._ports.port(f'{service}.api.http')}"

    def ops_url(self, service: str, role: str) -> str:
        """Base URL of the ops port of a process: `/livez`, `/readyz`, `/metrics`, `/version`."""
        return f"http://{HOST}:{self._ports.port(f'{service}.{role}.ops')}"

    def database_url(self, service: str) -> str:
        """SQLAlchemy URL of a service's database as the service."""
        return self.postgres.url(service)

    def log_file(self, name: str) -> Path:
        """The log of a process, server or job."""
        return self.var_dir / "log" / f"{name}.log"

    def token(
        self,
        role: str = "",
        *,
        divisions: Iterable[str] = ("*",),
        scopes: Iterable[str] = (),
        subject: str = "local-person",
        name: str = "",
        person_id: str = "",
        ward_ids: Iterable[str] = (),
        lifetime_seconds: int = LIFETIME_SECONDS,
    ) -> str:
        """A bearer token: of a person with these roles (separated by spaces), or with ``scopes`` of a machine.

        ``divisions``: prefixes of division codes, `*` for everywhere. ``person_id`` and ``ward_ids`` are claims of
        people who look at their own data.
        """
        if permissions := frozenset(scopes):
            return self.issuer.machine_token(
                subject, permissions, divisions=tuple(divisions), lifetime_seconds=lifetime_seconds
            )
        person = Person(
            subject, name or subject, tuple(role.split()), tuple(divisions), person_id, tuple(map(str, ward_ids))
        )
        return self.issuer.person_token(person, lifetime_seconds=lifetime_seconds)

    @property
    def _record_file(self) -> Path:
        return self.var_dir / "stack.json"

    def memory(self) -> memory.MemoryReport:
        """What it all takes now."""
        return memory.measure(os.getpid(), {pid: name for name, pid in self._pids().items()})

    # ------------------------------------------------------------------ changing what runs

    async def spawn(
        self,
        name: str,
        *,
        module: str | None = None,
        extra_env: Mapping[str, str] | None = None,
        ready: bool = True,
    ) -> ServiceProcess:
        """Run a service process anew, with another module or further settings if given; the old one is ended first.

        Restarts by the supervisor keep module and settings; `spawn(name)` alone returns to the ordinary ones.
        """
        await self.stop_process(name)
        service, role = self._service(name.partition(".")[0]), name.partition(".")[2]
        process = self._service_process(name, service, role)
        process.module = module or process.module
        process.env |= extra_env or {}
        self._processes[name] = process
        process.launch()
        if ready:
            await process.wait_ready()
        return process

    async def stop_process(self, name: str) -> None:
        """End one process and leave it ended until `spawn`."""
        await self._processes[name].stop()

    async def run(self, module: str, *argv: str, service: str) -> None:
        """Run `main()` of a module to its end with a service's settings. Raises JobFailed with the end of its log."""
        name = f"{service}.{module.rpartition('.')[2]}"
        await self._run(name, module, argv, self._environment(self._service(service), "worker"))

    async def _run(self, name: str, module: str, argv: Sequence[str], env: Mapping[str, str]) -> None:
        job = self.forkserver.fork(name, module, env=env, log_file=self.log_file(name), argv=argv)
        finished = await job.ended(JOB_SECONDS_MAX)
        if not finished or job.status != 0:
            job.signal(SIGKILL)
            message = f"{name} ended with status {job.status}; {job.log_file} ends:\n{tail(job.log_file)}"
            raise JobFailed(message)

    async def _reshape_streams(self) -> None:
        """As whoever operates the broker would, in a process of its own: the supervisor stays small."""
        env = {"PATH": os.defpath, "NATS_URL": self.nats.admin_url, "NATS_REPLICAS": "1"}
        await self._run("streams", "deploy.nats.streams", [service.name for service in self.services], env)

    async def migrate(self, service: str) -> None:
        """Bring a service's database to the newest schema."""
        await self.run("shared.kit.migrations", "upgrade", service, service=service)

    async def restore_database(self, service: str, file: Path) -> None:
        """Put a service's database back to a back-up (`postgres.dump_database`), under a new journal epoch."""

        async def mint_epoch(database_url: str) -> None:
            await self.run("shared.kit.epoch", database_url, service=service)

        await self.postgres.restore_database(service, file, after_restore=mint_epoch)

    # ------------------------------------------------------------------ settings of the processes

    def _service(self, name: str) -> Service:
        return next(service for service in self.services if service.name == name)

    def _service_process(self, name: str, service: Service, role: str) -> ServiceProcess:
        return ServiceProcess(
            name,
            service.module(role),
            env=self._environment(service, role),
            log_file=self.log_file(name),
            ops_url=self.ops_url(service.name, role),
            nursery=self.forkserver,
        )

    def _client_secret(self, service: Service) -> str:
        return self._vault.password(f"client:{service.name}")

    def _broker_users(self) -> list[User]:
        """Each service with exactly its own rights, a monitor, and the stack itself."""
        return [
            *(
                User(service.name, of_service(service), nkey=self._vault.nkey(service.name).public)
                for service in self.services
            ),
            User(MONITOR, OF_MONITOR, nkey=self._vault.nkey(MONITOR).public),
            User(ADMIN, None, password=self._vault.password("nats:admin")),
        ]

    def _environment(self, service: Service, role: str) -> dict[str, str]:
        """Exactly what a process of this service sees: nothing of the supervisor's own environment."""
        database_url = self.database_url(service.name)
        return {
            "PATH": os.defpath,
            "LC_ALL": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "ENVIRONMENT": self.environment,
            "DATABASE_URL": database_url,
            "DATABASE_DIRECT_URL": database_url,
            "NATS_URL": self.nats.url,
            "NATS_NKEY_SEED": self._vault.nkey(service.name).seed,
            "NATS_MONITOR_URL": self.nats.monitor_url,
            "TOKEN_ISSUER": self.issuer.url,
            "TOKEN_AUDIENCE": AUDIENCE,
            "TOKEN_JWKS_URL": self.issuer.jwks_url,
            "TOKEN_URL": self.issuer.token_url,
            "CLIENT_ID": service.name,
            "CLIENT_SECRET": self._client_secret(service),
            "PUBLISHER_URLS": json.dumps({publisher: self.url(publisher) for publisher in service.reads}),
            "DATA_KEYS": self._vault.data_keys(service.name),
            "AUDIT_SIGNING_KEY": self._vault.audit_key(service.name),
            "AUDIT_DIR": str(self.var_dir / "audit"),
            "BLOB_DIR": str(self.var_dir / "blobs" / service.name),
            "HTTP_HOST": HOST,
            "HTTP_PORT": str(self._ports.port(f"{service.name}.api.http")),
            "OPS_PORT": str(self._ports.port(f"{service.name}.{role}.ops")),
            "GRACEFUL_SHUTDOWN_SECONDS": "3",
            "BUDGETS": json.dumps(UNLIMITED),
            "DATABASE_POOL_SIZE": "3" if role == "api" else "5",
            **({"PROOF_SIGNING_KEY": self._vault.proof_key()} if service.name == "registry" else {}),
            **self._extra_env,
        }

    # ------------------------------------------------------------------ what others read of it

    def _pids(self) -> dict[str, int]:
        return {unit.name: unit.pid for unit in self._units_with_pids() if unit.pid is not None}

    def _units_with_pids(self) -> Iterator[PostgresServer | NatsServer | ForkServer | ServiceProcess]:
        yield from (self.postgres, self.nats, self.forkserver)
        yield from self._processes.values()

    async def _keep_record(self) -> None:
        pids: dict[str, int] = {}
        while True:
            if pids != (now := self._pids()):
                pids = now
                self._record()
            await asyncio.sleep(RECORD_SECONDS)

    def _record(self) -> None:
        """Write `stack.json`: where everything is, and nothing secret."""
        arriving = self._record_file.with_suffix(".arriving")
        arriving.write_text(json.dumps(self.description(), indent=2) + "\n")
        arriving.replace(self._record_file)

    def description(self) -> dict[str, Any]:
        """URLs, ports, processes and logs, without secrets."""
        return {
            "pid": os.getpid(),
            "environment": self.environment,
            "urls": {service.name: self.url(service.name) for service in self.services},
            "ops_urls": {name: process.ops_url for name, process in self._processes.items()},
            "issuer": self.issuer.url,
            "nats": {"url": self.nats.url, "monitor_url": self.nats.monitor_url},
            "postgres": {"host": HOST, "port": self.postgres.port},
            "processes": [
                {"name": name, "pid": pid, "started": started(pid), "log": str(self.log_file(name))}
                for name, pid in self._pids().items()
            ],
        }


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
