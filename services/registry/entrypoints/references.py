"""References of other systems, which are kept in clear: numbers of cases, of notifications, of records."""

from __future__ import annotations

import re
from typing import Final

_PERSONAL: Final = re.compile(r"(?<!\d)(?:\d{17}[\dXx]|\d{15}|1[3-9]\d{9})(?!\d)", re.ASCII)


def holds_a_persons_number(text: str) -> bool:
    """Whether an identity number or a mobile number stands in it."""
    return _PERSONAL.search(text) is not None
