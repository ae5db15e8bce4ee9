"""Freed memory goes back to the operating system: what a batch or a file needed for a moment is not kept for ever."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable
from typing import Final

GIVE_BACK_SECONDS: Final = 10.0
_trim: Final[Callable[[int], object]] = getattr(ctypes.CDLL(None), "malloc_trim", int)
"""Where the C library (glibc) can."""


def give_back() -> None:
    """Once, now: about a millisecond."""
    _trim(0)


async def give_back_for_ever() -> None:
    """Every ten seconds, until cancelled."""
    while True:
        await asyncio.sleep(GIVE_BACK_SECONDS)
        give_back()
