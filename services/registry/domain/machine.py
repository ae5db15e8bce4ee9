"""A state machine as a table: one row a move. The same rows decide, explain a refusal, draw the diagram and are tested.

What a row cannot say (a date, a signature) is a guard in the aggregate; the row names it and its rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Move(Generic[S, E]):
    """``event`` in any of ``sources`` leads to one of ``targets``.

    Several targets: the guard decides by dates or evidence. ``rules`` are the IDs of RULES that ask for the move.
    """

    event: E
    sources: tuple[S, ...]
    targets: tuple[S, ...]
    guard: str = ""
    effect: str = ""
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Machine(Generic[S, E]):
    """Every move there is. A pair of state and event that stands in two rows is a mistake."""

    name: str
    states: type[S]
    events: type[E]
    moves: tuple[Move[S, E], ...]
    begins: tuple[S, ...]

    def __post_init__(self) -> None:
        pairs = [(source, move.event) for move in self.moves for source in move.sources]
        if len(set(pairs)) != len(pairs):
            message = f"{self.name}: a state and an event stand in two rows"
            raise ValueError(message)

    def move(self, state: S, event: E) -> Move[S, E] | None:
        """The row of a state and an event; None: refused."""
        return next((move for move in self.moves if move.event is event and state in move.sources), None)

    def allowed(self, state: S) -> tuple[E, ...]:
        """The events a state knows, in the order of the table."""
        return tuple(move.event for move in self.moves if state in move.sources)

    def reachable(self) -> frozenset[S]:
        """The states some life arrives at."""
        found: set[S] = set()
        ahead: Sequence[S] = self.begins
        while ahead:
            found.update(ahead)
            ahead = [t for move in self.moves if found & {*move.sources} for t in move.targets if t not in found]
        return frozenset(found)

    def ends(self) -> frozenset[S]:
        """The states nothing leaves."""
        return frozenset(state for state in self.states if not self.allowed(state))

    def edges(self) -> Iterator[tuple[S, E, S]]:
        """Every arrow of the diagram."""
        for move in self.moves:
            for source in move.sources:
                for target in move.targets:
                    yield source, move.event, target

    def diagram(self) -> str:
        """The machine as a Mermaid state diagram."""
        lines = ["stateDiagram-v2", *(f"    [*] --> {state}" for state in self.begins)]
        lines += [f"    {source} --> {target} : {event}" for source, event, target in self.edges()]
        lines += [f"    {state} --> [*]" for state in self.states if state in self.ends()]
        return "\n".join(lines) + "\n"

    def rows(self) -> Iterator[tuple[str, str, str, str, str, str]]:
        """The table for people: from, event, guard, to, effect, rules."""
        for move in self.moves:
            yield (
                " / ".join(move.sources),
                move.event.value,
                move.guard or "–",
                " / ".join(move.targets),
                move.effect or "–",
                ", ".join(move.rules) or "–",
            )
