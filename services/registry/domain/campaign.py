"""Ten-year examinations (审验核查): what a look into a file finds, and what follows from it (CERT-33, KPI-36)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class FileCheck(StrEnum):
    """What the file of a certificate shows."""

    COMPLETE = "COMPLETE"
    PAPERS_MISSING = "PAPERS_MISSING"
    ISSUED_BY_EYE = "ISSUED_BY_EYE"
    DATA_WRONG = "DATA_WRONG"
    HOLDER_DEAD = "HOLDER_DEAD"
    HOLDER_MOVED = "HOLDER_MOVED"
    NOT_FOUND = "NOT_FOUND"


class Disposal(StrEnum):
    """What is done about it."""

    RENEW = "RENEW"
    COMPLETE_FILE = "COMPLETE_FILE"
    REASSESS = "REASSESS"
    CORRECT = "CORRECT"
    CANCEL = "CANCEL"
    TRANSFER = "TRANSFER"
    FREEZE = "FREEZE"


DISPOSALS: Final[Mapping[FileCheck, Disposal]] = {
    FileCheck.COMPLETE: Disposal.RENEW,
    FileCheck.PAPERS_MISSING: Disposal.COMPLETE_FILE,
    FileCheck.ISSUED_BY_EYE: Disposal.REASSESS,
    FileCheck.DATA_WRONG: Disposal.CORRECT,
    FileCheck.HOLDER_DEAD: Disposal.CANCEL,
    FileCheck.HOLDER_MOVED: Disposal.TRANSFER,
    FileCheck.NOT_FOUND: Disposal.FREEZE,
}
"""The disposal rules: a card issued by eye is assessed anew (CERT-15), whoever cannot be found is frozen (CERT-28)."""
