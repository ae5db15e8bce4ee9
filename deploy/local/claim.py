"""One stack per directory: a lock that the kernel gives back however its holder ends."""

import fcntl
import json
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from signal import SIGTERM
from typing import Any, Final

import psutil

from deploy.local.program import TICK_SECONDS, NotReady

LEFTOVER_SECONDS_MAX: Final = 5.0

_log = logging.getLogger(__name__)


class StackIsRunning(Exception):
    """Another stack uses this directory."""

    def __init__(self, directory: Path, pid: str) -> None:
        super().__init__(f"a stack already runs in {directory} (process {pid}); end it with `make down`")


class Claim:
    """The right to run a stack in a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file = directory / "stack.lock"
        self._lock: int | None = None

    def take(self) -> None:
        """Take the lock and write our process id into it. Raises StackIsRunning."""
        self._directory.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not _lock_now(lock):
            pid = os.read(lock, 32).decode().strip()
            os.close(lock)
            raise StackIsRunning(self._directory, pid)
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        self._lock = lock

    def release(self) -> None:
        """Let the next one in."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def holder(self) -> int | None:
        """The process that runs a stack here, or None."""
        try:
            lock = os.open(self._file, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            # Empty for the instant between taking the lock and writing the number into it.
            return None if _lock_now(lock) else int(os.read(lock, 32) or b"0") or None
        finally:
            os.close(lock)


def stop_running(directory: Path, *, seconds: float = 15.0) -> bool:
    """Ask the stack in a directory to end, and wait; False when none ran. Raises NotReady when it goes on."""
    claim = Claim(directory)
    pid = claim.holder()
    if pid is None:
        return False
    os.kill(pid, SIGTERM)
    deadline = time.monotonic() + seconds
    while claim.holder() == pid:
        if time.monotonic() > deadline:
            message = f"process {pid} did not end within {seconds:g} s"
            raise NotReady(message)
        time.sleep(TICK_SECONDS)
    return True


def end_leftovers(record: Path) -> None:
    """Processes of a stack that was killed end by their leash: wait for that, and kill what is left.

    ``record``: the `stack.json` of that stack, which a stack that ended in order has taken away.
    """
    try:
        entries = json.loads(record.read_text())["processes"]
    except FileNotFoundError:
        return
    leftovers = [process for entry in entries if (process := _recorded_process(entry)) is not None]
    _, alive = psutil.wait_procs(leftovers, timeout=LEFTOVER_SECONDS_MAX)
    for process in alive:
        _log.warning("leftover.killed pid=%d", process.pid)
        process.kill()


def started(pid: int) -> float | None:
    """When a process started: with its number, its identity."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def _recorded_process(entry: Mapping[str, Any]) -> psutil.Process | None:
    """The process of a record, unless it ended (a zombie has) or its number went to another."""
    try:
        process = psutil.Process(entry["pid"])
        same = process.create_time() == entry["started"] and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if same else None


def _lock_now(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
