"""What the rules say about the day of an application (READ-02), asked of the one expression and kept with the case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.subsidy.domain.entitlement.rules import RULES, Effect, Rule

NO_RATE: Final = "NO_RATE"
_VOID: Final = {rule.number: rule for rule in RULES if rule.effect is Effect.VOID}
_OF_THE_CARD: Final = frozenset({"READ-18", "READ-02/grade", "READ-02/card"})
"""What the federation looks at; income, overlaps and the person are civil affairs' (SUB-20)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``failing``: the rules by which the application must be refused. ``amount_fen``: of its first month, None
    where there is no rate (``problem``)."""

    failing: tuple[str, ...]
    amount_fen: int | None
    problem: str | None = None

    @classmethod
    def of(cls, rules: int, amount_fen: int | None, problem: str | None) -> Verdict:
        """From an answer of the expression: of its rules only those that void an application count."""
        failing = tuple(rule.id for number, rule in _VOID.items() if rules >> number & 1)
        return cls(failing, amount_fen, problem)

    @property
    def about_card(self) -> Verdict:
        """Only what concerns the card and its grade."""
        return Verdict(tuple(each for each in self.failing if each in _OF_THE_CARD), self.amount_fen, self.problem)

    @property
    def no_rate(self) -> bool:
        """Eligible, without a rate (READ-14)."""
        return self.problem == NO_RATE

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The failing rules themselves."""
        return tuple(rule for rule in _VOID.values() if rule.id in self.failing)

    @property
    def reasons_zh(self) -> str:
        """Why, in Chinese."""
        return "；".join(rule.reason_zh for rule in self.rules)

    @property
    def reasons_en(self) -> str:
        """Why, in English."""
        return "; ".join(rule.reason_en for rule in self.rules)
