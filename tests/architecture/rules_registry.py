"""Which rule of RULES 2 and 3 is shown by which test, and the registry's state machines: read off the source.

``python -m tests.architecture.rules_registry`` writes ``docs/rules-registry.md``. A test fails when the page is not
current, or when a rule has neither a test, nor a parameter, nor a reason to have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from services.registry.domain.application_state import APPLICATIONS, STAGES
from services.registry.domain.certificate_state import CERTIFICATES
from services.registry.domain.local_rules import PARAMETERS
from tests.architecture.citing import Citing, drawn
from tests.architecture.source import ROOT

PAGE: Final = ROOT / "docs" / "rules-registry.md"
CITING: Final = Citing(("ID", "CERT"))
_SHOWN_MAX: Final = 5

RULES: Final[Mapping[str, str]] = {
    "ID-01": "The identity number is the natural key of a person, inside a surrogate id",
    "ID-02": "Layout of the identity number: region, birth date, sequence by sex, check character",
    "ID-03": "The check character",
    "ID-04": "The region digits never say which county is responsible",
    "ID-05": "Old and carelessly written numbers are upgraded; the raw value is kept",
    "ID-06": "Certificate number = identity number, category digit, grade digit",
    "ID-07": "The seven category digits",
    "ID-08": "The four grade digits",
    "ID-09": "Replacement after loss appends B1, B2, …",
    "ID-10": "The shape of a certificate number, and its agreement with the record",
    "ID-11": "Another category or grade is another number of the same person",
    "ID-12": "A multiple disability has the grade of its most severe component",
    "ID-13": "Components are kept",
    "ID-14": "Cover colours of the booklet",
    "ID-15": "Third-generation cards, and their colours",
    "ID-16": "The standard is GB/T 26341-2010 since 2011-05-01",
    "ID-17": "Measures decide the grade of vision, hearing and mental disability",
    "ID-18": "Limb grading has no numeric scale",
    "ID-19": "Division codes of 2, 4, 6, 9 and 12 digits, padded by others",
    "ID-20": "Federation and civil-affairs area codes differ",
    "ID-21": "Divisions are merged, split and renamed",
    "ID-22": "Categories 1 to 7 are 61 to 67 for civil affairs",
    "ID-23": "Standards to align names with",
    "ID-24": "The seven categories of the law",
    "CERT-01": "The county of registered residence is responsible",
    "CERT-02": "County federations accept, review and issue; institutions are designated",
    "CERT-03": "Application papers; guardians of minors, intellectual and mental categories",
    "CERT-04": "False information is not accepted",
    "CERT-05": "Public notice of five working days",
    "CERT-06": "Review within ten working days after the notice",
    "CERT-07": "Below the standard: refused, with reason",
    "CERT-08": "Home assessment is offered",
    "CERT-09": "The card is free",
    "CERT-10": "For the holder's own use",
    "CERT-11": "Ten years from issue",
    "CERT-12": "Valid through the day of expiry",
    "CERT-13": "When a renewal may be asked for",
    "CERT-14": "Reminders six months and one month before expiry",
    "CERT-15": "Whether a renewal is assessed anew",
    "CERT-16": "New validity starts on the new day of issue",
    "CERT-17": "A damaged card is exchanged, same data",
    "CERT-18": "Loss: declared void, posted, replaced",
    "CERT-19": "Change of category or grade after re-assessment",
    "CERT-20": "Months between two assessments",
    "CERT-21": "Dispute to the prefecture within ten working days",
    "CERT-22": "Dispute to the province, final",
    "CERT-23": "Transfer with the household; the receiving county may re-assess",
    "CERT-24": "Frozen six months after the move without transfer",
    "CERT-25": "Cancelled a year after the move without transfer",
    "CERT-26": "Cancelled on death, or when the standard is no longer met by an institution's conclusion",
    "CERT-27": "Other reasons of cancellation",
    "CERT-28": "Frozen and cancelled after expiry, where the county decided so",
    "CERT-29": "No new application within a year of the cancellation, by reason",
    "CERT-30": "Six matters may be handled away from home",
    "CERT-31": "The residence county takes in, the home county decides; status and rating",
    "CERT-32": "Time limits are configuration per region and matter",
    "CERT-33": "Online booking and assessment, yearly examination of ten-year cards",
    "CERT-34": "Mass expiry: reminders, lists and freezes are batch jobs with a dry run",
    "CERT-35": "Newly issued cards are pushed daily for proactive service",
    "CERT-36": "Clients without a certificate: severe mental disorder",
    "CERT-37": "Clients without a certificate: children under seven",
}

ELSEWHERE: Final[Mapping[str, str]] = {
    "ID-20": "divisions leave this service as they are; whoever pushes to civil affairs maps them",
    "ID-23": "titles of standards, no behaviour",
    "CERT-09": "no fee exists anywhere in the product",
    "CERT-10": "a duty of the holder",
}
"""Rules without a test here, each with the reason."""


def unshown() -> list[str]:
    """Rules nobody shows and nobody excuses."""
    tested = CITING.shown()
    configured = {parameter.rule for parameter in PARAMETERS.values()}
    return [rule for rule in RULES if rule not in tested and rule not in configured and rule not in ELSEWHERE]


def page() -> str:
    """The page as Markdown."""
    lines = [
        "# The registry: rules and the tests that show them",
        "",
        "Generated by `python -m tests.architecture.rules_registry`. Rules are cited by the IDs of RULES 2 and 3.",
        "",
        "| rule | says | decided locally by | shown by |",
        "|---|---|---|---|",
    ]
    tested = CITING.shown()
    for rule, says in RULES.items():
        local = ", ".join(f"`{one.name}`" for one in PARAMETERS.values() if one.rule == rule and "sla_" not in one.name)
        tests = tested.get(rule, [])
        more = [f"and {len(tests) - _SHOWN_MAX} more"] if len(tests) > _SHOWN_MAX else []
        proof = "<br>".join([*tests[:_SHOWN_MAX], *more]) or ELSEWHERE.get(rule, "**nothing**")
        lines.append(f"| {rule} | {says} | {local or '–'} | {proof} |")
    lines += ["", "## Local rules", "", "| name | rule | default | 说明 | meaning |", "|---|---|---|---|---|"]
    for one in PARAMETERS.values():
        default = ", ".join(sorted(one.default)) if isinstance(one.default, frozenset) else one.default
        lines.append(f"| `{one.name}` | {one.rule} | {default} | {one.zh} | {one.en} |")
    lines += drawn("残疾人证申请 Application (RULES 3.1)", APPLICATIONS)
    lines += ["", "| state | whose turn | waits for | working days by default |", "|---|---|---|---|"]
    lines += [f"| {state} | {stage.desk} | {stage.awaited} | {stage.working_days} |" for state, stage in STAGES.items()]
    lines += drawn("残疾人证 Certificate (RULES 3.2)", CERTIFICATES)
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    Path(PAGE).write_text(page())


if __name__ == "__main__":
    main()
