"""Policy documents on record (RULES: scopes and tariffs are local)."""

from __future__ import annotations

from typing import Any, Final

from services.subsidy.adapters import policy_documents
from services.subsidy.adapters.tables_policy import policy_document
from services.subsidy.domain.errors import PolicyStepNotAllowed
from services.subsidy.domain.policy import PolicyDocument
from shared.kit.documents import Documents, DocumentStatus, Stored

PolicyStatus = DocumentStatus
StoredPolicy = Stored[PolicyDocument]


def _told(document: PolicyDocument) -> dict[str, Any]:
    return {
        "division": document.division,
        "since": document.since,
        "title": document.title,
        "legal_basis": document.legal_basis,
        "body": policy_documents.dump(document),
    }


POLICIES: Final = Documents(
    table=policy_document,
    kind="policy",
    permission="policy:write",
    told=_told,
    parse=policy_documents.parse,
    refusal=PolicyStepNotAllowed,
)
