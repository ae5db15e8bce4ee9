"""A seal's file proves itself, or names what was done to it (RULES 12; ARCHITECTURE 4, Money)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.subsidy import seal_verify
from services.subsidy.domain.payroll import seal as form
from services.subsidy.domain.payroll.seal import GENESIS, LineKey, Seal, SealIsMalformed
from services.subsidy.domain.payroll.seal_check import Found, SealFinding, SealReport, check
from services.subsidy.seal_verify import is_genuine
from shared.kit.signing import KeyPair, new_key

SIGNER = KeyPair.parse(new_key("a1"))
KEYS = {"a1": SIGNER.public_key}


def a_line(place: int, amount_fen: int = 8_000, state: str = "SETTLED") -> str:
    key = ("2026-06-01", f"00000000-0000-0000-0000-{place:012d}", "nursing_subsidy", 0)
    return json.dumps([*key, "award", "341502", amount_fen, 0, "REGULAR", 7, state, "", "2026-06-12T02:00:00Z"])


def listed(lines: list[str]) -> list[str]:
    return [json.dumps([*form.line_of(line)[0], form.hash_of(line)]) for line in lines]


def a_seal(lines: list[str], before: tuple[Seal, ...] = (), **change: Any) -> Seal:
    told: dict[str, Any] = {
        "division": "34",
        "number": len(before) + 1,
        "run_id": f"run {len(before) + 1}",
        "run_version": 7,
        "month": f"2026-{len(before) + 1:02d}",
        "schemes": ("nursing_subsidy",),
        "lines": len(lines),
        "amount_fen": sum(form.line_of(line)[1] for line in lines),
        "digest": sha256("".join(listed(lines)).encode()).hexdigest(),
        "approved": "f" * 64,
        "as_approved": True,
        "previous": before[-1].chain if before else GENESIS,
        "sealed_at": "2026-07-01T00:00:00.000+00:00",
        "key_id": "a1",
    }
    seal = Seal(**told | change)
    return seal.signed(base64.b64encode(SIGNER.sign(seal.statement)).decode())


def a_file(lines: list[str], seals: tuple[Seal, ...]) -> list[str]:
    return [form.header(seals), form.LISTED, *listed(lines), form.LINES, *lines, form.END]


FIVE = [a_line(place) for place in range(5)]
BEFORE = a_seal(FIVE[:2])
SEALS = (BEFORE, a_seal(FIVE, (BEFORE,)))
FILE = a_file(FIVE, SEALS)
FIRST = FILE.index(form.LINES) + 1
"""Where the first line stands."""


def judged(file: list[str], against: list[str] | None = None) -> SealReport:
    other: Callable[[], Iterator[str]] | None = None if against is None else partial(iter, against)
    return check(partial(iter, file), partial(is_genuine, KEYS), against=other)


def key_of(place: int) -> LineKey:
    return form.line_of(a_line(place))[0]


def kinds(report: SealReport) -> list[SealFinding]:
    return [each.kind for each in report.findings]


def test_a_file_nobody_touched_is_intact() -> None:
    report = judged(FILE)
    assert report.intact, report.findings
    assert (report.lines, report.seals, report.seal) == (5, 2, SEALS[-1])


def test_an_altered_amount_names_its_line() -> None:
    file = [*FILE]
    file[FIRST + 2] = a_line(2, amount_fen=80_000)
    assert judged(file).findings == [
        Found(SealFinding.LINE_ALTERED, line=key_of(2), place=3),
        Found(SealFinding.TOTALS_DIFFER, seal=2),
    ]


def test_another_last_state_names_its_line() -> None:
    file = [*FILE]
    file[FIRST] = a_line(0, state="RETURNED")
    assert judged(file).findings == [
        Found(SealFinding.LINE_ALTERED, line=key_of(0), place=1),
        Found(SealFinding.TOTALS_DIFFER, seal=2),
    ], "what came back was not paid"


@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_line_that_was_removed_is_named(place: int) -> None:
    file = FILE[: FIRST + place] + FILE[FIRST + place + 1 :]
    report = judged(file)
    assert Found(SealFinding.LINE_REMOVED, line=key_of(place)) in report.findings
    assert kinds(report) == [SealFinding.LINE_REMOVED, SealFinding.TOTALS_DIFFER]


@pytest.mark.parametrize("place", [0, 3, 5])
def test_a_line_that_was_added_is_named(place: int) -> None:
    added = a_line(9) if place == 5 else json.dumps(["2026-05-01", *json.loads(FIVE[0])[1:]])
    file = [*FILE[: FIRST + place], added, *FILE[FIRST + place :]]
    report = judged(file)
    assert Found(SealFinding.LINE_ADDED, line=form.line_of(added)[0], place=place + 1) in report.findings
    assert kinds(report) == [SealFinding.LINE_ADDED, SealFinding.TOTALS_DIFFER]


def test_the_same_line_twice_is_one_too_many() -> None:
    file = [*FILE[: FIRST + 1], FILE[FIRST], *FILE[FIRST + 1 :]]
    assert Found(SealFinding.LINE_ADDED, line=key_of(0), place=2) in judged(file).findings


def test_two_lines_that_changed_places_are_not_in_theirs() -> None:
    file = [*FILE]
    file[FIRST + 1], file[FIRST + 2] = file[FIRST + 2], file[FIRST + 1]
    named = {each.line for each in judged(file).findings}
    assert named & {key_of(1), key_of(2)}


def test_whoever_writes_the_list_anew_as_well_is_found_and_named_by_another_file() -> None:
    lines = [*FIVE]
    lines[2] = a_line(2, amount_fen=80_000)
    forged = a_file(lines, SEALS)
    assert kinds(judged(forged)) == [SealFinding.LIST_ALTERED, SealFinding.TOTALS_DIFFER]
    report = judged(forged, FILE)
    assert Found(SealFinding.LINE_ALTERED, line=key_of(2), place=3) in report.findings
    # What it is held against must be proved itself.
    assert SealFinding.OTHER_RUN in kinds(judged(FILE, forged))
    assert SealFinding.OTHER_RUN in kinds(judged(FILE, a_file(FIVE[:2], (BEFORE,))))


def test_whoever_writes_the_seal_anew_has_no_key_of_ours() -> None:
    lines = [*FIVE]
    lines[2] = a_line(2, amount_fen=80_000)
    unsigned = a_seal(lines, (BEFORE,)).signed(SEALS[-1].signature)
    assert kinds(judged(a_file(lines, (BEFORE, unsigned)))) == [SealFinding.SIGNATURE_INVALID]
    mine = KeyPair.parse(new_key("a1"))
    seal = a_seal(lines, (BEFORE,))
    other = seal.signed(base64.b64encode(mine.sign(seal.statement)).decode())
    assert kinds(judged(a_file(lines, (BEFORE, other)))) == [SealFinding.SIGNATURE_INVALID]


@pytest.mark.parametrize("name", [name for name in Seal.__dataclass_fields__ if name != "signature"])
def test_nothing_a_seal_says_can_be_changed_under_its_signature(name: str) -> None:
    seal = SEALS[-1]
    said = getattr(seal, name)
    other: Any = said + 1 if type(said) is int else "?" if isinstance(said, str) else None
    other = ("?",) if name == "schemes" else other
    forged = replace(seal, **{name: other})
    assert Found(SealFinding.SIGNATURE_INVALID, seal=forged.number) in judged(a_file(FIVE, (BEFORE, forged))).findings


def test_seals_that_were_exchanged_are_found() -> None:
    third = a_seal(FIVE, SEALS)
    assert judged(a_file(FIVE, (*SEALS, third))).intact
    report = judged(a_file(FIVE, (SEALS[1], SEALS[0], third)))
    misplaced = [each.seal for each in report.findings if each.kind is SealFinding.SEAL_MISPLACED]
    assert misplaced == [2, 1]
    left_out = judged(a_file(FIVE, (SEALS[0], third)))
    assert Found(SealFinding.SEAL_MISPLACED, seal=3) in left_out.findings
    # The lines of one run under the seal of another.
    assert SealFinding.LIST_ALTERED in kinds(judged(a_file(FIVE[:2], SEALS)))


def test_a_genuine_seal_that_the_next_one_does_not_name_is_found() -> None:
    another = a_seal(FIVE[:3])
    report = judged(a_file(FIVE, (another, SEALS[1])))
    assert report.findings == [Found(SealFinding.SEAL_ALTERED, seal=1)]
    elsewhere = a_seal(FIVE, (), previous="1" * 64)
    assert judged(a_file(FIVE, (elsewhere,))).findings == [Found(SealFinding.SEAL_ALTERED, seal=1)]
    foreign = a_seal(FIVE[:2], division="51")
    report = judged(a_file(FIVE, (foreign, a_seal(FIVE, (foreign,)))))
    assert Found(SealFinding.SEAL_MISPLACED, seal=1) in report.findings


def test_lines_that_were_not_those_approved_are_told_though_the_file_is_whole() -> None:
    told = judged(a_file(FIVE, (a_seal(FIVE, as_approved=False),)))
    assert kinds(told) == [SealFinding.NOT_AS_APPROVED]
    assert judged(a_file(FIVE, (a_seal(FIVE, as_approved=None),))).intact, "an earlier digest says nothing"


@pytest.mark.parametrize("cut", range(len(FILE)))
def test_a_file_that_breaks_off_is_unreadable(cut: int) -> None:
    assert SealFinding.UNREADABLE in kinds(judged(FILE[:cut]))


@pytest.mark.parametrize("place", range(len(FILE) + 1))
def test_whatever_is_put_in_between_or_behind_is_found(place: int) -> None:
    for put in ("", FIVE[0], form.END):
        assert not judged([*FILE[:place], put, *FILE[place:]]).intact


@given(st.text(), st.integers(0, len(FILE) - 1))
def test_whatever_stands_in_place_of_a_line_is_found_and_stops_nothing(text: str, place: int) -> None:
    file = [*FILE]
    file[place] = text
    assert judged(file).intact == (text == FILE[place])


@given(st.data())
def test_whatever_single_letter_is_changed_is_found(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(FILE) - 1))
    at = data.draw(st.integers(0, len(FILE[place]) - 1))
    letter = data.draw(st.characters(codec="ascii", exclude_characters='"\\\n' + FILE[place][at]))
    file = [*FILE]
    file[place] = file[place][:at] + letter + file[place][at + 1 :]
    report = judged(file)
    # Spaces between values, or the names of fields nobody signs, say the same.
    same = place == 0 and _said(file[0]) == _said(FILE[0])
    assert not report.intact or same


def _said(text: str) -> object:
    try:
        return form.seals_of(text)
    except SealIsMalformed:
        return None


def test_the_command_proves_a_file_and_names_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    public = json.dumps({"a1": SIGNER.public_key.as_json()})
    monkeypatch.setenv("AUDIT_PUBLIC_KEYS", public)
    genuine, forged = tmp_path / "a.txt", tmp_path / "b.txt"
    genuine.write_text("\n".join([*FILE, ""]))
    forged.write_text("\n".join([*FILE, ""]).replace("8000", "8001", 1))

    def ran(*arguments: str) -> tuple[object, dict[str, Any]]:
        monkeypatch.setattr("sys.argv", ["seal_verify", *arguments])
        with pytest.raises(SystemExit) as ended:
            seal_verify.main()
        return ended.value.code, json.loads(capsys.readouterr().out)

    code, told = ran(str(genuine))
    assert (code, told["intact"], told["seal"]["chain"]) == (0, True, SEALS[-1].chain)
    code, told = ran(str(forged), "--against", str(genuine))
    assert (code, told["intact"]) == (1, False)
    assert told["findings"][0]["line"] == key_of(0)._asdict()
    monkeypatch.setenv("AUDIT_PUBLIC_KEYS", "{}")
    code, told = ran(str(genuine))
    assert (code, told["findings"][0]["kind"]) == (1, "SIGNATURE_INVALID")
