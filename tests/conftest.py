"""What every suite shares: the event loop and how hard to try.

`LIANGFU_PROFILE=full` (set by `make proof`) runs every property at its full count; the default is the quick profile.
"""

import gc
import logging
import os
from collections.abc import Iterator

import hypothesis
import pytest
import structlog

hypothesis.settings.register_profile("quick", max_examples=50, deadline=None, derandomize=True)
hypothesis.settings.register_profile("full", max_examples=5000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("LIANGFU_PROFILE", "quick"))


LONGEST = ("test_openapi_conformance", "test_matrix", "test_demo", "test_random_histories", "test_stack")
"""Modules that take long begin first, so that no worker ends long after the others (`--no-loadscope-reorder`)."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first; the rest stay in the order they were found."""
    items.sort(key=lambda item: item.path.stem not in LONGEST)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, the loop the product runs on."""
    return "asyncio"


# The library's default draws every traceback in colour, two seconds each.
structlog.configure(
    processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()],
    logger_factory=structlog.PrintLoggerFactory(),
)
gc.set_threshold(50_000, 20, 100)
"""As workers have it: a walk through everything an application holds, every 700 objects, costs more than most tests."""
_HANDLERS, _LEVEL, _STRUCTLOG = logging.getLogger().handlers[:], logging.getLogger().level, structlog.get_config()


@pytest.fixture(scope="module", autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A process of the product owns its logging; one that is opened inside a test gives it back."""
    yield
    root = logging.getLogger()
    root.handlers[:], root.level = _HANDLERS, _LEVEL
    structlog.configure(**_STRUCTLOG)


@pytest.fixture(scope="module", autouse=True)
def _a_short_walk_for_the_collector() -> Iterator[None]:
    """What a module leaves alive is not walked again: over thousands of tests that takes the event loop a second."""
    yield
    gc.collect()
    gc.freeze()
