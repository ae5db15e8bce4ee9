"""The page on security says nothing that is not there: tests, modules, columns, roles, settings, permissions."""

from __future__ import annotations

import importlib
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest
import yaml
from sqlalchemy import MetaData

from shared.contracts.roles import PERMISSIONS
from shared.kit.settings import ServiceSettings
from tests.architecture.source import SERVICES

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "security.md"
TEXT: Final = PAGE.read_text()
CODE: Final = tuple(re.findall(r"`([^`\n]+)`", TEXT))
PATH: Final = re.compile(r"(?:tests|shared|services|deploy|docs)/[\w./-]+")
MODULE: Final = re.compile(r"(?:shared|services|deploy)(?:\.\w+)+")
COLUMN: Final = re.compile(r"[a-z_]+\.[a-z_]+")
PERMISSION: Final = re.compile(r"[a-z]+:[a-z]+")
SETTING: Final = re.compile(r"[A-Z]+(?:_[A-Z]+)+")
ALERT: Final = re.compile(r"Liangfu[A-Z]\w+")
FOREIGN: Final = frozenset({"ENVIRONMENT"})


def spoken(shape: re.Pattern[str]) -> list[str]:
    """What stands in code on the page and has a shape."""
    return sorted({each for each in CODE if shape.fullmatch(each)})


def columns() -> set[str]:
    """``table.column`` of every table of every service."""
    found: set[str] = set()
    for service in SERVICES:
        metadata: MetaData = importlib.import_module(f"services.{service}.adapters.tables").metadata
        found |= {f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.columns}
    return found


def test_every_path_exists() -> None:
    assert len(spoken(PATH)) > 30
    assert [path for path in spoken(PATH) if not (ROOT / path).exists()] == []


def test_every_module_exists() -> None:
    assert len(spoken(MODULE)) > 10
    assert [name for name in spoken(MODULE) if find_spec(name) is None] == []


def test_every_column_exists() -> None:
    known = columns()
    tables = {column.partition(".")[0] for column in known}
    named = [column for column in spoken(COLUMN) if column.partition(".")[0] in tables]
    assert len(named) > 20
    assert [column for column in named if column not in known] == []


def test_every_encrypted_column_is_in_the_table_of_data_classes() -> None:
    """A column that ends in ``_cipher`` or ``_index`` and that the page forgets fails here."""
    sealed = {column for column in columns() if column.endswith(("_cipher", "_index"))}
    assert len(sealed) > 10
    assert sorted(sealed - set(CODE)) == []


def test_every_permission_exists() -> None:
    assert spoken(PERMISSION)
    assert [each for each in spoken(PERMISSION) if each not in PERMISSIONS] == []


def test_every_setting_exists() -> None:
    known = {name.upper() for name in ServiceSettings.model_fields} | FOREIGN
    named = spoken(SETTING)
    assert len(named) > 8
    assert [each for each in named if each not in known] == []


def test_every_alert_exists_and_every_alert_of_trust_is_named() -> None:
    groups = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text())["groups"]
    (trust,) = (group for group in groups if group["name"] == "liangfu-trust")
    assert {rule["alert"] for rule in trust["rules"]} == set(spoken(ALERT))


@pytest.mark.parametrize("entrance", ["docs/index.md", "mkdocs.yml", "README.md", "README.zh-CN.md"])
def test_the_page_is_found_from(entrance: str) -> None:
    assert "security.md" in (ROOT / entrance).read_text()


def test_what_is_not_there_is_found() -> None:
    assert not (ROOT / "tests/unit/imagined/test_nothing.py").exists()
    assert find_spec("shared.imagined") is None
    assert "person.imagined_cipher" not in columns()
