"""Who may do what: roles of the field × permissions, the one table. Machines carry permissions as OAuth scopes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_EVERYBODY: Final = frozenset({"job:read", "job:cancel"})
_READERS: Final = _EVERYBODY | {"person:read", "certificate:read", "award:read", "case:read", "indicator:read"}

ROLES: Final[Mapping[str, frozenset[str]]] = {
    # 乡镇（街道）经办人
    "township_clerk": _READERS | {"person:write", "case:write"},
    # 县（市、区）残联审核人
    "county_reviewer": _READERS | {"person:write", "person:import", "certificate:write", "case:write"},
    # 县（市、区）民政审定人
    "county_determiner": _READERS | {"award:write", "award:import"},
    # 审计人员: sees everything of its divisions, changes nothing
    "auditor": _READERS | {"journal:read", "events:read"},
    # 统计人员: figures, no persons
    "statistician": _EVERYBODY | {"indicator:read"},
    # 系统管理员: runs the house, sees no person
    "system_administrator": _EVERYBODY | {"events:read", "events:repair", "journal:read", "clock:set"},
}

MACHINE_PERMISSIONS: Final = frozenset(
    {
        "journal:read",
        "journal:compare",
        "events:read",
        "events:repair",
        "person:read",
        "person:write",
        "person:import",
        "certificate:read",
        "certificate:write",
        "award:read",
        "award:write",
        "award:import",
        "case:read",
        "case:write",
        "indicator:read",
        "job:read",
        "job:cancel",
        "clock:set",
    }
)
