"""Everything this service holds about one person: shown for a purpose, copied on request; what was paid is kept."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import case, func, select

from services.subsidy.adapters import reminders, tellings
from services.subsidy.adapters.application_queries import applications_of, has_open_application
from services.subsidy.adapters.application_retention import FORMS, forget_forms_of
from services.subsidy.adapters.bank_declarations import DECLARATIONS
from services.subsidy.adapters.comparison import entries, suspects
from services.subsidy.adapters.comparison.entries import LISTS
from services.subsidy.adapters.findings import CLOSING, Closings, forget_words_of, of_person
from services.subsidy.adapters.forms import FORM, NUMBER, OBJECTION, REASON, Forms
from services.subsidy.adapters.payees import ACCOUNT, NAME, Payees
from services.subsidy.adapters.payroll import lines
from services.subsidy.adapters.payroll.matters import APPROVAL_OF_RUN, RENEWAL, SILENT_REGISTER
from services.subsidy.adapters.policies import POLICIES
from services.subsidy.adapters.tables import answers, award, blobs, holder_person, jobs, payee, requests
from services.subsidy.adapters.tables_application import application, objection
from services.subsidy.adapters.tables_comparison import suspect_step
from services.subsidy.adapters.tables_facts import fact, finding, pause
from services.subsidy.adapters.tables_reminder import reminder, telling
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.errors import AwardNotFound, PayeeNotFound
from shared.kit.consumption_routes import DRIFT
from shared.kit.crypto import Keys
from shared.kit.disclosure import Disclosing, Revealed
from shared.kit.person_requests import DataMustBeKept, Holding, Sheets, request_columns
from shared.kit.rotation import READER_COLUMNS, Sealed, house_columns
from shared.kit.scoping import inside
from shared.kit.trust import Trust
from shared.kit.wards import Wards
from shared.values.division import Scope

SEALED: Final = (
    Sealed(
        payee,
        {"name_cipher": NAME, "account_cipher": ACCOUNT},
        indexes={"account_cipher": ("account_index", ACCOUNT)},
    ),
    Sealed(
        application,
        {"number_cipher": NUMBER, "form_cipher": FORM, "reason_cipher": REASON},
        indexes={"number_cipher": ("number_index", NUMBER)},
    ),
    Sealed(objection, {"words_cipher": OBJECTION}),
    Sealed(finding, {"closing_cipher": CLOSING}),
    Sealed(suspect_step, {"words_cipher": suspects.WORDS}),
    Sealed(reminder, {"closing_cipher": tellings.CLOSING}),
    Sealed(telling, {"recipient_cipher": tellings.RECIPIENT, "evidence_cipher": tellings.EVIDENCE}),
    request_columns(requests),
    *house_columns(answers, blobs),
    *READER_COLUMNS,
)
"""Every encrypted column of this service."""
_TOLD_OF_FINDINGS: Final = ("kind", "scheme", "month", "since", "amount_fen", "state", "found_at", "closed_at")
_TOLD_OF_REMINDERS: Final = ("cause", "cause_on", "amount_fen", "found_on", "state", "reminded_on", "ended_on")
_TOLD_OF_LISTS: Final = ("kind", "event_on", "until", "scheme", "amount_fen", "last_seen_on")
_TOLD_OF_SUSPECTS: Final = ("step", "state", "action", "at")
_TOLD_OF_LINES: Final = ("scheme", "month", "seq", "amount_fen", "cause", "state", "reason", "since")
WARDS: Final = Wards("registry")
"""Guardianships are the register's."""


def disclosing(payees: Payees) -> Disclosing:
    """The payee of an award in clear."""

    async def reveal(work: SubsidyWork, award_id: UUID, fields: frozenset[str], *, within: Scope) -> Revealed:
        found = await payees.get(work.connection, award_id, within=within)
        if found is None:
            raise AwardNotFound
        if found.name is None or found.account is None:
            raise PayeeNotFound
        clear = {"payee_name": found.name.clear, "account": found.account.clear}
        return Revealed(
            found.person_id, found.division, {name: value for name, value in clear.items() if name in fields}
        )

    return Disclosing("/api/v1/awards/{subject_id}/disclosure", frozenset({"payee_name", "account"}), reveal)


def holding(keys: Keys) -> Holding:
    """What this service does about a person's requests: it copies; money that was paid is nobody's to forget."""
    payees, forms, closings, told = Payees(keys), Forms(keys), Closings(keys), tellings.Tellings(keys)

    async def collect(work: SubsidyWork, person_id: UUID) -> Sheets:
        awards = await work.connection.execute(
            select(award).where(award.c.person_id == person_id).order_by(award.c.granted_at)
        )
        return {
            "补贴资格": [
                {
                    name: getattr(row, name)
                    for name in ("scheme", "status", "application_date", "start_month", "effective_month", "cause_kind")
                }
                for row in awards
            ],
            "登记的事实": await _facts(work, person_id),
            "人工暂停": await _pauses(work, person_id),
            "收款人": [
                {
                    "payee_name": one.name and one.name.clear,
                    "account": one.account and one.account.clear,
                    "bank": one.bank,
                }
                for one in await payees.of_person(work.connection, person_id)
            ],
            "补贴申请": await applications_of(work.connection, forms, person_id),
            "比对线索": [
                {
                    **{name: getattr(one, name) for name in _TOLD_OF_FINDINGS},
                    "close_reason": closings.opened(one),
                }
                for one in await of_person(work.connection, person_id)
            ],
            "外部名单": [
                {name: getattr(row, name) for name in _TOLD_OF_LISTS}
                for row in await entries.of_person(work.connection, person_id)
            ],
            "疑点核查": await _suspects(work, suspects.SuspectWords(keys), person_id),
            "主动提醒": await _reminders(work, told, person_id),
            "发放明细": [
                {name: getattr(one, name) for name in _TOLD_OF_LINES}
                for one in await lines.of_person(work.connection, person_id)
            ],
        }

    return Holding(service="subsidy", division_of=_division_of, acts_for=WARDS.acts_for, collect=collect, erase=_erase)


async def _facts(work: SubsidyWork, person_id: UUID) -> list[dict[str, object]]:
    """Every revision, withdrawn ones too: what was believed of a person is about that person."""
    names = (
        "kind",
        "value",
        "amount_fen",
        "dibao_class",
        "income_percent",
        "scheme",
        "valid_from",
        "valid_to",
        "source",
    )
    query = select(fact).where(fact.c.person_id == person_id).order_by(fact.c.recorded_at, fact.c.fact_id)
    return [
        {name: getattr(row, name) for name in (*names, "verified", "withdrawn", "recorded_at")}
        for row in await work.connection.execute(query)
    ]


async def _suspects(work: SubsidyWork, words: suspects.SuspectWords, person_id: UUID) -> list[dict[str, object]]:
    """Suspicions about the person, each with every step somebody took."""
    found = {each.suspect.suspect_id: each.suspect for each in await suspects.of_person(work.connection, person_id)}
    return [
        {"check": found[row.suspect_id].check, **{name: getattr(row, name) for name in _TOLD_OF_SUSPECTS}}
        | {"words": words.opened(row)}
        for row in await suspects.steps_of(work.connection, list(found))
    ]


async def _reminders(work: SubsidyWork, told: tellings.Tellings, person_id: UUID) -> list[dict[str, object]]:
    """Cases about the person, each with every time they were to be told."""
    cases = {one.reminder_id: one for one in await reminders.of_person(work.connection, person_id)}
    tellings_of: dict[UUID, list[dict[str, object]]] = {}
    for each, evidence in await told.of(work.connection, list(cases)):
        names = ("medium", "state", "told_on", "requested_at")
        tellings_of.setdefault(each.reminder_id, []).append(
            {name: getattr(each, name) for name in names} | {"evidence": evidence}
        )
    return [
        {
            **{name: getattr(one, name) for name in _TOLD_OF_REMINDERS},
            "schemes": ";".join(one.schemes),
            "close_reason": told.closing(one),
            **telling_told,
        }
        for key, one in cases.items()
        for telling_told in tellings_of.get(key, [{}])
    ]


async def _pauses(work: SubsidyWork, person_id: UUID) -> list[dict[str, object]]:
    """Pauses people decided, those taken back too; an open one ends nowhere."""
    until = case((func.isfinite(pause.c.until), pause.c.until))
    query = (
        select(pause.c.first_day, until.label("until"), pause.c.reason, pause.c.known_from)
        .where(pause.c.person_id == person_id)
        .order_by(pause.c.known_from)
    )
    return [dict(row._mapping) for row in await work.connection.execute(query)]


async def _division_of(work: SubsidyWork, person_id: UUID, within: Scope) -> str | None:
    division: str | None = await work.connection.scalar(
        select(holder_person.c.division).where(
            holder_person.c.person_id == person_id, inside(holder_person.c.division, within)
        )
    )
    return division


async def _erase(work: SubsidyWork, person_id: UUID) -> None:
    """Accounting records of public money are kept, cases that run go on; forms of ended cases without an award go."""
    held = await work.connection.scalar(select(award.c.award_id).where(award.c.person_id == person_id).limit(1))
    if held is not None:
        raise DataMustBeKept(rule="SUB-55", basis="会计档案管理办法", until="会计档案保管期满")
    if await has_open_application(work.connection, person_id):
        raise DataMustBeKept(rule="SUB-20", basis="国发〔2015〕52号", until="申请办结")
    while await forget_forms_of(work.connection, person_id):
        pass
    await forget_words_of(work.connection, person_id)
    await reminders.forget_words_of(work.connection, person_id)
    await tellings.forget_evidence_of(work.connection, person_id)
    await suspects.forget_words_of(work.connection, person_id)


TRUST: Final = Trust(
    jobs=jobs,
    answers=answers,
    blobs=blobs,
    sealed=SEALED,
    matters=(
        DRIFT,
        POLICIES.in_force,
        POLICIES.withdrawal,
        DECLARATIONS.in_force,
        DECLARATIONS.withdrawal,
        APPROVAL_OF_RUN,
        SILENT_REGISTER,
        RENEWAL,
    ),
    holding=holding,
    kept=(FORMS, LISTS),
)
