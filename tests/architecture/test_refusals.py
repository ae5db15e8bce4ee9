"""Every refusal has words, and every word in braces is a fact given where the refusal is raised."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pytest

from shared.kit.problems import ProblemText
from shared.values.invalid import InvalidValue
from shared.values.refusal import Refusal
from tests.architecture.source import ROOT, SERVICES, called_name, parsed, python_files


@dataclass(frozen=True, slots=True)
class Raised:
    """One place where a refusal is made, with the facts it is given; ``open_ended`` when they are not all visible."""

    where: str
    facts: frozenset[str]
    open_ended: bool


def texts_of(service: str) -> Mapping[type[Refusal], ProblemText]:
    """The words of a service's refusals."""
    module = importlib.import_module(f"services.{service}.entrypoints.http.problems")
    texts: Mapping[type[Refusal], ProblemText] = module.TEXTS
    return texts


def refusals_of(package: str) -> set[type[Refusal]]:
    """Every refusal declared in a package."""
    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(root.__path__, f"{package}."):
        if ".migrations" not in module.name:
            importlib.import_module(module.name)
    return {kind for kind in _descendants(Refusal) if kind.__module__.startswith(f"{package}.")}


def _descendants(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)


def raised_in(tree: ast.Module, where: str) -> Iterator[tuple[str, Raised]]:
    """(name, place) of everything called or raised; names that are no refusals are of no interest to the caller."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            given = frozenset(keyword.arg for keyword in node.keywords if keyword.arg)
            unseen = any(keyword.arg is None for keyword in node.keywords)
            yield called_name(node), Raised(f"{where}:{node.lineno}", given, unseen)
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name | ast.Attribute):
            name = node.exc.id if isinstance(node.exc, ast.Name) else node.exc.attr
            yield name, Raised(f"{where}:{node.lineno}", frozenset(), open_ended=False)


def placeholders(text: ProblemText) -> set[str]:
    """The facts a text speaks of."""
    parts = (text.title_zh, text.title_en, text.detail_zh, text.detail_en)
    return {name for part in parts for _, name, _, _ in string.Formatter().parse(part) if name}


def missing_facts(texts: Mapping[type[Refusal], ProblemText], tree: ast.Module, where: str) -> list[str]:
    """Places that raise a refusal without a fact its words need."""
    by_name = {kind.__name__: placeholders(text) for kind, text in texts.items()}
    return [
        f"{raised.where}: {name} lacks {', '.join(sorted(by_name[name] - raised.facts))}"
        for name, raised in raised_in(tree, where)
        if name in by_name and not raised.open_ended and not by_name[name] <= raised.facts
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_every_refusal_of_a_service_has_words_in_two_languages(service: str) -> None:
    texts = texts_of(service)
    for kind in refusals_of(f"services.{service}"):
        if issubclass(kind, InvalidValue):  # it carries its words with it, into rows of a file as well
            assert {"zh_text", "en_text"} <= vars(kind).keys(), f"{kind.__name__} has no words of its own"
            continue
        assert kind in texts, f"{kind.__name__} would be told as an unexpected error"
        text = texts[kind]
        assert all((text.title_zh, text.title_en, text.detail_zh, text.detail_en))


@pytest.mark.parametrize("service", SERVICES)
def test_every_word_in_braces_is_a_fact_given_where_the_refusal_is_raised(service: str) -> None:
    texts = texts_of(service)
    missing = [
        told
        for path in python_files(f"services/{service}", "shared/kit")
        for told in missing_facts(texts, parsed(path), str(path.relative_to(ROOT)))
    ]
    assert missing == []


def test_a_refusal_raised_without_a_fact_its_words_need_is_noticed() -> None:
    class Planted(Refusal):
        code = "planted"

    texts: dict[type[Refusal], ProblemText] = {Planted: ProblemText(409, "甲", "A", "在 {on}", "on {on}")}
    bare, other = ast.parse("raise Planted"), ast.parse("raise errors.Planted(off=1)")
    assert missing_facts(texts, bare, "x") == ["x:1: Planted lacks on"]
    assert missing_facts(texts, other, "x") == ["x:1: Planted lacks on"]
    assert missing_facts(texts, ast.parse("raise Planted(on=1)"), "x") == []


STATUSES: Final = frozenset({403, 404, 409, 410, 413, 415, 422, 500})


@pytest.mark.parametrize("service", SERVICES)
def test_codes_are_stable_words_and_unique_in_a_service(service: str) -> None:
    kinds = [kind for kind in texts_of(service) if not issubclass(kind, InvalidValue)]
    codes = [kind.code for kind in kinds]
    assert len(set(codes)) == len(codes)
    assert all(code.replace("_", "").isalpha() and code.islower() for code in codes)
    assert {texts_of(service)[kind].status for kind in kinds} <= STATUSES
