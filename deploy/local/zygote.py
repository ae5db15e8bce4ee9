"""The fork server's own process: imports the heavy libraries once, then forks a child per request.

Importing takes 2 s and 100 MB in each process otherwise; forked children share those pages. Run as
`python -m deploy.local.zygote module...` with the modules to import first. Speaks JSON lines:

    <- {"key": 1, "name": "...", "module": "...", "argv": [], "env": {}, "log_file": "..."}
    -> {"key": 1, "pid": 123}
    -> {"key": 1, "status": 0}            exit code, or minus the signal that killed it

Ends when its standard input does. Children are on a leash: they die with it.
Nothing imported here may start a thread, open a connection or read settings: the children inherit it all.
"""

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NoReturn

from deploy.local.leash import put_on

PR_SET_NAME = 15
NAME_BYTES_MAX = 15

Request = dict[str, Any]


def preload(names: list[str]) -> None:
    """Import what is there, and call what is named after a colon: what it reads and keeps is shared as well.

    What fails will fail again, visibly, in the child that needs it.
    """
    for name in names:
        module, _, call = name.partition(":")
        try:
            imported = importlib.import_module(module)
            if call:
                getattr(imported, call)()
        except Exception:  # noqa: BLE001 - whatever a broken module raises must not take the other services along
            print(f"zygote: {name} was not preloaded: {traceback.format_exc(limit=-1)}", file=sys.stderr)


class Nursery:
    """Forks on request and tells of the ends of children."""

    def __init__(self, requests: int, answers: int) -> None:
        self._requests = requests
        self._answers = answers
        self._keys: dict[int, int] = {}
        self._unread = b""
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)

    def serve(self) -> Request | None:
        """In the parent: until the requests end, then None. In each child: returns the request it was born for."""
        # A handler must exist for the wake-up byte to be written; SIG_DFL would swallow the news.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waker.fileno())
        while True:
            ready, _, _ = select.select([self._requests, self._woken.fileno()], [], [])
            if self._woken.fileno() in ready:
                self._reap()
            if self._requests not in ready:
                continue
            received = os.read(self._requests, 65536)
            if not received:
                return None
            for request in self._lines(received):
                if self._fork(request):
                    return request

    def _lines(self, received: bytes) -> Iterator[Request]:
        *lines, self._unread = (self._unread + received).split(b"\n")
        for line in lines:
            yield json.loads(line)

    def _fork(self, request: Request) -> bool:
        """Whether we are the child now."""
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            self._woken.close()
            self._waker.close()
            settle(request, parent)
            return True
        self._keys[pid] = request["key"]
        self._tell(key=request["key"], pid=pid)
        return False

    def _reap(self) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(4096)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._tell(key=self._keys.pop(pid), status=os.waitstatus_to_exitcode(status))

    def _tell(self, **answer: int) -> None:
        os.write(self._answers, json.dumps(answer).encode() + b"\n")


def settle(request: Request, parent: int) -> None:
    """Make a freshly forked child a process of its own: session, leash, signals, descriptors, environment, name."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    put_on(signal.SIGKILL, parent)
    _redirect(request["log_file"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    sys.argv = [request["module"], *request["argv"]]
    _name(request["name"])
    _reseed()


def _redirect(log_file: str) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    log = os.open(log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))


def _name(name: str) -> None:
    """What `top` and `ps -o comm` show."""
    import ctypes  # noqa: PLC0415 - one use, and the leash has loaded it

    ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode()[:NAME_BYTES_MAX], 0, 0, 0)


def _reseed() -> None:
    """The identifiers of two children must not be twins: this library keeps its random state across a fork."""
    reseed: Callable[[], None] | None = getattr(sys.modules.get("uuid_utils"), "reseed_rng", None)
    if reseed is not None:
        reseed()


def run(module: str) -> NoReturn:
    """What the child is for: `main()` of its module. Its result is the exit code."""
    sys.exit(importlib.import_module(module).main())


def main() -> None:
    """Keep standard output for answers, import, freeze, serve; go on as whatever child we became."""
    answers = os.dup(1)
    os.dup2(2, 1)
    preload(sys.argv[1:])
    gc.collect()
    gc.freeze()  # the collector never touches what was imported, so the pages stay shared
    request = Nursery(0, answers).serve()
    if request is not None:
        run(request["module"])


if __name__ == "__main__":
    main()
