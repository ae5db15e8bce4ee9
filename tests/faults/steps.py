"""The named steps of the chain, and how the harness makes a process wait at one of them.

Files are the only link between the harness and a process: a process that reaches an armed step claims it by renaming
the file, and waits there until the file is gone. Killing the process or removing the file ends the wait.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Final

from deploy.local.program import until

HELD_SECONDS_MAX: Final = 60.0
POLL_SECONDS: Final = 0.002


class Step(StrEnum):
    """``<process>:<step>``, in the order in which a cancellation passes them."""

    API_APPEND = "registry.api:append"
    """State changed, nothing announced yet."""
    API_COMMIT = "registry.api:commit"
    """Appended, COMMIT not sent."""
    API_ANSWER = "registry.api:answer"
    """Committed, the client not answered."""
    RELAY_READ = "registry.worker:read"
    RELAY_PUBLISH = "registry.worker:publish"
    """Read, nothing sent."""
    RELAY_BATCH = "registry.worker:batch"
    """Two messages of an atomic batch sent."""
    RELAY_PUBLISHED = "registry.worker:published"
    """Acknowledged by the broker, the cursor not moved."""
    RELAY_ADVANCED = "registry.worker:advanced"
    CONSUMER_TAKE = "subsidy.worker:take"
    """Delivered, nothing done."""
    CONSUMER_CATCH_UP = "subsidy.worker:catch_up"
    """A page of the publisher's journal read, nothing done."""
    CONSUMER_TRANSACT = "subsidy.worker:transact"
    CONSUMER_COMMIT = "subsidy.worker:commit"
    """Awards suspended, COMMIT not sent."""
    CONSUMER_COMMITTED = "subsidy.worker:committed"
    """Committed, the broker not told."""
    CONSUMER_ACKNOWLEDGED = "subsidy.worker:acknowledged"

    @property
    def process(self) -> str:
        """Who passes this step."""
        return self.value.partition(":")[0]


class Wire(StrEnum):
    """What becomes of messages between relay and broker; the relay believes that all went well."""

    DROP = "drop"
    DROP_LAST = "drop_last"
    DROP_MIDDLE = "drop_middle"
    SHUFFLE = "shuffle"
    REPEAT = "repeat"


class Control:
    """Both ends of the link; ``directory`` belongs to one stack."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    # ------------------------------------------------------------------ the harness's end

    def arm(self, step: Step) -> None:
        """Whoever comes to this step next waits there."""
        self._armed(step).touch()

    async def held(self, step: Step) -> None:
        """Until somebody waits there. Raises TimeoutError."""
        if not await until(self._held(step).exists, seconds=HELD_SECONDS_MAX):
            message = f"nobody came to {step} within {HELD_SECONDS_MAX:g} s"
            raise TimeoutError(message)

    def release(self, step: Step) -> None:
        """Let whoever waits there go on."""
        self._armed(step).unlink(missing_ok=True)
        self._held(step).unlink(missing_ok=True)

    def bend(self, wire: Wire | None) -> None:
        """Do this to messages from now on; None: nothing."""
        path = self.directory / "wire"
        if wire is None:
            path.unlink(missing_ok=True)
        else:
            arriving = self.directory / "wire.arriving"
            arriving.write_text(wire)
            arriving.replace(path)

    def clear(self) -> None:
        """Everything as if never asked."""
        for path in self.directory.iterdir():
            path.unlink(missing_ok=True)

    # ------------------------------------------------------------------ the process's end

    async def reach(self, step: Step) -> None:
        """Wait here if the harness asked for it."""
        held = self._held(step)
        try:
            self._armed(step).rename(held)
        except FileNotFoundError:
            return
        while held.exists():
            await asyncio.sleep(POLL_SECONDS)

    def wire(self) -> Wire | None:
        """What to do to messages."""
        try:
            return Wire((self.directory / "wire").read_text())
        except FileNotFoundError:
            return None

    def _armed(self, step: Step) -> Path:
        return self.directory / f"{step}.armed"

    def _held(self, step: Step) -> Path:
        return self.directory / f"{step}.held"
