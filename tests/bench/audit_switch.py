"""The registry's API with switches: SIGUSR2 no audit trail, SIGRTMIN no authorisation either, SIGUSR1 both again.

Never shipped. One process does all, with the same connections and the same warmth: what differs is the trail, or who
asks, alone.
"""

import signal

from starlette.requests import HTTPConnection

from services.registry.adapters.tables import blobs
from services.registry.adapters.work import work_with
from services.registry.main import app_of
from services.registry.settings import RegistrySettings
from shared.kit.audit import Entry
from shared.kit.ops import run_api
from shared.kit.permissions import Caller, Decision
from shared.kit.service import open_parts
from shared.kit.work import UnitOfWork
from shared.values.division import Scope

ON, OFF, BARE = signal.SIGUSR1, signal.SIGUSR2, signal.SIGRTMIN
ANYBODY = Caller("bench", "bench", "", frozenset(), frozenset(), Scope.everywhere(), machine=True)


def _forget(_work: UnitOfWork, *_entries: Entry) -> None:
    """Tell nobody."""


async def _let_in(_decision: Decision, connection: HTTPConnection) -> Caller | None:
    """Ask nobody who they are."""
    connection.state.permission_decided = True
    connection.state.caller = ANYBODY
    return ANYBODY


def main() -> None:
    """As the real one; while the trail is off, routes need not tell it anything either."""
    settings = RegistrySettings()
    parts = open_parts(settings, role="api", blob_tables=blobs, make_work=work_with)
    app = app_of(settings, parts)
    tell, decide, personal = UnitOfWork.audit, Decision.__call__, app.state.personal

    def switch(number: int, _frame: object) -> None:
        UnitOfWork.audit = tell if number == ON else _forget  # type: ignore[method-assign, assignment]
        app.state.personal = personal if number == ON else frozenset()
        Decision.__call__ = _let_in if number == BARE else decide  # type: ignore[method-assign, assignment]

    for each in (ON, OFF, BARE):
        signal.signal(each, switch)
    run_api(settings, app, parts.ops)


if __name__ == "__main__":
    main()
