"""An answer beside what was sent: every line of the answer gets a named reading, every line sent is accounted for.

A second answer never overwrites a first (RULES 12.4): the same once more is a repetition, another one is for people to
look into. What cannot be proven is `Outcome.UNKNOWN`, which is never a reason to send again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from services.subsidy.domain.banking.declaration import CodeMeaning, Declaration
from services.subsidy.domain.banking.reading import Answer, AnswerLine
from services.subsidy.domain.banking.reasons import MEANINGS, Meaning
from services.subsidy.domain.payroll.instructions import Outcome, Result


class Reading(StrEnum):
    """What a line of an answer is to us."""

    ANSWERED = "ANSWERED"
    """The first word on its line; also the end of an `Outcome.UNKNOWN`."""
    REPEATED = "REPEATED"
    """Says what is on record, or what a line above said."""
    CONTRADICTS = "CONTRADICTS"
    """Says otherwise than what is on record, or than a line above: what stands first stands."""
    LINE_UNKNOWN = "LINE_UNKNOWN"
    """Names nothing that was sent."""
    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"
    """Another amount than was sent: unknown until the bank explains it."""
    CODE_UNKNOWN = "CODE_UNKNOWN"
    """A code the dictionary lacks: unknown until somebody adds it."""
    UNREADABLE = "UNREADABLE"


READING_WORDS: Final[dict[Reading, tuple[str, str]]] = {
    Reading.ANSWERED: ("已回盘", "answered"),
    Reading.REPEATED: ("重复回盘，与已有结果一致", "said before"),
    Reading.CONTRADICTS: (
        "与已有结果矛盾，以先前结果为准，须人工核查",
        "contradicts what is on record; to be looked into",
    ),
    Reading.LINE_UNKNOWN: ("不是所发明细", "no such line was sent"),
    Reading.AMOUNT_DIFFERS: ("金额与所发不符，结果待银行说明", "another amount than was sent; the bank must explain"),
    Reading.CODE_UNKNOWN: ("返回码不在字典中，结果待确认", "a code the dictionary lacks"),
    Reading.UNREADABLE: ("无法读取", "cannot be read"),
}
_SPEAKS: Final = {Reading.ANSWERED, Reading.AMOUNT_DIFFERS, Reading.CODE_UNKNOWN}


@dataclass(frozen=True, slots=True)
class Sent:
    """A line of the file the answer is about. ``outcome``, ``code``: the answer on record, None and empty before."""

    instruction_key: UUID
    amount_fen: int
    outcome: Outcome | None = None
    code: str = ""


SentLines = Mapping[Any, Sent]
"""By what an answer names its lines by: instruction keys, or numbers of lines in their file."""


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line of the answer with its reading; ``meaning`` of its code where the dictionary has it."""

    line: AnswerLine
    reading: Reading
    sent: Sent | None = None
    meaning: Meaning | None = None


@dataclass(frozen=True, slots=True)
class Matched:
    """What an answer came to. ``unanswered``: lines sent that no answer spoke of yet. ``late``: it came after its day.

    An answer with ``faults`` as a whole has no results: a damaged file must come again.
    """

    lines: tuple[ReadLine, ...]
    results: tuple[Result, ...]
    unanswered: tuple[UUID, ...]
    counts: Mapping[Reading, int]
    late: bool

    @property
    def partial(self) -> bool:
        """Something that was sent is still without an answer."""
        return bool(self.unanswered)


def match(
    declaration: Declaration,
    answer: Answer,
    sent: SentLines,
    *,
    at: datetime,
    due_on: date | None = None,
) -> Matched:
    """Compare an answer with what was sent under the names the declaration knows lines by.

    ``at``: when it came, in the time of the bank's place, where ``due_on`` is a civil date too.
    """
    dictionary = {each.code: each for each in declaration.codes}
    spoken: dict[UUID, tuple[Outcome, str]] = {}
    lines: list[ReadLine] = []
    results: list[Result] = []
    for line in answer.lines:
        read = _read(line, sent, dictionary, spoken)
        lines.append(read)
        if read.reading in _SPEAKS and read.sent is not None and not answer.faults:
            outcome = read.meaning.outcome if read.meaning and read.reading is Reading.ANSWERED else Outcome.UNKNOWN
            spoken[read.sent.instruction_key] = outcome, line.code
            results.append(_result(read.sent, line, outcome, at))
    silent = tuple(
        each.instruction_key for each in sent.values() if each.outcome is None and each.instruction_key not in spoken
    )
    counts = Counter(each.reading for each in lines)
    late = due_on is not None and at.date() > due_on
    return Matched(tuple(lines), tuple(results), silent, counts, late)


def _read(
    line: AnswerLine,
    sent: SentLines,
    dictionary: Mapping[str, CodeMeaning],
    spoken: Mapping[UUID, tuple[Outcome, str]],
) -> ReadLine:
    if line.misfit is not None or line.named is None:
        return ReadLine(line, Reading.UNREADABLE)
    known = sent.get(line.named)
    if known is None:
        return ReadLine(line, Reading.LINE_UNKNOWN)
    code = dictionary.get(line.code)
    meaning = None if code is None else MEANINGS[code.reason]
    differs = line.amount_fen is not None and line.amount_fen != known.amount_fen
    outcome = Outcome.UNKNOWN if meaning is None or differs else meaning.outcome
    on_record = spoken.get(known.instruction_key, None if known.outcome is None else (known.outcome, known.code))
    if on_record is not None and (on_record == (outcome, line.code) or on_record[0] is not Outcome.UNKNOWN):
        same = on_record[0] is outcome and on_record[1] == line.code
        return ReadLine(line, Reading.REPEATED if same else Reading.CONTRADICTS, known, meaning)
    if differs:
        return ReadLine(line, Reading.AMOUNT_DIFFERS, known, meaning)
    return ReadLine(line, Reading.CODE_UNKNOWN if meaning is None else Reading.ANSWERED, known, meaning)


def _result(sent: Sent, line: AnswerLine, outcome: Outcome, at: datetime) -> Result:
    """The bank names a day at most; an answer without one counts from when it came."""
    when = at if line.answered_on is None else datetime.combine(line.answered_on, time(), at.tzinfo)
    amount = sent.amount_fen if line.amount_fen is None else line.amount_fen
    return Result(
        instruction_key=sent.instruction_key, outcome=outcome, code=line.code, amount_fen=amount, at=min(when, at)
    )


def words_of(code: CodeMeaning) -> tuple[str, str]:
    """A code in Chinese and English: the bank's own words first."""
    meaning = MEANINGS[code.reason]
    return code.text or meaning.zh, meaning.en
