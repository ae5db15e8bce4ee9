"""Verification for others: what a certificate is on a day, for up to a thousand numbers in two statements.

An answer tells status, category, grade and validity, and nothing about who the holder is. A number nobody in the
caller's divisions has is UNKNOWN, whether it exists elsewhere or not.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.secrets import Secrets
from shared.kit.crypto import BlindIndex
from shared.values.division import Scope
from shared.values.identity_number import IdentityNumber
from shared.values.invalid import InvalidValue

UNKNOWN: Final = "UNKNOWN"
_IDENTITY_LENGTHS: Final = (15, 18)
_OLD_LENGTH: Final = 15


@dataclass(frozen=True, slots=True)
class Verified:
    """The answers as JSON, in the order of the question, and whose certificates they tell of.

    PostgreSQL writes the answers and gives each column as one array: rows made into objects, and those into JSON, cost
    more than the search. ``holders`` (person id, division) are for the audit trail only.
    """

    answers: list[str]
    holders: list[tuple[str, str]]


_NOTHING: Final = (
    f'{{"status":"{UNKNOWN}","valid":false,"category":null,"grade":null,"issued_on":null,"expires_on":null}}'
)

_LENGTH: Final = BlindIndex.LENGTH_BYTES
_ASKED: Final = (
    f"FROM (SELECT ord, substring(CAST(:indexes AS bytea) FROM (ord - 1) * {_LENGTH} + 1 FOR {_LENGTH}) AS index "  # noqa: S608 - constants
    f"FROM generate_series(1, length(CAST(:indexes AS bytea)) / {_LENGTH}) AS ord) AS r"
)
"""The indexes as one value, one behind the other: an array of them costs the driver more than the search."""
_BY_NUMBER: Final = f"{_ASKED} JOIN certificate c ON c.number_index = r.index"
_BY_PERSON: Final = (
    f"{_ASKED} JOIN person p ON p.citizen_id_index = r.index AND p.erased_at IS NULL "
    "JOIN certificate c ON c.person_id = p.person_id"
)
_SCOPED: Final = "WHERE c.division LIKE ANY(:prefixes)"
_NEWEST: Final = "ORDER BY r.ord, c.version DESC"
_EACH: Final = (
    "SELECT DISTINCT ON (r.ord) r.ord, c.person_id, {what}.division, format("
    """'{{"status":"%s","valid":%s,"category":%s,"grade":%s,"issued_on":"%s","expires_on":"%s"}}', """
    "CASE WHEN {what}.status = 'VALID' AND {what}.expires_on < CAST(:on AS date) THEN 'EXPIRED' "
    "ELSE {what}.status END, "
    "CASE WHEN {what}.status = 'VALID' AND CAST(:on AS date) BETWEEN {what}.issued_on AND {what}.expires_on "
    "THEN 'true' ELSE 'false' END, "
    "{what}.category, {what}.grade, {what}.issued_on, {what}.expires_on) AS told "
)
"""One answer, written by PostgreSQL: nothing in it but codes, numbers and dates, which need no escape."""
_TOGETHER: Final = (
    "SELECT array_agg(ord), array_agg(told), array_agg(CAST(person_id AS text)), array_agg(division) FROM "
)
_NOW: Final = _EACH.format(what="c")
_NOW_NUMBER: Final = text(f"{_TOGETHER} ({_NOW} {_BY_NUMBER} {_SCOPED} {_NEWEST}) AS each")
_NOW_PERSON: Final = text(f"{_TOGETHER} ({_NOW} {_BY_PERSON} {_SCOPED} {_NEWEST}) AS each")

_VERSIONS: Final = (
    "JOIN LATERAL (SELECT v.version, v.status, v.category, v.grade, v.issued_on, v.expires_on, v.division "
    "FROM certificate_version v WHERE v.certificate_id = c.certificate_id AND v.effective_on <= :on "
    "UNION ALL SELECT c.version, c.status, c.category, c.grade, c.issued_on, c.expires_on, c.division "
    "WHERE coalesce(c.effective_on, c.issued_on) <= :on ORDER BY version DESC LIMIT 1) v ON true"
)
_THEN: Final = _EACH.format(what="v")
_THEN_NEWEST: Final = f"{_VERSIONS} WHERE v.division LIKE ANY(:prefixes) ORDER BY r.ord, v.version DESC"
_THEN_NUMBER: Final = text(f"{_TOGETHER} ({_THEN} {_BY_NUMBER} {_THEN_NEWEST}) AS each")
_THEN_PERSON: Final = text(f"{_TOGETHER} ({_THEN} {_BY_PERSON} {_THEN_NEWEST}) AS each")


async def verify(
    connection: AsyncConnection, secrets: Secrets, numbers: Sequence[str], *, on: date, today: date, within: Scope
) -> Verified:
    """What each number stands for on a day: identity numbers of 15 or 18 characters, certificate numbers otherwise."""
    canonical = [_canonical(number) for number in numbers]
    answers = [_NOTHING] * len(numbers)
    holders: dict[int, tuple[str, str]] = {}
    for of_person in (False, True):
        places = [
            at for at, number in enumerate(canonical) if number and (len(number) in _IDENTITY_LENGTHS) == of_person
        ]
        if not places:
            continue
        index = secrets.citizen_ids if of_person else secrets.numbers
        statement = _statement(of_person=of_person, past=on != today)
        for indexes in index.passes([canonical[at] for at in places]):
            given = {"indexes": b"".join(indexes), "on": on, "prefixes": _prefixes(within)}
            columns = (await connection.execute(statement, given)).one()
            # No row at all comes as no array.
            for ord_, told, person_id, division in zip(*columns, strict=True) if columns[0] else ():
                at = places[ord_ - 1]
                answers[at], holders[at] = told, (person_id, division)
    return Verified(answers, list(holders.values()))


def _statement(*, of_person: bool, past: bool) -> Any:
    if past:
        return _THEN_PERSON if of_person else _THEN_NUMBER
    return _NOW_PERSON if of_person else _NOW_NUMBER


def _prefixes(within: Scope) -> list[str]:
    return ["%"] if within.is_everywhere else [f"{prefix}%" for prefix in sorted(within.prefixes)]


def _canonical(number: str) -> str:
    """As it is indexed; empty when it cannot be a number at all (ID-05)."""
    text_ = number if number.isascii() else unicodedata.normalize("NFKC", number)
    text_ = text_.strip().upper()
    if len(text_) != _OLD_LENGTH:
        return text_
    try:
        return IdentityNumber.parse(text_).number
    except InvalidValue:
        return ""
