"""What differs from county to county: every rule that is not national law is a parameter with a region and a date.

A parameter is declared once, with its rule, its default and what it may be. A row of the table ``local_rule`` gives it
another value in a division (and everything inside it), for all matters or one, from a day on. The narrowest division
wins, then the matter, then the later beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from services.registry.domain.application_errors import LocalRuleIsUnknown, LocalRuleValueIsWrong
from services.registry.domain.application_state import STAGES, ApplicationState, Matter
from shared.values.division import Division

T = TypeVar("T")


class RenewalPolicy(StrEnum):
    """When a renewal needs a new assessment (CERT-15: local)."""

    IF_DOUBTFUL = "IF_DOUBTFUL"
    """Only where the old certificate was issued by eye, or the state has changed."""
    EXCEPT_VISIBLE_LOSS = "EXCEPT_VISIBLE_LOSS"
    """Always, but for a visible loss of limbs."""
    ALWAYS = "ALWAYS"


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T]):
    """``read`` turns the stored JSON value into the parameter's, or raises ``ValueError``."""

    name: str
    rule: str
    default: T
    read: Callable[[object], T]
    zh: str
    en: str

    def parse(self, value: object) -> T:
        """Raises `LocalRuleValueIsWrong`."""
        try:
            return self.read(value)
        except ValueError as error:
            raise LocalRuleValueIsWrong(name=self.name, reason=str(error)) from error


def _integer(least: int, most: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return value

    return read


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - one error for every wrong value
    return value


def _words(known: Iterable[str]) -> Callable[[object], frozenset[str]]:
    words = frozenset(known)

    def read(value: object) -> frozenset[str]:
        if not isinstance(value, list) or not all(isinstance(word, str) and word in words for word in value):
            raise ValueError(f"a list of {', '.join(sorted(words))}")
        return frozenset(value)

    return read


def _policy(value: object) -> RenewalPolicy:
    if not isinstance(value, str) or value not in RenewalPolicy.__members__:
        raise ValueError(f"one of {', '.join(RenewalPolicy)}")
    return RenewalPolicy(value)


CANCELLATION_REASONS: Final = (
    "DEATH",
    "NO_LONGER_MEETS",
    "VOLUNTARY",
    "FRAUD",
    "TRANSFER_OVERDUE_1Y",
    "NOT_RENEWED_6M",
    "DECLARED_MISSING",
)

EXPIRY_INCLUSIVE: Final = Parameter(
    "expiry_inclusive", "CERT-12", True, _yes_or_no, "有效期截止日当天仍有效", "valid through the day of expiry"
)
RENEWAL_OPENS_MONTHS: Final = Parameter(
    "renewal_opens_months",
    "CERT-13",
    6,
    _integer(1, 24),
    "到期前几个月可申请换领",
    "months before expiry from which a renewal may be asked for",
)
RENEWAL_REASSESSMENT: Final = Parameter(
    "renewal_reassessment_policy",
    "CERT-15",
    RenewalPolicy.IF_DOUBTFUL,
    _policy,
    "换领时是否重新评定",
    "whether a renewal needs a new assessment",
)
CHANGE_AFTER_MONTHS: Final = Parameter(
    "change_after_months",
    "CERT-20",
    0,
    _integer(0, 36),
    "距上次评定满几个月方可申请变更",
    "months between two assessments before a change may be asked for",
)
LOSS_POSTING_DAYS: Final = Parameter(
    "loss_posting_days",
    "CERT-18",
    0,
    _integer(0, 120),
    "遗失声明公示几日后方可补办",
    "days a declaration of loss is posted before a replacement is printed",
)
NOTICE_WORKING_DAYS: Final = Parameter(
    "notice_working_days", "CERT-05", 5, _integer(5, 30), "公示几个工作日", "working days of the public notice"
)
DISPUTE_WORKING_DAYS: Final = Parameter(
    "dispute_working_days",
    "CERT-21",
    10,
    _integer(10, 60),
    "几个工作日内可提出异议复核",
    "working days within which an assessment may be disputed",
)
BAR_REASONS: Final = Parameter(
    "bar_reasons",
    "CERT-29",
    frozenset({"NO_LONGER_MEETS", "FRAUD", "VOLUNTARY"}),
    _words(CANCELLATION_REASONS),
    "哪些注销原因一年内不得重新申请",
    "reasons of cancellation after which a new application waits a year",
)
TRANSFER_FREEZE_MONTHS: Final = Parameter(
    "transfer_freeze_months",
    "CERT-24",
    6,
    _integer(1, 24),
    "户籍迁移几个月未迁证即冻结",
    "months after a household moved from which an untransferred certificate is frozen",
)
TRANSFER_CANCEL_MONTHS: Final = Parameter(
    "transfer_cancel_months",
    "CERT-25",
    12,
    _integer(1, 36),
    "户籍迁移几个月未迁证即注销",
    "months after a household moved from which an untransferred certificate is cancelled",
)
FREEZE_EXPIRED: Final = Parameter(
    "freeze_expired",
    "CERT-28",
    False,
    _yes_or_no,
    "到期未换领即冻结",
    "whether a certificate is frozen when it expires without renewal",
)
CANCEL_EXPIRED_MONTHS: Final = Parameter(
    "cancel_expired_months",
    "CERT-28",
    0,
    _integer(0, 36),
    "到期几个月未换领即注销（0：不强制注销）",
    "months after expiry from which a certificate is cancelled; 0: never",
)
LAST_REMINDER: Final = Parameter(
    "last_reminder",
    "CERT-14",
    True,
    _yes_or_no,
    "到期前一个月再次提醒",
    "whether a second reminder goes out a month before",
)
WARN_WORKING_DAYS: Final = Parameter(
    "warn_working_days",
    "CERT-32",
    2,
    _integer(0, 20),
    "到期前几个工作日预警",
    "working days before a deadline from which the case is marked",
)

SLA: Final[Mapping[ApplicationState, Parameter[int]]] = {
    state: Parameter(
        f"sla_{state.value.lower()}",
        "CERT-32",
        stage.working_days,
        _integer(1, 60),
        f"{state.value} 环节办理时限（工作日）",
        f"working days a case may stay {state.value}",
    )
    for state, stage in STAGES.items()
}
"""How long a case may stay in each state: the SLA profile of a region and a matter."""

_ALL: Final[tuple[Parameter[Any], ...]] = (
    EXPIRY_INCLUSIVE,
    RENEWAL_OPENS_MONTHS,
    RENEWAL_REASSESSMENT,
    CHANGE_AFTER_MONTHS,
    LOSS_POSTING_DAYS,
    NOTICE_WORKING_DAYS,
    DISPUTE_WORKING_DAYS,
    BAR_REASONS,
    TRANSFER_FREEZE_MONTHS,
    TRANSFER_CANCEL_MONTHS,
    FREEZE_EXPIRED,
    CANCEL_EXPIRED_MONTHS,
    LAST_REMINDER,
    WARN_WORKING_DAYS,
    *SLA.values(),
)
PARAMETERS: Final[Mapping[str, Parameter[Any]]] = {parameter.name: parameter for parameter in _ALL}


def parameter_of(name: str) -> Parameter[Any]:
    """Raises `LocalRuleIsUnknown` naming the known ones."""
    found = PARAMETERS.get(name)
    if found is None:
        raise LocalRuleIsUnknown(name=name, known=", ".join(PARAMETERS))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalRule:
    """One dated value. ``division`` None: everywhere; ``matter`` None: all matters; ``valid_to``: last valid day."""

    division: Division | None
    matter: Matter | None
    name: str
    value: object
    valid_from: date
    valid_to: date | None = None

    def applies(self, name: str, division: Division, matter: Matter | None, on: date) -> bool:
        """Whether the row speaks of this."""
        return (
            self.name == name
            and (self.division is None or self.division.contains(division))
            and self.matter in {None, matter}
            and self.holds_on(on)
        )

    def holds_on(self, day: date) -> bool:
        """Whether the row is in force."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    @property
    def weight(self) -> tuple[int, bool, date]:
        """What decides between two rows that both apply."""
        return (0 if self.division is None else len(self.division.code), self.matter is not None, self.valid_from)


@dataclass(frozen=True, slots=True)
class LocalRules:
    """All rows somebody decided; whatever none of them says is the default."""

    rows: Sequence[LocalRule] = ()

    def value(self, parameter: Parameter[T], *, division: Division, on: date, matter: Matter | None = None) -> T:
        """The value in force there and then."""
        rows = [row for row in self.rows if row.applies(parameter.name, division, matter, on)]
        if not rows:
            return parameter.default
        return parameter.parse(max(rows, key=lambda row: row.weight).value)
