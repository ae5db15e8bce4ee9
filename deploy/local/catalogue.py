"""The services of the stack: what each is called, whom it reads, what it may ask of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

ROLES: Final = ("api", "worker")
"""The processes of a service: one answers HTTP; the other relays, consumes and does scheduled work."""

MACHINE_PERMISSIONS: Final = frozenset({"journal:read", "journal:compare"})
"""What every service's own client may do at the services it reads: follow their journals, compare copies."""


@dataclass(frozen=True)
class Service:
    """One service. ``reads``: the publishers whose API it calls; ``asks``: what else its own client may do there.

    Modules default to the house layout.
    """

    name: str
    reads: tuple[str, ...] = ()
    asks: frozenset[str] = frozenset()
    api_module: str = ""
    worker_module: str = ""
    migrates: bool = True

    @property
    def permissions(self) -> frozenset[str]:
        """The scopes of its own client."""
        return MACHINE_PERMISSIONS | self.asks

    def module(self, role: str) -> str:
        """What the process of this role runs."""
        if role == "api":
            return self.api_module or f"services.{self.name}.main"
        return self.worker_module or f"services.{self.name}.worker"

    def processes(self) -> Iterator[tuple[str, str]]:
        """(process name, role) of each process, API first."""
        for role in ROLES:
            yield f"{self.name}.{role}", role


SERVICES: Final = (
    Service("registry"),
    Service("subsidy", reads=("registry",), asks=frozenset({"person:link"})),
    Service("rehab", reads=("registry",)),
    Service("indicators", reads=("registry", "subsidy", "rehab")),
)
