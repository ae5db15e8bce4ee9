"""Words and numbers about a person that hide themselves.

Whatever prints one (``str``, ``repr``, an f-string, a log, a traceback) shows its mask; only ``clear`` says it. Numbers
with a shape of their own hide in the same way: `IdentityNumber`, `CertificateNumber`.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from shared.values.invalid import InvalidValue

_HIDDEN: Final = "***"
_SPACES: Final = re.compile(r"[\s-]+")
_TAIL: Final = 4
_MOBILE_DIGITS: Final = 11


class PersonalValueIsMalformed(InvalidValue):
    """The text is no such value; what was given is never repeated."""

    code: ClassVar[str] = "personal_value_is_malformed"
    zh_text: ClassVar[str] = "{what_zh}格式不正确"
    en_text: ClassVar[str] = "not an acceptable {what}"


@dataclass(frozen=True, slots=True, repr=False)
class Personal:
    """The base: text in the clear, shown masked."""

    pattern: ClassVar[re.Pattern[str]] = re.compile(r"[^\x00-\x1f\x7f]+")
    length_max: ClassVar[int] = 200
    what: ClassVar[tuple[str, str]] = ("内容", "text")

    clear: str

    def __post_init__(self) -> None:
        if len(self.clear) > self.length_max or not self.pattern.fullmatch(self.clear):
            raise PersonalValueIsMalformed(what_zh=self.what[0], what=self.what[1])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what people write: outer spaces and full-width forms are normalised."""
        return cls(unicodedata.normalize("NFKC", text).strip())

    def masked(self) -> str:
        """What may be shown to somebody who need not know."""
        return _HIDDEN

    def __str__(self) -> str:
        return self.masked()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.masked()})"

    def __format__(self, spec: str) -> str:
        return format(self.masked(), spec)


class PersonName(Personal):
    """A name. The family name is kept so that a clerk recognises the case, the length is not.

    >>> PersonName("王小明")
    PersonName(王**)
    """

    __slots__ = ()
    length_max: ClassVar[int] = 64
    what: ClassVar[tuple[str, str]] = ("姓名", "name")

    @classmethod
    def parse(cls, text: str) -> Self:
        """A name is kept as written: NFKC would replace rare characters of names."""
        return cls(text.strip())

    def masked(self) -> str:
        return self.clear[0] + "**" if len(self.clear) > 1 else "**"


class Phone(Personal):
    """A telephone number.

    >>> Phone("14312341234")
    Phone(143****1234)
    """

    __slots__ = ()
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"\+?[0-9][0-9\- ]{4,19}", re.ASCII)
    what: ClassVar[tuple[str, str]] = ("电话号码", "telephone number")

    def masked(self) -> str:
        digits = _SPACES.sub("", self.clear)
        return f"{digits[:3]}****{digits[-_TAIL:]}" if len(digits) >= _MOBILE_DIGITS else f"****{digits[-2:]}"


class AddressDetail(Personal):
    """Street and house; the division it lies in is a column of its own and may be shown."""

    __slots__ = ()
    what: ClassVar[tuple[str, str]] = ("详细地址", "address")


class BankAccount(Personal):
    """An account or card number: 8 to 32 digits, kept without spaces.

    >>> BankAccount.parse("6222 0212 3456 7890 123")
    BankAccount(***************0123)
    """

    __slots__ = ()
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"\d{8,32}", re.ASCII)
    what: ClassVar[tuple[str, str]] = ("银行账号", "bank account")

    @classmethod
    def parse(cls, text: str) -> Self:
        return cls(_SPACES.sub("", unicodedata.normalize("NFKC", text)))

    def masked(self) -> str:
        return self.clear[-_TAIL:].rjust(len(self.clear), "*")


class Diagnosis(Personal):
    """What a physician found: shown to nobody by halves (PI-04)."""

    __slots__ = ()
    length_max: ClassVar[int] = 2_000
    what: ClassVar[tuple[str, str]] = ("诊断", "diagnosis")


class Statement(Personal):
    """What a person wrote in their own words: may hold anything."""

    __slots__ = ()
    pattern: ClassVar[re.Pattern[str]] = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+")
    length_max: ClassVar[int] = 4_000
    what: ClassVar[tuple[str, str]] = ("陈述内容", "statement")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Somebody's words stay as they wrote them."""
        return cls(text.strip())
