"""What is encrypted is rotated: a column nobody declared would stay under its old key for ever."""

from __future__ import annotations

import importlib
from importlib.util import find_spec

import pytest
from sqlalchemy import MetaData

from shared.kit.trust import Trust
from tests.architecture.source import SERVICES


def trust_of(service: str) -> Trust:
    """What the service guards; one that holds something about persons says so beside it."""
    own = f"services.{service}.adapters.own_data"
    module = importlib.import_module(own if find_spec(own) else f"services.{service}.adapters.trust")
    trust: Trust = module.TRUST
    return trust


@pytest.mark.parametrize("service", SERVICES)
def test_every_encrypted_column_and_every_blind_index_is_rotated(service: str) -> None:
    metadata: MetaData = importlib.import_module(f"services.{service}.adapters.tables").metadata
    sealed = trust_of(service).sealed
    declared = {(one.table.name, column) for one in sealed for column in one.columns}
    declared |= {(one.table.name, index) for one in sealed for index, _ in one.indexes.values()}
    found = {
        (table.name, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if column.name.endswith(("_cipher", "_index"))
    }
    assert found <= declared
    assert declared - found == {("idempotency_key", "answer"), ("blob", "name")}
