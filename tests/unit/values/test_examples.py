"""The examples in the documentation of the values are true."""

import doctest
import importlib
import pkgutil

import pytest

import shared.values


@pytest.mark.parametrize("module", [found.name for found in pkgutil.iter_modules(shared.values.__path__)])
def test_the_examples_of_a_module_are_true(module: str) -> None:
    assert doctest.testmod(importlib.import_module(f"shared.values.{module}")).failed == 0
