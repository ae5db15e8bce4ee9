"""Alerts, runbook and documentation hang together: no alert without a page, no uncounted metric, no dead link."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prometheus_client import REGISTRY

ROOT: Final = Path(__file__).resolve().parents[2]
RUNBOOK: Final = ROOT / "docs" / "runbook"
ALERTS: Final = ROOT / "deploy" / "prometheus" / "alerts.yml"
OURS: Final = re.compile(r"\bliangfu_[a-z_]+\b")
LABELS: Final = re.compile(r"(liangfu_[a-z_]+)\{([^}]*)\}")
LINK: Final = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
SUFFIXES: Final = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
FOR_EVERY_PROCESS: Final = frozenset({"service", "role"})


def the_rules() -> list[dict[str, Any]]:
    document = yaml.safe_load(ALERTS.read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def the_pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.fixture(scope="module")
def counted() -> dict[str, frozenset[str]]:
    """Every metric the product counts, as Prometheus calls it -> its labels."""
    for module in (
        *("shared.kit.instruments", "shared.kit.metrics", "shared.kit.jobs"),
        *(f"services.{path.parent.name}.metrics" for path in ROOT.glob("services/*/metrics.py")),
    ):
        importlib.import_module(module)
    return dict(_counted())


def _counted() -> Iterator[tuple[str, frozenset[str]]]:
    for collector in set(REGISTRY._collector_to_names):
        labels = frozenset(getattr(collector, "_labelnames", ()))
        for family in collector.describe() if hasattr(collector, "describe") else ():
            for suffix in SUFFIXES.get(family.type, ()):
                yield family.name + suffix, labels


def test_every_alert_has_a_page_that_names_it_and_is_listed() -> None:
    index = (RUNBOOK / "README.md").read_text()
    for rule in the_rules():
        page = ROOT / rule["annotations"]["runbook"]
        assert page.parent == RUNBOOK
        assert rule["alert"] in page.read_text(), rule["alert"]
        assert rule["alert"] in index, rule["alert"]


def test_every_page_of_the_runbook_is_listed_and_says_how_to_look_and_what_to_do() -> None:
    index = (RUNBOOK / "README.md").read_text()
    for page in RUNBOOK.glob("*.md"):
        if page.name == "README.md":
            continue
        assert f"({page.name})" in index, page.name
        text = page.read_text()
        assert "## What it means" in text, page.name
        assert "## Check" in text, page.name
        assert "## Do" in text, page.name


def test_every_alert_says_how_urgent_it_is_and_what_it_is_about() -> None:
    names = [rule["alert"] for rule in the_rules()]
    assert len(names) == len(set(names))
    for rule in the_rules():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]


def test_every_metric_an_alert_or_a_page_speaks_of_is_counted(counted: dict[str, frozenset[str]]) -> None:
    for rule in the_rules():
        assert set(OURS.findall(rule["expr"])) <= counted.keys(), rule["alert"]
    # Pages also speak of families (`liangfu_http_request_seconds`) and of what a pattern begins with.
    for page in RUNBOOK.glob("*.md"):
        for name in OURS.findall(page.read_text()):
            assert any(metric.startswith(name) for metric in counted), f"{page.name}: {name}"


def test_every_label_an_alert_selects_by_exists(counted: dict[str, frozenset[str]]) -> None:
    for rule in the_rules():
        for metric, selectors in LABELS.findall(rule["expr"]):
            chosen = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selectors))
            assert chosen <= counted[metric] | FOR_EVERY_PROCESS, rule["alert"]


def test_a_metric_that_does_not_exist_is_found(counted: dict[str, frozenset[str]]) -> None:
    assert not set(OURS.findall("rate(liangfu_imagined_total[5m]) > 0")) <= counted.keys()


@pytest.mark.parametrize("page", the_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_the_documentation_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_every_page_is_in_the_navigation_and_every_entry_is_a_page() -> None:
    entries = set(_leaves(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert entries == pages


def _leaves(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    else:
        for entry in nav.values() if isinstance(nav, dict) else nav:
            yield from _leaves(entry)
