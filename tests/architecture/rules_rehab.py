"""Which rule of RULES 7 is shown by which test, and the rehab service's state machines: read off the source.

``python -m tests.architecture.rules_rehab`` writes ``docs/rules-rehab.md``. A test fails when the page is not current,
or when a rule has neither a test nor a reason to have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from services.rehab.domain.aid_delivery import DELIVERIES, SETTLEMENTS
from services.rehab.domain.case_state import CASES
from services.rehab.domain.institution import INSTITUTIONS
from tests.architecture.citing import Citing, drawn
from tests.architecture.source import ROOT

PAGE: Final = ROOT / "docs" / "rules-rehab.md"
CITING: Final = Citing(("REH",))
_SHOWN_MAX: Final = 5

RULES: Final[Mapping[str, str]] = {
    "REH-01": "Assessment first, then a plan, adjusted on results",
    "REH-02": "What community rehabilitation covers; it may be bought",
    "REH-03": "National aim for children, the poor and the severe",
    "REH-04": "Programme document of targeted service",
    "REH-05": "Yearly path of the rate",
    "REH-06": "Rate: served this year of those with need the year before",
    "REH-07": "Rate with persons without a card",
    "REH-08": "Target of 85 %",
    "REH-09": "Work chain from the need to the record",
    "REH-10": "Figures of a half year",
    "REH-11": "Figures of a half year",
    "REH-12": "Catalogue: category × age band × item × cycle × payer",
    "REH-13": "Family-doctor contracts",
    "REH-14": "Targets of family-doctor contracts",
    "REH-15": "Before and after with the same instrument, or the plan cannot be closed",
    "REH-16": "Remote service at home",
    "REH-20": "National system of aid for children",
    "REH-21": "Which children",
    "REH-22": "Surgery, devices, training",
    "REH-23": "Guardian applies to the county of household or of the residence permit",
    "REH-24": "The guardian freely chooses a designated institution",
    "REH-25": "Settlement with the institution",
    "REH-26": "Institutions under agreement with entry, exit and black list",
    "REH-27": "Age widening",
    "REH-28": "Amounts of aid",
    "REH-29": "Living aid during training",
    "REH-30": "Local rules of institutions and aid",
    "REH-31": "Capacity and order of approval; quarterly safety checks",
    "REH-32": "Screening chain",
    "REH-33": "Eligible until the seventh birthday",
    "REH-40": "Service chain of devices",
    "REH-41": "Who may apply for a device",
    "REH-42": "Devices compensated elsewhere",
    "REH-43": "Modes of device aid",
    "REH-44": "Device aid by price",
    "REH-45": "One item of a kind per service life",
    "REH-46": "Loan and lease terms",
    "REH-47": "Figures of loans",
    "REH-48": "Lease circle",
    "REH-49": "Fukang project",
    "REH-60": "Confidentiality of mental-health cases",
    "REH-61": "Goal of coverage",
    "REH-62": "Three-year campaign",
    "REH-63": "Path of the campaign",
    "REH-64": "Targets of a municipality",
    "REH-65": "Yearly step of a municipality",
    "REH-66": "Progress",
    "REH-67": "Hub with stations",
    "REH-68": "Equipment of stations",
    "REH-69": "Faults of stations",
    "REH-70": "Twenty hours of special training a year",
    "REH-71": "Referral rules, three ways in",
    "REH-72": "Steps from application to follow-up",
    "REH-73": "Initial check and registration within five working days",
    "REH-74": "Referral within five working days",
    "REH-75": "Seven templates",
    "REH-76": "County checks, prefecture confirms, the institution may state its defence",
    "REH-77": "Data shared by the platform",
    "REH-78": "Standard-service rate",
    "REH-79": "Recurrence: to a hospital, and back",
    "REH-80": "Local systems beside ours",
    "REH-90": "Floor area of a township centre",
    "REH-91": "Staff of a township centre",
    "REH-92": "Clients of a township centre",
    "REH-93": "Service days of a township centre",
    "REH-94": "Quality of a township centre",
    "REH-95": "Incidents of a township centre",
    "REH-96": "Papers of a township centre",
    "REH-97": "When a township centre loses its subsidy",
}

_FIGURES: Final = "a figure, a target or a title: nothing the service decides"
_NOT_YET: Final = "not in this release: the service offers nothing of it"
ELSEWHERE: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            *("REH-02", "REH-03", "REH-04", "REH-05", "REH-08", "REH-10", "REH-11", "REH-14", "REH-20", "REH-30"),
            *("REH-47", "REH-48", "REH-61", "REH-62", "REH-63", "REH-64", "REH-65", "REH-66", "REH-71", "REH-80"),
        ),
        _FIGURES,
    ),
    **dict.fromkeys(("REH-07",), "the survey asks for needs; rates are the indicators'"),
    **dict.fromkeys(
        (
            *("REH-21", "REH-22", "REH-23", "REH-27", "REH-28", "REH-29", "REH-32"),
            *("REH-40", "REH-42", "REH-43", "REH-44", "REH-46"),
            *("REH-67", "REH-68", "REH-69", "REH-75", "REH-77", "REH-78"),
            *(f"REH-{number}" for number in range(90, 98)),
        ),
        _NOT_YET,
    ),
    "REH-70": "hours are kept for each person; the places they matter for are not in this release",
}
"""Rules without a test here, each with the reason."""


def unshown() -> list[str]:
    """Rules nobody shows and nobody excuses."""
    tested = CITING.shown()
    return [rule for rule in RULES if rule not in tested and rule not in ELSEWHERE]


def page() -> str:
    """The page as Markdown."""
    lines = [
        "# Rehabilitation: rules and the tests that show them",
        "",
        "Generated by `python -m tests.architecture.rules_rehab`. Rules are cited by the IDs of RULES 7.",
        "",
        "| rule | says | shown by |",
        "|---|---|---|",
    ]
    tested = CITING.shown()
    for rule, says in RULES.items():
        tests = tested.get(rule, [])
        more = [f"and {len(tests) - _SHOWN_MAX} more"] if len(tests) > _SHOWN_MAX else []
        lines.append(f"| {rule} | {says} | {'<br>'.join([*tests[:_SHOWN_MAX], *more]) or ELSEWHERE[rule]} |")
    lines += drawn("康复个案 Case (RULES 7.6)", CASES)
    lines += drawn("定点机构 Designated institution (REH-26, REH-76)", INSTITUTIONS)
    lines += drawn("救助项目发放 Delivery of aid (RULES 7.7, 10)", DELIVERIES)
    lines += drawn("救助项目结算单 Settlement of aid (REH-25)", SETTLEMENTS)
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    Path(PAGE).write_text(page())


if __name__ == "__main__":
    main()
