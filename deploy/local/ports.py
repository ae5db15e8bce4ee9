"""Ports of the stack: free ones are picked once and kept, so that URLs stay the same from start to start."""

import json
import secrets
import socket
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
LOWEST: Final = 15_000
HIGHEST: Final = 32_000
"""Below the range from which the kernel takes ports of outgoing connections: a server that is killed
must find its port again, not a client of somebody else on it."""


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


class Ports:
    """Name -> port, remembered in a file. A remembered port that somebody else has taken is replaced."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._remembered: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
        self._given: dict[str, int] = {}

    def port(self, name: str) -> int:
        """The port of this name; the same at every call. Ask before its server starts."""
        if name not in self._given:
            remembered = self._remembered.get(name)
            taken = self._given.values()
            keeps = remembered is not None and remembered not in taken and is_free(remembered)
            self._given[name] = remembered if keeps and remembered is not None else self._pick()
            self._keep()
        return self._given[name]

    def _pick(self) -> int:
        reserved = {*self._remembered.values(), *self._given.values()}
        for _ in range(1000):
            candidate = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
            if candidate not in reserved and is_free(candidate):
                return candidate
        message = f"no free port between {LOWEST} and {HIGHEST}"
        raise RuntimeError(message)

    def _keep(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(self._remembered | self._given, indent=2, sort_keys=True) + "\n")
