"""The one table of roles: complete, separated, and its page current."""

import itertools

from shared.contracts.roles import ADMINISTRATIONS, MACHINE_PERMISSIONS, PAGE, PERMISSIONS, ROLE_NAMES, ROLES, page

PERSONAL = {"person:read", "person:unmask", "certificate:read", "award:read", "case:read", "request:read"}


def test_every_permission_of_a_role_is_explained_and_every_role_has_a_name() -> None:
    assert frozenset().union(*ROLES.values()) | MACHINE_PERMISSIONS == PERMISSIONS.keys()
    assert ROLES.keys() == ROLE_NAMES.keys()


def test_no_role_joins_two_of_system_security_and_audit_administration() -> None:
    for first, second in itertools.combinations(ADMINISTRATIONS.values(), 2):
        assert not first & second
        assert not [role for role, held in ROLES.items() if held & first and held & second]


def test_no_administrator_sees_a_person() -> None:
    for role in ("system_administrator", "security_administrator", "audit_administrator", "statistician"):
        assert not ROLES[role] & PERSONAL


def test_who_looks_at_their_own_data_holds_nothing_else() -> None:
    for role in ("person", "guardian"):
        assert all(permission.startswith("own:") for permission in ROLES[role])
    for role, held in ROLES.items():
        assert role in {"person", "guardian"} or not any(permission.startswith("own:") for permission in held)


def test_an_auditor_changes_nothing() -> None:
    verbs = {permission.partition(":")[2] for permission in ROLES["auditor"]}
    # An integrity audit judges what was paid and touches nothing of it.
    assert verbs <= {"read", "unmask", "cancel", "audit"}


def test_no_machine_unmasks_approves_erases_rotates_or_reads_the_audit_trail() -> None:
    refused = {"person:unmask", "person:erase", "approval:decide"} | frozenset().union(*ADMINISTRATIONS.values())
    assert not MACHINE_PERMISSIONS & (refused - {"events:repair", "clock:set"})


def test_the_page_for_people_is_current() -> None:
    assert PAGE.read_text() == page()
