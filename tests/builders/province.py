"""A province of any size, written with a few statements, whose answers are known in advance.

Every thousand persons hold the same *personas*: each says what is on record about such a person and what that must come
to in `MONTH`. A list or a sum over the whole province can therefore be checked exactly, for one thousand persons or for
3.5 million.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import policy_documents
from services.subsidy.domain.person_facts import Economy, FactKind
from services.subsidy.domain.policy import PolicyDocument
from shared.values.month import Month

MONTH: Final = Month(2026, 6)
THOUSAND: Final = 1_000
COUNTIES: Final = ("341502", "341503", "341504", "341522", "341523", "341524", "341525", "340102", "340402", "341302")
LIVING, NURSING = "living_subsidy", "nursing_subsidy"
SEVERE, LIGHT = 7_000, 3_500
"""Living subsidy a month in fen, by grades 1-2 and 3-4. Nursing is as much as `SEVERE` for grade 2."""
GRADE_ONE: Final = 8_000
"""Nursing subsidy of grade 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """A kind of person. ``living`` and ``nursing``: fen due in `MONTH`; ``unpaid``: fen they would get by applying.

    ``active``: whether their awards are shown as running, although they may not be due any more.
    """

    name: str
    per_mille: int
    grade: int
    category: int = 4
    second: tuple[int, int] | None = None
    issued_on: date = date(2018, 3, 1)
    expires_on: date = date(2028, 3, 1)
    dibao_from: date | None = None
    dibao_to: date | None = None
    spell: FactKind | None = None
    spell_from: date | None = None
    amount_fen: int | None = None
    moved_on: date | None = None
    living_from: date | None = None
    nursing_from: date | None = None
    living: int = 0
    nursing: int = 0
    unpaid_living: int = 0
    unpaid_nursing: int = 0
    active: bool = True


_SINCE: Final = date(2019, 5, 10)
_POOR: Final = date(2018, 6, 1)
PERSONAS: Final = (
    Persona(name="light, not poor", per_mille=300, grade=4),
    Persona(name="light and poor", per_mille=150, grade=3, dibao_from=_POOR, living_from=_SINCE, living=LIGHT),
    Persona(name="severe, not poor", per_mille=250, grade=2, nursing_from=_SINCE, nursing=SEVERE),
    Persona(
        name="severe and poor",
        per_mille=120,
        grade=1,
        dibao_from=_POOR,
        living_from=_SINCE,
        nursing_from=_SINCE,
        living=SEVERE,
        nursing=GRADE_ONE,
    ),
    Persona(
        name="multiple, severe and poor",
        per_mille=40,
        category=5,
        grade=2,
        second=(6, 1),
        dibao_from=_POOR,
        living_from=_SINCE,
        nursing_from=_SINCE,
        living=SEVERE,
        nursing=GRADE_ONE,
    ),
    Persona(
        name="card expired, stopped",
        per_mille=20,
        grade=2,
        issued_on=date(2015, 3, 1),
        expires_on=date(2025, 3, 1),
        nursing_from=_SINCE,
        active=False,
    ),
    Persona(
        name="card expired, shown as running",
        per_mille=5,
        grade=2,
        issued_on=date(2015, 3, 1),
        expires_on=date(2025, 3, 1),
        nursing_from=_SINCE,
    ),
    Persona(
        name="card cancelled, shown as running",
        per_mille=10,
        grade=1,
        spell=FactKind.CARD_CANCELLED,
        spell_from=date(2026, 3, 20),
        nursing_from=_SINCE,
    ),
    Persona(
        name="died in May, shown as running",
        per_mille=15,
        grade=1,
        dibao_from=_POOR,
        spell=FactKind.DEATH,
        spell_from=date(2026, 5, 20),
        living_from=_SINCE,
        nursing_from=_SINCE,
    ),
    Persona(name="tekun", per_mille=20, grade=1, dibao_from=_POOR, spell=FactKind.TEKUN, spell_from=date(2020, 1, 1)),
    Persona(
        name="card frozen, stopped",
        per_mille=10,
        grade=2,
        spell=FactKind.CARD_FROZEN,
        spell_from=date(2026, 2, 2),
        nursing_from=_SINCE,
        active=False,
    ),
    Persona(name="severe, never applied", per_mille=20, grade=2, unpaid_nursing=SEVERE),
    Persona(name="light and poor, never applied", per_mille=10, grade=4, dibao_from=_POOR, unpaid_living=LIGHT),
    Persona(
        name="left dibao, shown as running",
        per_mille=10,
        grade=3,
        dibao_from=_POOR,
        dibao_to=date(2025, 11, 1),
        living_from=_SINCE,
    ),
    Persona(
        name="moved away, shown as running",
        per_mille=10,
        grade=2,
        moved_on=date(2026, 4, 9),
        nursing_from=_SINCE,
        unpaid_nursing=SEVERE,
    ),
    Persona(
        name="higher elder nursing",
        per_mille=5,
        grade=2,
        spell=FactKind.ELDER_NURSING,
        spell_from=date(2022, 1, 1),
        amount_fen=15_000,
        nursing_from=_SINCE,
    ),
    Persona(
        name="in prison, stopped",
        per_mille=5,
        grade=1,
        spell=FactKind.PRISON,
        spell_from=date(2024, 8, 8),
        nursing_from=_SINCE,
        active=False,
    ),
)
assert sum(persona.per_mille for persona in PERSONAS) == THOUSAND


def policy() -> list[PolicyDocument]:
    """National scopes, and tariffs of the province."""
    severe, light = {"grades": [1, 2]}, {"grades": [3, 4]}
    nation = {
        "division": "*",
        "title": "national",
        "legal_basis": "RULES 4.1",
        "since": "2016-01",
        "schemes": {
            LIVING: {"coverage": {"income": {"classes": ["DIBAO"]}}, "overlaps": {"TEKUN": "EXCLUDE"}},
            NURSING: {
                "coverage": {"cards": [severe], "care_need": True},
                "overlaps": {"TEKUN": "EXCLUDE", "ELDER_NURSING": "HIGHER"},
            },
        },
    }
    province = {
        "division": "34",
        "title": "province",
        "legal_basis": "RULES 5",
        "since": "2016-01",
        "schemes": {
            LIVING: {
                "tariff": {
                    "rows": [
                        {"case": severe, "amount": {"fen": 12 * SEVERE, "per": "YEAR"}},
                        {"case": light, "amount": {"fen": 12 * LIGHT, "per": "YEAR"}},
                    ],
                    "rounding": {"unit_fen": 1},
                }
            },
            NURSING: {
                "tariff": {
                    "rows": [
                        {"case": {"grades": [1]}, "amount": {"fen": GRADE_ONE}},
                        {"case": {"grades": [2]}, "amount": {"fen": SEVERE}},
                    ]
                }
            },
        },
    }
    return [policy_documents.parse(nation), policy_documents.parse(province)]


def person_of(number: int) -> UUID:
    """The id of the n-th person."""
    return UUID(f"01970000-0000-7000-8000-{number:012x}")


def persona_of(number: int) -> Persona:
    """What the n-th person is."""
    return next(persona for persona, numbers in slots() if number % THOUSAND in numbers)


def slots() -> Iterator[tuple[Persona, range]]:
    """Which numbers of every thousand each persona has."""
    first = 0
    for persona in PERSONAS:
        yield persona, range(first, first + persona.per_mille)
        first += persona.per_mille


def is_planted(persona: Persona, kind: str, scheme: str) -> bool:
    """Whether a persona belongs on a work list: could be paid and is not, or is shown as running and should not be."""
    word = scheme.removesuffix("_subsidy")
    if kind == "ELIGIBLE_UNPAID":
        return int(getattr(persona, f"unpaid_{word}")) > 0
    granted = getattr(persona, f"{word}_from") is not None
    # A higher payment of the kind leaves the award as it is.
    return granted and persona.active and getattr(persona, word) == 0 and persona.amount_fen is None


def due_in_all(persons: int) -> Mapping[str, int]:
    """What is due in `MONTH` over so many persons (thousands), by scheme."""
    times = persons // THOUSAND
    return {
        LIVING: times * sum(persona.per_mille * persona.living for persona in PERSONAS),
        NURSING: times * sum(persona.per_mille * persona.nursing for persona in PERSONAS),
    }


def _id(prefix: str) -> str:
    return f"CAST('{prefix}-0000-7000-8000-' || lpad(to_hex(g), 12, '0') AS uuid)"


_PERSON, _CARD, _LIVING_AWARD, _NURSING_AWARD, _SPELL = (
    _id(prefix) for prefix in ("01970000", "01980000", "01990000", "01990001", "019a0000")
)
_CROWD: Final = (
    "generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS g JOIN persona p ON p.slot = g % 1000"
)
_COUNTY: Final = f"(CAST(:counties AS text[]))[1 + g % {len(COUNTIES)}]"
_OTHER_COUNTY: Final = f"(CAST(:counties AS text[]))[1 + (g + 1) % {len(COUNTIES)}]"
_COMPONENT: Final = "4 * (p.category - 1) + p.grade - 1"
_SECOND: Final = "4 * (p.second_category - 1) + p.second_grade - 1"
_HELD: Final = (
    "12 * extract(year FROM p.issued_on) + extract(month FROM p.issued_on) - 1",
    "12 * extract(year FROM p.expires_on) + extract(month FROM p.expires_on) - 1",
)
_BOTH: Final = f"(1 << ({_COMPONENT})) | coalesce(1 << ({_SECOND}), 0)"
_CANCELLED: Final = f"CASE WHEN p.spell = {FactKind.CARD_CANCELLED.number} THEN p.spell_from ELSE 'infinity' END"
_STATEMENTS: Final = (
    *(
        "INSERT INTO held_card (person_id, certificate_id, issued_on, expires_on, held_to, cancelled_on, component, "
        "components, components_before, issued_month, counts_to, expiry_month, expiry_county, known_from) "
        f"SELECT {_PERSON}, {_CARD}, p.issued_on, p.expires_on, 'infinity', {_CANCELLED}, {component}, {_BOTH}, 0, "
        f"{_HELD[0]}, 'infinity', {_HELD[1]}, {_COUNTY}, :at FROM {_CROWD} WHERE {which} ORDER BY g"
        for component, which in ((_COMPONENT, "true"), (_SECOND, "p.second_grade IS NOT NULL"))
    ),
    (
        "INSERT INTO home (person_id, division, county, valid_from, valid_to, back_on, known_from) "
        f"SELECT {_PERSON}, {_COUNTY} || '001001', {_COUNTY}, '-infinity', coalesce(p.moved_on, 'infinity'), "
        f"'infinity', :at FROM {_CROWD} ORDER BY g"
    ),
    (
        "INSERT INTO home (person_id, division, county, valid_from, valid_to, back_on, known_from) "
        f"SELECT {_PERSON}, {_OTHER_COUNTY} || '001001', {_OTHER_COUNTY}, p.moved_on, 'infinity', 'infinity', :at "
        f"FROM {_CROWD} WHERE p.moved_on IS NOT NULL ORDER BY g"
    ),
    (
        "INSERT INTO level (person_id, kind, value, dibao_class, value_before, month_before, valid_from, valid_to, "
        f"known_from) SELECT {_PERSON}, {FactKind.ECONOMY.number}, v.value, 0, v.before, "
        "12 * extract(year FROM v.since - 1) + extract(month FROM v.since - 1) - 1, coalesce(v.since, '-infinity'), "
        f"v.until, :at FROM {_CROWD} CROSS JOIN LATERAL (VALUES "
        f"(0, 0, CAST(NULL AS date), p.dibao_from), ({list(Economy).index(Economy.DIBAO) + 1}, 0, p.dibao_from, "
        f"coalesce(p.dibao_to, 'infinity')), (0, 1, p.dibao_to, 'infinity')) v(value, before, since, until) "
        "WHERE p.dibao_from IS NOT NULL AND (v.before = 0 OR v.since IS NOT NULL) ORDER BY g"
    ),
    (
        "INSERT INTO spell (person_id, kind, amount_fen, after_expiry, valid_from, valid_to, run_from, run_to, "
        f"event_month, fact_id, known_from) SELECT {_PERSON}, p.spell, p.amount_fen, false, p.spell_from, 'infinity', "
        "p.spell_from, 'infinity', 12 * extract(year FROM p.spell_from) + extract(month FROM p.spell_from) - 1, "
        f"{_SPELL}, :at FROM {_CROWD} WHERE p.spell IS NOT NULL ORDER BY g"
    ),
    *(
        statement
        for award, scheme, column in (
            (_LIVING_AWARD, LIVING, "living_from"),
            (_NURSING_AWARD, NURSING, "nursing_from"),
        )
        for statement in (
            (
                "INSERT INTO determination (award_id, person_id, scheme, division, county, application_date, "
                f"application_month, single, known_from) SELECT {award}, {_PERSON}, '{scheme}', {_COUNTY} || '001001', "
                f"{_COUNTY}, p.{column}, 12 * extract(year FROM p.{column}) + extract(month FROM p.{column}) - 1, "
                f"true, :at FROM {_CROWD} WHERE p.{column} IS NOT NULL ORDER BY g"
            ),
            (
                "INSERT INTO award (award_id, person_id, certificate_id, version, division, scheme, status, "
                f"application_date, start_month, granted_by, trace_id) SELECT {award}, {_PERSON}, {_CARD}, 1, "
                f"{_COUNTY} || '001001', '{scheme}', CASE WHEN p.active THEN 'ACTIVE' ELSE 'STOPPED' END, p.{column}, "
                f"to_char(p.{column}, 'YYYY-MM'), 'builder', repeat('0', 32) "
                f"FROM {_CROWD} WHERE p.{column} IS NOT NULL ORDER BY g"
            ),
        )
    ),
)
_COLUMNS: Final[Mapping[str, str]] = {
    "slot": "int",
    "grade": "int",
    "category": "int",
    "second_category": "int",
    "second_grade": "int",
    "issued_on": "date",
    "expires_on": "date",
    "dibao_from": "date",
    "dibao_to": "date",
    "spell": "smallint",
    "spell_from": "date",
    "amount_fen": "bigint",
    "moved_on": "date",
    "living_from": "date",
    "nursing_from": "date",
    "active": "boolean",
}


def _slots() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for persona in PERSONAS:
        values = asdict(persona) | {"spell": None if persona.spell is None else persona.spell.number}
        values["second_category"], values["second_grade"] = persona.second or (None, None)
        for _ in range(persona.per_mille):
            rows.append({name: values.get(name) for name in _COLUMNS} | {"slot": len(rows)})
    return rows


async def settle(connection: AsyncConnection, persons: int, *, first: int = 0) -> None:
    """Put so many persons on record (thousands)."""
    assert persons % THOUSAND == 0, "personas come in thousands"
    declared = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    await connection.execute(text(f"CREATE TEMP TABLE persona ({declared}) ON COMMIT DROP"))
    names = ", ".join(_COLUMNS)
    values = ", ".join(f":{name}" for name in _COLUMNS)
    await connection.execute(text(f"INSERT INTO persona ({names}) VALUES ({values})"), _slots())
    bound = {"first": first, "last": first + persons - 1, "counties": list(COUNTIES), "at": "2019-01-01T00:00:00Z"}
    for statement in _STATEMENTS:
        needed = {name: value for name, value in bound.items() if f":{name}" in statement}
        await connection.execute(text(statement), needed)
