"""What every suite shares: the event loop and how hard to try.

`LIANGFU_PROFILE=full` (set by `make proof`) runs every property at its full count; the default is the quick profile.
"""

import os

import hypothesis
import pytest

hypothesis.settings.register_profile("quick", max_examples=50, deadline=None, derandomize=True)
hypothesis.settings.register_profile("full", max_examples=5000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("LIANGFU_PROFILE", "quick"))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, the loop the product runs on."""
    return "asyncio"
