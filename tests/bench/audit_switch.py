"""The registry's API with an audit trail that can be switched: off by SIGUSR2, on again by SIGUSR1. Never shipped.

One process does both, with the same connections and the same warmth: what differs is the trail alone.
"""

import signal

from services.registry.adapters.tables import blobs
from services.registry.adapters.work import work_with
from services.registry.main import app_of
from services.registry.settings import RegistrySettings
from shared.kit.audit import Entry
from shared.kit.ops import run_api
from shared.kit.service import open_parts
from shared.kit.work import UnitOfWork

ON, OFF = signal.SIGUSR1, signal.SIGUSR2


def _forget(_work: UnitOfWork, *_entries: Entry) -> None:
    """Tell nobody."""


def main() -> None:
    """As the real one; while the trail is off, routes need not tell it anything either."""
    settings = RegistrySettings()
    parts = open_parts(settings, role="api", blob_tables=blobs, make_work=work_with)
    app = app_of(settings, parts)
    tell, personal = UnitOfWork.audit, app.state.personal

    def switch(number: int, _frame: object) -> None:
        on = number == ON
        UnitOfWork.audit = tell if on else _forget  # type: ignore[method-assign, assignment]
        app.state.personal = personal if on else frozenset()

    signal.signal(ON, switch)
    signal.signal(OFF, switch)
    run_api(settings, app, parts.ops)


if __name__ == "__main__":
    main()
