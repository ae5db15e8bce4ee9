"""A scheme is data: there are those of the policies in force, and the two subsidies of 国发〔2015〕52号."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from services.subsidy.domain.errors import SchemeNotKnown


class SchemesWork(Protocol):
    """A transaction that can tell the schemes."""

    async def schemes(self) -> frozenset[str]:
        """The codes of the schemes that the policies in force have, and the two of the national text."""


async def must_be_known(asked: Iterable[str], work: SchemesWork) -> None:
    """Raises `SchemeNotKnown`, which names the ones there are."""
    known = await work.schemes()
    for scheme in asked:
        if refused := unknown(scheme, known):
            raise refused


def unknown(scheme: str, known: frozenset[str]) -> SchemeNotKnown | None:
    """The refusal of a scheme that is not among those known."""
    return None if scheme in known else SchemeNotKnown(scheme=scheme, allowed=", ".join(sorted(known)))
