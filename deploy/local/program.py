"""One server program of the stack: started on a leash, watched, signalled, ended."""

import asyncio
import os
import pwd
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM, Signals
from typing import Final

import httpx

from deploy.local import leash

LOG_BYTES_MAX: Final = 50 * 1024 * 1024
TICK_SECONDS: Final = 0.02


class ProgramDied(Exception):
    """A program ended while somebody waited for it to become ready; shows the end of its log."""

    def __init__(self, name: str, status: int | None, log_file: Path) -> None:
        super().__init__(f"{name} ended with status {status} before it was ready; {log_file} ends:\n{tail(log_file)}")


class NotReady(Exception):
    """A program runs but did not become ready in time."""


@dataclass(frozen=True)
class Account:
    """A user of this machine whom a program runs as."""

    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """Whom PostgreSQL runs as, which refuses root; None when we are a plain user already.

    Taken from the users every machine has: nothing is added to the machine.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    message = "running as root, and neither a user 'postgres' nor 'nobody' exists to run PostgreSQL as"
    raise RuntimeError(message)


def tail(path: Path, *, lines: int = 20) -> str:
    """The last lines of a log, for an error message; empty when there is none yet."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


def open_log(path: Path) -> int:
    """A descriptor to append to this log; an overlong one is first put aside as `.1`, replacing the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
        path.replace(path.with_suffix(path.suffix + ".1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)


async def until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Wait for a cheap condition, at most so long; whether it came true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(TICK_SECONDS)
    return True


async def until_answered(client: httpx.AsyncClient, path: str, *, alive: Callable[[], bool], seconds: float) -> bool:
    """Wait until a server answers 200 here, at most so long and no longer than it lives; whether it did."""
    deadline = time.monotonic() + seconds
    while alive() and time.monotonic() < deadline:
        try:
            if (await client.get(path)).is_success:
                return True
        except httpx.TransportError:
            pass
        await asyncio.sleep(TICK_SECONDS)
    return False


class Program:
    """A child process that is restarted under the same name.

    Must be started from the main thread: the kernel pulls the leash when the *thread* that started it ends.
    """

    def __init__(self, name: str, log_file: Path, *, leash_signal: Signals = SIGKILL) -> None:
        self.name = name
        self.log_file = log_file
        self._leash_signal = leash_signal
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process while it runs."""
        return self._popen.pid if self._popen is not None and self.alive else None

    @property
    def alive(self) -> bool:
        """Whether it runs; reaps it when it ended."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def status(self) -> int | None:
        """How it ended: its exit code, or the negative number of the signal that killed it."""
        return None if self._popen is None else self._popen.poll()

    def start(
        self,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path,
        account: Account | None = None,
        pipes: bool = False,
    ) -> subprocess.Popen[bytes]:
        """Start it in a session of its own (a Ctrl-C of the terminal is ours to hear), output into its log.

        ``pipes``: keep its standard input and output for talking with it.
        """
        user = ("-", "-") if account is None else (str(account.uid), str(account.gid))
        log = open_log(self.log_file)
        try:
            self._popen = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-S", leash.__file__),
                    *(str(int(self._leash_signal)), str(os.getpid()), *user),
                    *map(str, argv),
                ],
                stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipes else log,
                stderr=log,
                env=dict(env),
                cwd=cwd,
                start_new_session=True,
            )
        finally:
            os.close(log)
        return self._popen

    def signal(self, number: Signals) -> None:
        """Send a signal; nothing happens when it is gone already."""
        if self._popen is not None:
            self._popen.send_signal(number)

    def freeze(self) -> None:
        """SIGSTOP: it keeps its connections and does nothing."""
        self.signal(SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT after `freeze`."""
        self.signal(SIGCONT)

    def kill(self) -> None:
        """SIGKILL, and wait for the kernel to have done it."""
        if self._popen is not None:
            self._popen.kill()
            self._popen.wait()

    async def end(self, number: Signals = SIGTERM, *, seconds: float) -> bool:
        """Ask it to end, and kill it when it has not after so long; whether asking was enough."""
        self.signal(number)
        gone = await until(lambda: not self.alive, seconds=seconds)
        if not gone:
            self.kill()
        return gone
