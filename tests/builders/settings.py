"""Settings of a service that talks to nobody."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from shared.kit.audit import Auditor
from shared.kit.blobs import Blobs, DirectoryStore
from shared.kit.clock import Clock
from shared.kit.crypto import KeyRing
from shared.kit.database import new_engine
from shared.kit.ops import Ops
from shared.kit.service import Parts
from shared.kit.settings import ServiceSettings
from shared.kit.work import UnitOfWork, Works
from tests.builders.databases import DATA_KEYS


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
        "client_secret": "secret",
        "data_keys": DATA_KEYS,
        "blob_dir": folder,
        "http_port": 0,
        "ops_port": 0,
    }
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


def api_of(service: str, folder: Path) -> FastAPI:
    """The service's API with all its routes, as its process makes it; it has nothing to connect to."""
    settings = settings_of(service, folder)
    tables = importlib.import_module(f"services.{service}.adapters.tables")
    clock, keys = Clock(movable=True), KeyRing.parse(settings.data_keys)
    engine = new_engine(settings.database_url.get_secret_value(), pool_size=1, application_name="test")
    auditor = Auditor(engine, keys)
    parts = Parts(
        works=Works(engine, clock=clock, make=make_of(service), auditor=auditor),
        auditor=auditor,
        keys=keys,
        blobs=Blobs(DirectoryStore(folder), tables.blobs, keys, clock),
        ops=Ops(service=service, role="api"),
    )
    app: FastAPI = importlib.import_module(f"services.{service}.main").app_of(settings, parts)
    return app
