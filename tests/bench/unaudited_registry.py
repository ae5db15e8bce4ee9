"""The registry's API with the audit trail taken out: what auditing is measured against. Never shipped."""

from services.registry.adapters.tables import blobs
from services.registry.adapters.work import work_with
from services.registry.main import app_of
from services.registry.settings import RegistrySettings
from shared.kit.audit import Entry
from shared.kit.ops import run_api
from shared.kit.service import open_parts
from shared.kit.work import UnitOfWork


def _forget(_work: UnitOfWork, *_entries: Entry) -> None:
    """Tell nobody."""


def main() -> None:
    """As the real one, without auditor and without the rule that a route must audit."""
    UnitOfWork.audit = _forget  # type: ignore[method-assign, assignment]
    settings = RegistrySettings()
    parts = open_parts(settings, role="api", blob_tables=blobs, make_work=work_with)
    parts.works.auditor = None
    app = app_of(settings, parts)
    app.state.personal = frozenset()
    run_api(settings, app, parts.ops)


if __name__ == "__main__":
    main()
