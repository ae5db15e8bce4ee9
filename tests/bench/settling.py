"""Fill the registry with persons as its own code would have stored them: run as a job of the service, with its keys.

``settling FIRST SIZE SAMPLES``: the persons of the synthetic Lu'an with these running numbers, spread over the sixteen
prefectures of the province, by COPY, a block of them in one commit. Everything is real: each value is encrypted for its
own row, each blind index and each search term is the one the product would look for. Every n-th person is written to
the file ``SAMPLES``, so that somebody can be looked for.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson
import psycopg
from psycopg import sql

from deploy.demo.generator import SyntheticPerson, generate
from services.registry.adapters.search_index import identity_terms
from services.registry.adapters.secrets import ADDRESS, CITIZEN_ID, NAME, NUMBER, PHONE, Secrets
from services.registry.domain.match_terms import born_term, heard_term, phone_term, terms_of
from services.registry.settings import RegistrySettings
from services.registry.use_cases.ports import Identity
from shared.kit import pinyin
from shared.kit.clock import Clock
from shared.values.certificate_number import CertificateNumber
from shared.values.division import Division
from shared.values.identity_number import IdentityNumber
from shared.values.personal import AddressDetail, PersonName, Phone
from tests.builders.population import id_of

PREFECTURES: Final = tuple(f"34{number:02}" for number in (1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 15, 16, 17, 18))
BLOCK: Final = 10_000
SAMPLE_EVERY: Final = 25
PROVED_EVERY: Final = 1_000
_ELSEWHERE: Final = Division("999999")
FORMULA_EVERY: Final = 1_000
"""Every so many persons of a prefecture live somewhere a spreadsheet program would take for a formula."""
FORMULA: Final = '=HYPERLINK("http://example.invalid","1号")'
_STATES: Final = {0: "FROZEN", 1: "CANCELLED", 2: "CANCELLED", 3: "CANCELLED"}
"""Of a hundred certificates of a prefecture; all others run until they expire."""
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "person": (
        *("person_id", "version", "last_version", "division", "registered_on", "citizen_id_cipher"),
        *("citizen_id_index", "name_cipher", "phone_cipher", "address_cipher", "recorded_by"),
    ),
    "certificate": (
        *("certificate_id", "person_id", "version", "division", "status", "category", "grade", "components"),
        *("issued_on", "expires_on", "number_cipher", "number_index"),
    ),
    "person_search": ("person_id", "terms", "unmatched"),
}


class Words:
    """What persons are found by, as fingerprints; names come again and again, so what follows from one is kept."""

    def __init__(self, secrets: Secrets) -> None:
        self._fingerprint = secrets.terms.of
        self._of_name = cache(self._name)
        self._of_family = cache(self._family)

    def of(self, person: SyntheticPerson, division: str) -> list[int]:
        """Sorted, as the product stores them."""
        name, born = person.name, person.birth_date
        usual, found = self._of_name(name)
        alone = (born_term(name, born), f"{usual}{born.isoformat()}", phone_term(person.phone))
        return sorted([*found, *self._of_family(name[0], division[:6]), *map(self._fingerprint, alone)])

    def _name(self, name: str) -> tuple[str, list[int]]:
        words = terms_of(name, division=_ELSEWHERE, born=None, reads=pinyin.bundled())
        usual = heard_term(name, date.max, pinyin.bundled()).removesuffix(date.max.isoformat())
        return usual, [self._fingerprint(word) for word in words if not word[1:].startswith(_ELSEWHERE.code)]

    def _family(self, first: str, county: str) -> list[int]:
        words = terms_of(first, division=Division(county), born=None, reads=pinyin.bundled())
        return [self._fingerprint(word) for word in words if word[1:].startswith(county)]


class Block:
    """Some persons with consecutive running numbers, as rows of three tables."""

    def __init__(self, first: int, persons: Sequence[SyntheticPerson], today: str) -> None:
        self.persons = persons
        self.numbers = range(first, first + len(persons))
        self.divisions = [_division(number, each) for number, each in zip(self.numbers, persons, strict=True)]
        self.ids = [id_of("person", number) for number in self.numbers]
        self.certificate_ids = [id_of("certificate", number) for number in self.numbers]
        self.certificate_numbers = [
            f"{each.identity_number}{each.disability.category.value}{each.disability.grade.value}" for each in persons
        ]
        self._today = today

    def require_real(self, secrets: Secrets, words: Words) -> None:
        """The shortcuts taken for millions of rows give what the product's own code gives. Raises AssertionError."""
        for at in range(0, len(self.persons), PROVED_EVERY):
            each = self.persons[at]
            identity = Identity(
                citizen_id_no=IdentityNumber(each.identity_number),
                name=PersonName(each.name),
                phone=Phone(each.phone),
                address=AddressDetail(_address(self.numbers[at])),
            )
            division = Division(self.divisions[at])
            number = CertificateNumber.of(identity.citizen_id_no, each.disability.category, each.disability.grade)
            assert self.certificate_numbers[at] == number.number
            assert words.of(each, division.code) == secrets.terms.of_all(identity_terms(identity, division))

    def rows(self, secrets: Secrets, words: Words) -> dict[str, Iterator[bytes]]:
        """Lines for COPY, by table."""
        return {
            "person": self._persons(secrets),
            "certificate": self._certificates(secrets),
            "person_search": self._terms(words),
        }

    def _persons(self, secrets: Secrets) -> Iterator[bytes]:
        keys = [each.bytes for each in self.ids]
        seal = secrets.cipher.encrypt_many
        numbers = [each.identity_number for each in self.persons]
        return _lines(
            self.ids,
            _same("1"),
            _same("2"),
            self.divisions,
            (each.issued_on for each in self.persons),
            _hex(seal([number.encode() for number in numbers], context=CITIZEN_ID, rows=keys)),
            _hex(secrets.citizen_ids.of_many(numbers)),
            _hex(seal([each.name.encode() for each in self.persons], context=NAME, rows=keys)),
            _hex(seal([each.phone.encode() for each in self.persons], context=PHONE, rows=keys)),
            _hex(seal([_address(number).encode() for number in self.numbers], context=ADDRESS, rows=keys)),
            _same("builder"),
        )

    def _certificates(self, secrets: Secrets) -> Iterator[bytes]:
        keys = [each.bytes for each in self.certificate_ids]
        numbers = [each.encode() for each in self.certificate_numbers]
        return _lines(
            self.certificate_ids,
            self.ids,
            _same("2"),
            self.divisions,
            (self._status(number, each) for number, each in zip(self.numbers, self.persons, strict=True)),
            (each.disability.category.value for each in self.persons),
            (each.disability.grade.value for each in self.persons),
            (each.disability.components_text for each in self.persons),
            (each.issued_on for each in self.persons),
            (each.expires_on for each in self.persons),
            _hex(secrets.cipher.encrypt_many(numbers, context=NUMBER, rows=keys)),
            _hex(secrets.numbers.of_many(self.certificate_numbers)),
        )

    def _status(self, number: int, person: SyntheticPerson) -> str:
        return _STATES.get(number // len(PREFECTURES) % 100) or (
            "VALID" if person.expires_on.isoformat() >= self._today else "EXPIRED"
        )

    def _terms(self, words: Words) -> Iterator[bytes]:
        for person_id, each, division in zip(self.ids, self.persons, self.divisions, strict=True):
            yield f"{person_id}\t{{{','.join(map(str, words.of(each, division)))}}}\tf\n".encode()

    def samples(self) -> Iterator[dict[str, str]]:
        """Some of them, in the clear."""
        for at in range(-self.numbers[0] % SAMPLE_EVERY, len(self.persons), SAMPLE_EVERY):
            yield {
                "person_id": str(self.ids[at]),
                "certificate_id": str(self.certificate_ids[at]),
                "citizen_id_no": self.persons[at].identity_number,
                "certificate_no": self.certificate_numbers[at],
                "name": self.persons[at].name,
                "division": self.divisions[at],
            }


def _division(number: int, person: SyntheticPerson) -> str:
    return PREFECTURES[number % len(PREFECTURES)] + person.division[4:]


def _address(number: int) -> str:
    return FORMULA if number // len(PREFECTURES) % FORMULA_EVERY == 0 else f"幸福路{number % 997}号{number % 53}室"


def _same(value: str) -> Iterator[str]:
    while True:
        yield value


def _hex(values: Iterable[bytes]) -> Iterator[str]:
    return (f"\\\\x{value.hex()}" for value in values)


def _lines(*columns: Iterable[object]) -> Iterator[bytes]:
    for row in zip(*columns, strict=False):
        yield ("\t".join(map(str, row)) + "\n").encode()


def main() -> None:
    """Store the persons, then their samples."""
    first, size, file = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    settings = RegistrySettings()
    secrets, today = Secrets(settings.key_ring()), Clock().today()
    words = Words(secrets)
    persons = islice(generate(first + size, today=today), first, None)
    samples: list[dict[str, str]] = []
    url = settings.database_url.get_secret_value().replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        for start in range(first, first + size, BLOCK):
            taken = list(islice(persons, min(BLOCK, first + size - start)))
            block = Block(start, taken, today.isoformat())
            block.require_real(secrets, words)
            lines = {table: b"".join(rows) for table, rows in block.rows(secrets, words).items()}
            with connection.transaction():
                for table, content in lines.items():
                    _copy(connection, table, content)
            samples += block.samples()
    file.write_bytes(orjson.dumps(samples))


def _copy(connection: psycopg.Connection[Any], table: str, content: bytes) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS[table]))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)
    with connection.cursor().copy(statement) as copy:
        copy.write(content)


if __name__ == "__main__":
    main()
