"""What is wrong with a policy document before it may come into force, and what a second person should look at.

The shape of a document is checked when it is read; this is about its content: months that exist, amounts that are
amounts, cases that can occur.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from services.subsidy.domain.entitlement.terms import CATEGORIES, GRADES
from services.subsidy.domain.person_facts import BENEFITS, TRAITS
from services.subsidy.domain.policy import (
    Amount,
    Case,
    Coverage,
    Frequency,
    Overlap,
    PolicyDocument,
    Procedure,
    SchemePolicy,
    Tariff,
)
from services.subsidy.domain.policy_book import PolicyBook
from shared.values.document_faults import NATION, Fault, blank_faults, division_faults
from shared.values.invalid import InvalidValue
from shared.values.month import Month

SCHEME_CODE_MAX: Final = 40
MONTHS: Final = range(1, 13)
DAYS: Final = range(1, 251)
"""Working days of a year, at most."""


def faults(document: PolicyDocument) -> list[Fault]:
    """Everything that keeps a document from coming into force."""
    found = [*_frame(document)]
    for code, scheme in document.schemes.items():
        found += _scheme(f"/schemes/{code}", code, scheme)
    for name, values in document.parameters.items():
        for number, dated in enumerate(values):
            found += _month(f"/parameters/{name}/{number}/since", dated.since)
            if dated.fen < 0:
                found.append(
                    Fault(f"/parameters/{name}/{number}/fen", "金额不能为负数", "an amount cannot be negative")
                )
    found += _procedure(document.procedure)
    for number, period in enumerate(document.transitions):
        if period.first_day > period.last_day:
            found.append(Fault(f"/transitions/{number}", "过渡期的起止日期颠倒", "the period ends before it begins"))
    return found


def _procedure(procedure: Procedure) -> Iterator[Fault]:
    for name in Procedure.__dataclass_fields__:
        days = getattr(procedure, name)
        if name.endswith("_days") and isinstance(days, int) and not isinstance(days, bool) and days not in DAYS:
            yield Fault(f"/procedure/{name}", "时限应为 1 至 250 日", "a limit is between 1 and 250 days")


def clashes(document: PolicyDocument, in_force: PolicyBook) -> list[Fault]:
    """Parts that a document of the same division and first month says already: which one counts would be chance."""
    told = parts(document)
    return [
        Fault(
            where,
            f"与同一地区、同一起始月份已施行的文件“{other.title}”重复",
            f"said already by {other.title!r}, of the same division and first month",
        )
        for other in in_force.documents
        if (other.division, other.since) == (document.division, document.since)
        for where in sorted(told & parts(other))
    ]


def parts(document: PolicyDocument) -> set[str]:
    """What a document says anything about, as JSON pointers."""
    said = {f"/parameters/{name}" for name in document.parameters}
    said |= {f"/switches/{name}" for name in _said(document.switches)}
    said |= {f"/procedure/{name}" for name in _said(document.procedure)}
    for code, scheme in document.schemes.items():
        said |= {f"/schemes/{code}/{name}" for name in _said(scheme) if name != "overlaps"}
        said |= {f"/schemes/{code}/overlaps/{kind.value}" for kind in scheme.overlaps}
    return said


def _said(part: Any) -> list[str]:
    return [name for name in part.__dataclass_fields__ if getattr(part, name) is not None]


def advice(document: PolicyDocument, in_force: PolicyBook) -> list[Fault]:
    """What forbids nothing, but a second person should see: exclusions of one's own, months without an amount."""
    others = [other for other in in_force.documents if other != document]
    return [*_own_exclusions(document, in_force), *_gaps(document, PolicyBook([*others, document]))]


def _gaps(document: PolicyDocument, book: PolicyBook) -> Iterator[Fault]:
    """Schemes offered without an amount where the document begins or ends: each such month is an error (READ-14)."""
    asked = [document.since] if document.until is None else [document.since, document.until]
    county = "" if document.division == NATION else document.division
    for code, scheme in document.schemes.items():
        for month in map(Month.parse, asked):
            offered = book.regime(county, month, code) is not None
            priced = book.priced(county, month, code)
            if offered and (priced is None or None in priced.amounts) and (county or scheme.tariff is not None):
                yield Fault(
                    f"/schemes/{code}/tariff",
                    f"{month} 起该补贴没有标准，符合条件的人员将列为错误（READ-14）",
                    f"from {month} on there is no amount: whoever is eligible is an error (READ-14)",
                )


def _own_exclusions(document: PolicyDocument, in_force: PolicyBook) -> list[Fault]:
    """Places may in principle add no exclusions of their own (SUB-14)."""
    if document.division == NATION:
        return []
    month = Month.parse(document.since)
    told: list[Fault] = []
    for code, scheme in document.schemes.items():
        national = in_force.regime(NATION, month, code)
        known = frozenset() if national is None else national.kinds(Overlap.EXCLUDE)
        told += [
            Fault(
                f"/schemes/{code}/overlaps/{kind.value}",
                "国家规定之外，地方原则上不得增设排除性条件（SUB-14）",
                "places may in principle add no exclusion beyond the national ones (SUB-14)",
            )
            for kind, effect in scheme.overlaps.items()
            if effect is Overlap.EXCLUDE and kind not in known
        ]
    return told


def _frame(document: PolicyDocument) -> Iterator[Fault]:
    yield from division_faults(document.division)
    yield from _month("/since", document.since)
    if document.until is not None:
        yield from _month("/until", document.until)
        if document.until <= document.since:
            yield Fault("/until", "失效月份应晚于施行月份", "it ends before it begins")
    yield from blank_faults(title=document.title, legal_basis=document.legal_basis)


def _month(where: str, text: str) -> Iterator[Fault]:
    try:
        Month.parse(text)
    except InvalidValue as wrong:
        yield Fault(where, wrong.zh, wrong.en)


def _scheme(where: str, code: str, scheme: SchemePolicy) -> Iterator[Fault]:
    if not code.isascii() or not code.replace("_", "").isalnum() or not 0 < len(code) <= SCHEME_CODE_MAX:
        yield Fault(where, "补贴代码应为小写字母、数字和下划线", "a code of letters, digits and underscores")
    yearly = scheme.frequency is Frequency.YEARLY
    if yearly != (scheme.due_month is not None) or (yearly and scheme.due_month not in MONTHS):
        yield Fault(
            f"{where}/due_month", "按年计发的补贴应注明发放月份（1 至 12）", "a yearly scheme names its month, 1 to 12"
        )
    if scheme.quota is not None and scheme.quota < 0:
        yield Fault(f"{where}/quota", "名额不能为负数", "a quota cannot be negative")
    for kind in scheme.overlaps:
        if kind not in BENEFITS:
            yield Fault(f"{where}/overlaps/{kind.value}", "不是可以衔接的待遇", "not another benefit")
    if scheme.coverage is not None:
        yield from _coverage(f"{where}/coverage", scheme.coverage)
    if scheme.tariff is not None:
        yield from _tariff(f"{where}/tariff", scheme.tariff)


def _coverage(where: str, coverage: Coverage) -> Iterator[Fault]:
    for number, cards in enumerate(coverage.cards or ()):
        yield from _within(f"{where}/cards/{number}/grades", cards.grades, GRADES)
        yield from _within(f"{where}/cards/{number}/categories", cards.categories, CATEGORIES)
    income = coverage.income
    if income is not None and not income.classes and income.percent_max is None:
        yield Fault(f"{where}/income", "应写明家庭类别或收入比例", "name classes or a percentage")
    for kind in coverage.requires:
        if kind not in TRAITS:
            yield Fault(f"{where}/requires", "不是可以要求的条件", "not something a scheme may require")


def _tariff(where: str, tariff: Tariff) -> Iterator[Fault]:
    if not tariff.rows:
        yield Fault(f"{where}/rows", "标准至少应有一行", "a tariff has at least one row")
    everybody = next((number for number, row in enumerate(tariff.rows) if row.case == Case()), None)
    if everybody is not None and everybody + 1 < len(tariff.rows):
        yield Fault(
            f"{where}/rows/{everybody + 1}",
            "前一行已适用于所有情形，本行不会被使用",
            "the row before it applies to everybody; this one never counts",
        )
    if tariff.rounding.unit_fen < 1:
        yield Fault(f"{where}/rounding/unit_fen", "取整单位应为正数", "the unit of rounding is positive")
    if tariff.since is not None:
        yield from _month(f"{where}/since", tariff.since)
    for number, row in enumerate(tariff.rows):
        yield from _case(f"{where}/rows/{number}/case", row.case)
        yield from _amount(f"{where}/rows/{number}/amount", row.amount)
    for number, supplement in enumerate(tariff.supplements):
        yield from _case(f"{where}/supplements/{number}/case", supplement.case)
        if supplement.percent is None and supplement.fen is None:
            yield Fault(f"{where}/supplements/{number}", "应写明比例或金额", "a percentage, an amount, or both")


def _case(where: str, case: Case) -> Iterator[Fault]:
    yield from _within(f"{where}/grades", case.grades, GRADES)
    yield from _within(f"{where}/categories", case.categories, CATEGORIES)
    yield from _within(f"{where}/dibao_classes", case.dibao_classes, GRADES)


def _within(where: str, given: tuple[int, ...] | None, known: range) -> Iterator[Fault]:
    if given is not None and (not given or any(each not in known for each in given)):
        yield Fault(
            where,
            f"应为 {known[0]} 至 {known[-1]} 的数字，且不能为空",
            f"numbers from {known[0]} to {known[-1]}, at least one",
        )


def _amount(where: str, amount: Amount) -> Iterator[Fault]:
    tests: tuple[tuple[Callable[[], Any], str, str, str], ...] = (
        (
            lambda: (amount.fen is None) == (amount.parameter is None),
            "",
            "应为固定金额，或参数的百分比",
            "either a fixed amount or a percentage of a parameter",
        ),
        (
            lambda: (amount.parameter is None) != (amount.percent is None),
            "/percent",
            "百分比与参数应同时写明",
            "a percentage and its parameter go together",
        ),
        (
            lambda: amount.parameter is not None and (amount.steps or amount.increase),
            "/steps",
            "按参数计算的金额不能另设分步标准",
            "what follows a parameter has no steps of its own",
        ),
        (
            lambda: any(fen < 0 for fen in (amount.fen or 0, *(step.fen for step in amount.steps))),
            "/fen",
            "金额不能为负数",
            "an amount cannot be negative",
        ),
    )
    for wrong, path, zh, en in tests:
        if wrong():
            yield Fault(f"{where}{path}", zh, en)
    for number, step in enumerate(amount.steps):
        yield from _month(f"{where}/steps/{number}/since", step.since)
