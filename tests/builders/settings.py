"""Settings of a service that talks to nobody."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from shared.kit.blobs import Blobs, DirectoryStore
from shared.kit.crypto import KeyRing
from shared.kit.database import new_engine
from shared.kit.ops import Ops
from shared.kit.service import Parts
from shared.kit.settings import ServiceSettings
from shared.kit.signing import new_key
from shared.kit.work import UnitOfWork, Works
from tests.builders.databases import DATA_KEYS
from tests.builders.works import works_on

AUDIT_KEY: Final = new_key("a1")
PROOF_KEY: Final = new_key("p1")


def settings_of(service: str, folder: Path, **given: Any) -> ServiceSettings:
    """The service's own settings class, pointing nowhere."""
    nowhere = "http://127.0.0.1:9"
    values: dict[str, Any] = {
        "environment": "test",
        "database_url": "postgresql+psycopg://nobody@127.0.0.1:9/nothing",
        "database_direct_url": "postgresql+psycopg://nobody@127.0.0.1:9/nothing",
        "nats_url": "nats://127.0.0.1:9",
        "nats_monitor_url": nowhere,
        "token_issuer": nowhere,
        "token_jwks_url": nowhere,
        "token_url": nowhere,
        "client_id": service,
        "publisher_urls": dict.fromkeys(("registry", "subsidy", "rehab"), nowhere),
        "client_secret": "secret",
        "data_keys": DATA_KEYS,
        "audit_signing_key": AUDIT_KEY,
        "audit_dir": folder,
        "blob_dir": folder,
        "budgets": {"*": {}, "refused": {}},
        "http_port": 0,
        "ops_port": 0,
    }
    if service == "registry":
        values["proof_signing_key"] = PROOF_KEY
    if service == "indicators":
        values["small_cell_min"] = 1  # tests count few people; what is hidden of few has tests of its own
    module = importlib.import_module(f"services.{service}.settings")
    kind = getattr(module, f"{service.capitalize()}Settings")
    settings: ServiceSettings = kind(**values | given)
    return settings


def make_of(service: str) -> Callable[..., UnitOfWork]:
    """What makes the service's units of work in its own processes."""
    module = importlib.import_module(f"services.{service}.adapters.work")
    if hasattr(module, "work_with"):
        with_keys: Callable[..., UnitOfWork] = module.work_with(KeyRing.parse(DATA_KEYS))
        return with_keys
    plain: Callable[..., UnitOfWork] = getattr(module, f"{service.capitalize()}Work")
    return plain


def api_of(service: str, folder: Path, *, works: Works[Any] | None = None, **given: Any) -> FastAPI:
    """The service's API with all its routes, as its process makes it; without ``works`` nothing to connect to."""
    settings = settings_of(service, folder, **given)
    tables = importlib.import_module(f"services.{service}.adapters.tables")
    keys = KeyRing.parse(settings.data_keys)
    if works is None:
        engine = new_engine(settings.database_url.get_secret_value(), pool_size=1, application_name="test")
        works = works_on(engine, make_of(service))
    assert works.auditor is not None
    parts = Parts(
        works=works,
        auditor=works.auditor,
        keys=keys,
        blobs=Blobs(DirectoryStore(folder), tables.blobs, keys, works.clock),
        ops=Ops(service=service, role="api"),
    )
    app: FastAPI = importlib.import_module(f"services.{service}.main").app_of(settings, parts)
    return app
