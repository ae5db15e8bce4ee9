"""Ports of the stack: free ones are picked once and kept, so that URLs stay the same from start to start."""

import json
import secrets
import socket
import weakref
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


def _claim(port: int) -> socket.socket | None:
    """Keep other stacks of this machine off a port nobody listens on yet; None when one of them was first.

    A name in Linux's abstract namespace: it belongs to the same network as the port and is gone with its process.
    """
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0liangfu/port/{port}")
    except OSError:
        claim.close()
        return None
    return claim


def _release(claims: list[socket.socket]) -> None:
    for claim in claims:
        claim.close()


class Ports:
    """Name -> port, remembered in a file. A remembered port that somebody else has taken is replaced."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._remembered: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
        self._given: dict[str, int] = {}
        self._claims: list[socket.socket] = []
        self.release = weakref.finalize(self, _release, self._claims)
        """Let other stacks have the ports; by itself when this object is forgotten."""

    def port(self, name: str) -> int:
        """The port of this name; the same at every call. Ask before its server starts."""
        if name not in self._given:
            remembered = self._remembered.get(name)
            taken = self._given.values()
            keeps = remembered is not None and remembered not in taken and self._takes(remembered)
            self._given[name] = remembered if keeps and remembered is not None else self._pick()
            self._keep()
        return self._given[name]

    def _pick(self) -> int:
        reserved = {*self._remembered.values(), *self._given.values()}
        for _ in range(1000):
            candidate = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
            if candidate not in reserved and self._takes(candidate):
                return candidate
        message = f"no free port between {LOWEST} and {HIGHEST}"
        raise RuntimeError(message)

    def _takes(self, port: int) -> bool:
        claim = _claim(port) if is_free(port) else None
        if claim is not None:
            self._claims.append(claim)
        return claim is not None

    def _keep(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(self._remembered | self._given, indent=2, sort_keys=True) + "\n")
