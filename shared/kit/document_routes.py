"""What routes of documents share: bodies, and who may touch a document of which division."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.kit.permissions import Caller
from shared.kit.problems import FieldError, Problem
from shared.kit.routing import RequestModel
from shared.values.document_faults import NATION, Fault


class ApprovedIn(RequestModel):
    """Act with the approval another person gave."""

    approval_id: UUID


class ShippedOut(BaseModel):
    """Documents that come with the product, under one name."""

    model_config = ConfigDict(frozen=True)

    name: str
    titles: list[str]


def must_be_faultless(found: list[Fault], code: str) -> None:
    """Raise a Problem that names every fault of a document under a code."""
    if found:
        raise Problem(
            "body_invalid",
            errors=[FieldError(code, each.zh, each.en, pointer=f"/document{each.where}") for each in found],
            count=len(found),
        )


def must_be_inside(division: str, caller: Caller) -> None:
    """Raise a Problem where a document belongs to a division that is not the caller's."""
    inside = caller.scope.is_everywhere if division == NATION else caller.scope.covers(division)
    if not inside:
        raise Problem("division_outside_scope", division=division)
