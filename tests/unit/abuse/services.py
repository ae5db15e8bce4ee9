"""The API of every service there is, as its own `main` makes it, without a server behind it."""

import base64
import importlib
import json
import os
from importlib.util import find_spec
from typing import Any

import pytest
from fastapi import FastAPI

from deploy.local.catalogue import SERVICES
from shared.kit.signing import new_key

NAMES = tuple(service.name for service in SERVICES if find_spec(f"services.{service.name}.main"))


def app_of(name: str, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """What `python -m services.<name>.main` would serve."""
    kept: list[FastAPI] = []

    def keep(_settings: Any, app: FastAPI, _ops: Any) -> None:
        kept.append(app)

    def key() -> str:
        return base64.b64encode(os.urandom(32)).decode()

    nowhere = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    environment = {
        "ENVIRONMENT": "test",
        "DATABASE_URL": nowhere,
        "DATABASE_DIRECT_URL": nowhere,
        "NATS_URL": "nats://127.0.0.1:1",
        "NATS_MONITOR_URL": "http://127.0.0.1:1",
        "TOKEN_ISSUER": "https://issuer.test",
        "TOKEN_JWKS_URL": "https://issuer.test/jwks",
        "TOKEN_URL": "https://issuer.test/token",
        "CLIENT_ID": name,
        "CLIENT_SECRET": "s3cret",
        "PUBLISHER_URLS": json.dumps({service.name: "http://127.0.0.1:1" for service in SERVICES}),
        "DATA_KEYS": json.dumps({"active": "k1", "keys": {"k1": key()}, "index_key": key()}),
        "AUDIT_SIGNING_KEY": new_key("a1"),
        "PROOF_SIGNING_KEY": new_key("p1"),
        "AUDIT_DIR": "/nowhere",
        "BLOB_DIR": "/nowhere",
        "HTTP_PORT": "0",
        "OPS_PORT": "0",
    }
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    main = importlib.import_module(f"services.{name}.main")
    monkeypatch.setattr(main, "run_api", keep)
    monkeypatch.setattr("shared.kit.service.configure_logging", lambda **_: None)
    main.main()
    (app,) = kept
    return app
