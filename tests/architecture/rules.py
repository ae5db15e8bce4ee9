"""Which rule is shown by which test: RULES 4 and 9 against the test suites, read off the source.

``python -m tests.architecture.rules`` writes the page ``docs/rules.md``; `test_rules.py` fails when it is not current,
or when a rule has neither a test nor a reason to have none.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.architecture.source import ROOT, parsed, python_files
from tests.oracles.entitlement.profile_cases import PROFILE_CASES
from tests.oracles.entitlement.rule_cases import RULE_CASES
from tests.oracles.entitlement.worked_cases import WORKED_CASES

PAGE: Final = ROOT / "docs" / "rules.md"
_RULE: Final = re.compile(r"\b(?:SUB|READ|DX)-\d\d\b")
_SHOWN_MAX: Final = 6

RULES: Final[Mapping[str, str]] = {
    "SUB-01": "Living subsidy: a card holder in a dibao household",
    "SUB-02": "Nursing subsidy: grade 1 or 2, in need of long-term care",
    "SUB-03": "Long-term care: needed for six months or more",
    "SUB-04": "Both subsidies may be received together",
    "SUB-05": "Neither counts as household income for dibao",
    "SUB-06": "Places may widen grades and income classes, by date",
    "SUB-07": "Persons in extreme hardship receive neither",
    "SUB-08": "Recipients of the work-injury living-care payment receive neither",
    "SUB-09": "Orphans: no living subsidy, nursing allowed",
    "SUB-10": "Unattended children with the full allowance: no living subsidy, nursing allowed",
    "SUB-11": "Elder nursing subsidy or disability nursing subsidy: the higher",
    "SUB-12": "Elder-service subsidy and old-age allowance stack",
    "SUB-13": "Elderly, work-related and veterans' welfare: the higher within the same kind",
    "SUB-14": "Places add no exclusions beyond those named",
    "SUB-15": "One need, one payment; national rule by national text, local by local text",
    "SUB-16": "Disabled-serviceman benefits exclude in some counties",
    "SUB-17": "Students belong to their original household",
    "SUB-18": "The card is valid at the application and in every paid month",
    "SUB-20": "Township, federation, civil affairs, notice: who decides what",
    "SUB-21": "Guardians, agents and committees may apply",
    "SUB-22": "Step limits and notice by the profile of the place",
    "SUB-23": "A notice shows minimal fields",
    "SUB-24": "A refusal has a written reason at each step",
    "SUB-25": "Cross-province: pushed within 3 working days",
    "SUB-26": "Cross-province: decided within 10 working days",
    "SUB-27": "Cross-province: the applicant told within 3 working days",
    "SUB-28": "Any township of the country accepts, of the same province as well",
    "SUB-29": "Late pushes and decisions are counted per county",
    "SUB-30": "All-online applications follow the same limits",
    "SUB-31": "Working days follow the State Council calendar",
    "SUB-35": "Entitlement starts with the month of the application",
    "SUB-36": "Whole months only",
    "SUB-37": "Cross-province: the month of the application where it was accepted",
    "SUB-38": "Death, move, card or condition lost: stop from the following month",
    "SUB-39": "Leaving dibao stops the living subsidy from the following month",
    "SUB-40": "An expired card stops from the month after",
    "SUB-41": "Prison stops from the month after the judgment takes effect",
    "SUB-42": "Suspended sentences and detention are flagged, nothing more",
    "SUB-43": "Declared missing, fraud, own wish, no confirmation: stop next month; a review may undo it",
    "SUB-44": "The old standard while a card is re-issued",
    "SUB-45": "Less from the month after the new issue, more from the month of issue",
    "SUB-46": "A lost card interrupts nothing",
    "SUB-47": "After an expiry: from the application, or by the switch from the card",
    "SUB-48": "Back-payment of the gap: at most three months, at the new card's standard, by decision",
    "SUB-49": "A transition period keeps expired cards valid",
    "SUB-50": "A missed reminder extends nothing, but is evidence for back-payment",
    "SUB-55": "Paid to the person's account",
    "SUB-56": "Paid every month, by the pay day",
    "SUB-57": "One row per person, kind and month, however often it is paid out",
    "SUB-58": "The one-card chain from plan to corrected re-payment",
    "SUB-59": "A returned item keeps its reason and is sent again",
    "SUB-60": "Notice periods of the one-card side differ",
    "SUB-61": "One item per person, kind and month; corrections are separate items",
    "SUB-62": "The owning department is data",
    "SUB-63": "Rates change by date; what was paid names its version",
    "SUB-70": "Data are compared at least monthly",
    "SUB-71": "New dibao holders and new cards are reminded, with evidence",
    "SUB-72": "Proactive rate: reminded of all new cases",
    "SUB-73": "A written notice comes with a new card",
    "SUB-74": "Periodic review by report and spot check",
    "SUB-75": "Annual confirmation where it is used",
    "SUB-76": "Changes that warn by themselves",
    "SUB-77": "Fraud: stop and recover",
    "SUB-78": "A fine on top of repayment",
    "SUB-79": "Recovery may fail: partial, waived, written off, set off",
    "SUB-80": "What was done with a lead",
    "SUB-81": "Standards are raised by schedule, by formula or ad hoc",
    "READ-01": "Facts over on the day of the application do not touch the award",
    "READ-02": "An application on a day without every condition creates no award",
    "READ-03": "Renewed in time; anything else that begins and ends in a month stops all the same",
    "READ-04": "The day a card is frozen, cancelled or expires counts as valid",
    "READ-05": "A re-issue asked for in time moves the expiry",
    "READ-06": "The better of the values held at the end of the month before and begun in the month",
    "READ-07": "Of two awards that cover a month the earlier pays",
    "READ-08": "Every month in which the elder nursing payment runs is compared",
    "READ-09": "VALID or LOST, within its dates; a transfer is an event",
    "READ-10": "A card that expires in a transition period expires with it",
    "READ-11": "Back-payment: the three months before the restart, every condition but the card",
    "READ-12": "A multiple disability is paid by its dearest component",
    "READ-13": "Yearly steps take effect on 1 January",
    "READ-14": "A month without a rate is an error",
    "READ-15": "Rounded once a month, after all steps",
    "READ-16": "Fraud is dated the day it is established; earlier months are undue through the facts",
    "READ-17": "The work-injury living-care payment excludes, it is not compared",
    "READ-18": "Without a valid card refused, not incomplete",
    "READ-19": "Leaving dibao is dated its last day",
    "READ-20": "The last valid day is the expiry date, or by the switch the day before",
    "READ-21": "A review that proves eligibility withdraws the stop",
    "READ-22": "Unverified suspects: held for death, flagged for prison, due all the same",
    "READ-23": "A run takes unpaid items of earlier months as well",
    "DX-01": "Suspects are handed down, verified, reported; each level has its days",
    "DX-03": "Local comparison at least monthly",
    "DX-05": "Deaths: every source is kept, the earliest counts",
    "DX-06": "Lists of prisoners come late, often without a judgment",
    "DX-08": "The federation's list comes in full",
    "DX-10": "Dead and still paid nursing",
    "DX-11": "Dead and still paid living",
    "DX-12": "Dead, the certificate still active",
    "DX-13": "Alive, the certificate expired",
    "DX-14": "Expired, yet shown as active",
    "DX-15": "Paid without an active certificate",
    "DX-16": "The same kind and month paid in two regions",
    "DX-17": "Overlap with another benefit",
    "DX-18": "Left dibao, living still paid",
    "DX-19": "Serving a sentence",
    "DX-20": "The household moved out",
    "DX-21": "Eligible and unpaid",
    "DX-22": "A new certificate without an award",
    "DX-23": "Grade or category differs",
    "DX-24": "One account of several, or of another",
    "DX-25": "Certificate papers altered",
}

PEOPLE: Final[Mapping[str, str]] = {
    "SUB-60": "differs by place and asks nothing more than the notice days of the profile (SUB-22)",
    "SUB-74": "a periodic review is done by people; what it finds are facts",
    "SUB-78": "a question of law; a fine is no payment of this service",
}
"""Rules that ask something of people and nothing of the product: why they have no test."""

_PAYMENT: Final = "payment (RULES 4.4, 4.8)"
_COMPARISON: Final = "comparison and recovery (RULES 4.5, 4.8)"
AWAITED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("SUB-55", "SUB-57", "SUB-58", "SUB-62"), _PAYMENT),
    **dict.fromkeys(("SUB-73", "SUB-79"), _COMPARISON),
}
"""Rules of parts that are not built yet; a rule leaves this list with its first test."""


def cited() -> dict[str, list[str]]:
    """For each rule the tests and cases that name it."""
    shown: dict[str, list[str]] = defaultdict(list)
    for case in (*WORKED_CASES, *RULE_CASES, *PROFILE_CASES):
        for rule in sorted(set(_RULE.findall(f"{case.rules} {case.name}"))):
            shown[rule].append(f"*{case.name}*")
    for path in python_files("tests"):
        if path.name.startswith("test_"):
            for name, text in _tests(path):
                for rule in sorted(set(_RULE.findall(text))):
                    shown[rule].append(f"`{path.relative_to(ROOT).as_posix()}::{name}`")
    return shown


def _tests(path: Path) -> Iterator[tuple[str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield node.name, "\n".join(lines[first - 1 : node.end_lineno])


def _reason(rule: str) -> str:
    return PEOPLE.get(rule) or f"awaits {AWAITED[rule]}"


def page() -> str:
    """The page as it should be."""
    shown = cited()
    lines = [
        "# Rules and the tests that show them",
        "",
        "Generated by `python -m tests.architecture.rules`. Rules are cited by the IDs of RULES 4 and 9. A test is",
        "named by file and function; a case (in italics) is one row of `tests/oracles/entitlement`, run against the",
        "oracle and against the engine.",
        "",
        "| rule | says | shown by |",
        "|---|---|---|",
    ]
    for rule, says in RULES.items():
        tests = shown.get(rule, [])
        more = f"; {len(tests) - _SHOWN_MAX} more" if len(tests) > _SHOWN_MAX else ""
        by = "; ".join(tests[:_SHOWN_MAX]) + more if tests else _reason(rule)
        lines.append(f"| {rule} | {says} | {by} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
