"""Whose duty is what: written down by hand from the duties of the field (docs/glossary.md, RULES), role by role.

Deliberately not read from `shared/contracts/roles.py`: what the product says about itself cannot contradict it. A new
permission gets a line here, with whoever should hold it, and rows in `rows/`.
"""

from collections.abc import Mapping
from typing import Final

CLERK: Final = "township_clerk"
REVIEWER: Final = "county_reviewer"
DETERMINER: Final = "county_determiner"
FINANCE: Final = "finance"
BANK: Final = "bank_operator"
INSTITUTION: Final = "institution"
AUDITOR: Final = "auditor"
STATISTICIAN: Final = "statistician"
SYSTEM: Final = "system_administrator"
SECURITY: Final = "security_administrator"
TRAIL: Final = "audit_administrator"
PERSON: Final = "person"
GUARDIAN: Final = "guardian"
MACHINE: Final = "M"
"""A client with every scope a machine may be given."""

OFFICES: Final = (CLERK, REVIEWER, DETERMINER)
"""Who works on persons' cases at the counter."""
ROLES: Final = (
    *OFFICES,
    *(FINANCE, BANK, INSTITUTION, AUDITOR, STATISTICIAN),
    *(SYSTEM, SECURITY, TRAIL),
    *(PERSON, GUARDIAN),
)
_OFFICIALS: Final = ROLES[:-2]

DUTIES: Final[Mapping[str, frozenset[str]]] = {
    permission: frozenset(holders)
    for permission, *holders in (
        # the register
        ("person:read", *OFFICES, FINANCE, AUDITOR, MACHINE),
        ("person:write", CLERK, REVIEWER, MACHINE),
        ("person:import", REVIEWER, MACHINE),
        ("person:unmask", *OFFICES, FINANCE, AUDITOR),
        ("person:erase", REVIEWER),
        ("certificate:read", *OFFICES, AUDITOR, MACHINE),
        ("certificate:write", REVIEWER, MACHINE),
        # applications, assessments, many certificates at once
        ("certificate:verify", REVIEWER, MACHINE),
        ("application:read", *OFFICES, AUDITOR, MACHINE),
        ("application:write", CLERK, REVIEWER, MACHINE),
        ("application:decide", REVIEWER),
        ("assessment:write", REVIEWER, INSTITUTION),
        ("institution:read", *_OFFICIALS, MACHINE),
        ("institution:write", REVIEWER),
        ("campaign:write", REVIEWER),
        ("rule:read", *_OFFICIALS),
        ("rule:write", REVIEWER),
        ("calendar:read", *_OFFICIALS),
        ("calendar:write", SYSTEM),
        ("task:read", *_OFFICIALS),
        # persons' lives, news from outside, the survey, other systems
        ("person:export", REVIEWER, MACHINE),
        ("person:link", MACHINE),
        ("person:merge", REVIEWER),
        ("report:read", CLERK, REVIEWER, MACHINE),
        ("report:write", REVIEWER, MACHINE),
        ("report:import", REVIEWER, MACHINE),
        ("survey:read", CLERK, REVIEWER, MACHINE),
        ("survey:write", CLERK, REVIEWER),
        ("survey:import", REVIEWER, MACHINE),
        ("form:read", *_OFFICIALS, MACHINE),
        ("form:write", REVIEWER),
        ("division:read", *_OFFICIALS, MACHINE),
        ("division:write", REVIEWER),
        ("portal:write", MACHINE),
        ("portal:read", REVIEWER),
        # money
        ("award:read", *OFFICES, FINANCE, BANK, AUDITOR, MACHINE),
        ("award:write", DETERMINER, MACHINE),
        ("award:import", DETERMINER, MACHINE),
        ("payee:write", CLERK, DETERMINER),
        ("fact:read", CLERK, DETERMINER, AUDITOR, MACHINE),
        ("fact:write", CLERK, DETERMINER, MACHINE),
        ("fact:import", DETERMINER, MACHINE),
        ("entitlement:read", *OFFICES, FINANCE, AUDITOR, MACHINE),
        ("reminder:read", *OFFICES, AUDITOR, MACHINE),
        ("reminder:write", CLERK, DETERMINER, MACHINE),
        ("suspect:read", *OFFICES, AUDITOR, MACHINE),
        ("suspect:write", CLERK, DETERMINER),
        ("suspect:decide", DETERMINER),
        ("comparison:run", DETERMINER, MACHINE),
        ("policy:read", *OFFICES, FINANCE, AUDITOR, STATISTICIAN, MACHINE),
        ("policy:write", DETERMINER),
        ("bank:read", DETERMINER, FINANCE, BANK, AUDITOR),
        ("bank:write", DETERMINER),
        ("subsidy:read", *OFFICES, AUDITOR, MACHINE),
        ("subsidy:accept", CLERK, MACHINE),
        ("subsidy:review", REVIEWER),
        ("subsidy:determine", DETERMINER),
        ("payroll:read", DETERMINER, FINANCE, BANK, AUDITOR, MACHINE),
        ("payroll:write", DETERMINER),
        ("payroll:approve", DETERMINER),
        ("payroll:fund", FINANCE),
        ("payroll:answer", BANK, MACHINE),
        ("payroll:audit", DETERMINER, AUDITOR),
        ("payment:read", CLERK, DETERMINER, FINANCE, AUDITOR, MACHINE),
        ("payment:write", DETERMINER),
        ("calendar:read", *_OFFICIALS),
        ("calendar:write", SYSTEM),
        # rehabilitation, figures
        ("programme:read", *OFFICES, FINANCE, INSTITUTION, AUDITOR),
        ("programme:write", REVIEWER),
        ("programme:settle", FINANCE),
        ("case:read", *OFFICES, INSTITUTION, AUDITOR, MACHINE),
        ("case:write", CLERK, REVIEWER, MACHINE),
        ("case:serve", REVIEWER, INSTITUTION, MACHINE),
        ("case:confidential", REVIEWER, INSTITUTION),
        ("indicator:read", *OFFICES, AUDITOR, STATISTICIAN, MACHINE),
        ("indicator:report", STATISTICIAN),
        ("indicator:freeze", STATISTICIAN),
        # persons' rights
        ("request:read", *OFFICES, AUDITOR),
        ("request:write", *OFFICES),
        ("own:read", PERSON, GUARDIAN),
        ("own:request", PERSON, GUARDIAN),
        # running the house
        ("job:read", *_OFFICIALS, MACHINE),
        ("job:cancel", *_OFFICIALS, MACHINE),
        ("journal:read", AUDITOR, SYSTEM, MACHINE),
        ("journal:compare", MACHINE),
        ("events:read", AUDITOR, SYSTEM, MACHINE),
        ("events:repair", SYSTEM, MACHINE),
        ("clock:set", SYSTEM, MACHINE),
        # two pairs of eyes; the three administrations
        ("approval:read", REVIEWER, DETERMINER, STATISTICIAN, AUDITOR, SYSTEM, SECURITY),
        ("approval:decide", REVIEWER, DETERMINER, STATISTICIAN, SYSTEM, SECURITY),
        ("key:read", SECURITY),
        ("key:rotate", SECURITY),
        ("retention:run", SECURITY),
        ("audit:read", AUDITOR, TRAIL),
        ("audit:verify", TRAIL),
        ("audit:export", TRAIL),
    )
}
"""Permission -> who holds it."""
