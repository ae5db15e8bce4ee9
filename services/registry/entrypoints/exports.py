"""Lists of the register as files."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field, StringConstraints

from services.registry.adapters import person_queries, queries
from services.registry.adapters.foreign_ids import foreign_ids_page
from services.registry.adapters.person_queries import Asked
from services.registry.adapters.reports import to_report
from services.registry.adapters.work import RegistryWork
from services.registry.domain.person_report import ReportKind, ReportState
from services.registry.entrypoints.http.schemas_person import AnyDivision
from shared.kit.exports import Export, Rows, Wanted
from shared.kit.routing import RequestModel
from shared.values.certificate import CertificateStatus
from shared.values.disability import DisabilityCategory, DisabilityGrade
from shared.values.division import Division, Scope


class PersonFilter(RequestModel):
    """Which persons. Name and numbers have no place in a stored filter: whom they find is found by a search."""

    division: AnyDivision | None = None
    status: CertificateStatus | None = Field(default=None, description="持有的残疾人证状态")
    expires_from: date | None = None
    expires_to: date | None = None


class CertificateFilter(RequestModel):
    """Which certificates."""

    division: AnyDivision | None = None
    status: CertificateStatus | None = None


class ReportFilter(RequestModel):
    """Which news from outside."""

    kind: ReportKind | None = None
    state: ReportState | None = None
    batch_id: UUID | None = None


def _narrowed(within: Scope, division: str | None) -> Scope:
    return within if division is None else within.narrowed_to(Division(division))


async def person_rows(work: RegistryWork, wanted: Wanted[PersonFilter]) -> tuple[Rows, str | None]:
    """A page of persons."""
    chosen = wanted.filters
    views, following = await person_queries.persons_found(
        work.connection,
        work.secrets,
        wanted.page,
        Asked(status=chosen.status, expires_from=chosen.expires_from, expires_to=chosen.expires_to),
        within=_narrowed(wanted.within, chosen.division),
        show=person_queries.in_clear if wanted.clear else queries.view,
    )
    return [_person(view) for view in views], following


def _person(view: dict[str, Any]) -> tuple[Any, ...]:
    return (
        str(view["person_id"]),
        view["name_masked"],
        view["citizen_id_masked"],
        view["division"],
        view.get("phone_masked"),
        view.get("address_masked"),
        view["registered_on"].isoformat(),
        None if view["died_on"] is None else view["died_on"].isoformat(),
    )


async def certificate_rows(work: RegistryWork, wanted: Wanted[CertificateFilter]) -> tuple[Rows, str | None]:
    """A page of certificates, without their numbers."""
    found, following = await queries.certificates_page(
        work.connection,
        wanted.page,
        within=wanted.within,
        division=None if wanted.filters.division is None else Division(wanted.filters.division),
        status=wanted.filters.status,
        person_id=None,
    )
    rows = [
        (
            str(one.certificate_id),
            str(one.person_id),
            one.division.code,
            one.status.value,
            DisabilityCategory(one.disability.category).zh,
            DisabilityGrade(one.disability.grade).zh,
            one.disability.components_text,
            one.issued_on.isoformat(),
            one.expires_on.isoformat(),
        )
        for one in found
    ]
    return rows, following


async def report_rows(work: RegistryWork, wanted: Wanted[ReportFilter]) -> tuple[Rows, str | None]:
    """A page of news from outside."""
    chosen = wanted.filters
    states = () if chosen.state is None else (chosen.state,)
    rows, following = await work.reports.page(
        wanted.page, within=wanted.within, kind=chosen.kind, states=states, batch_id=chosen.batch_id
    )
    return [_report(row) for row in rows], following


def _report(row: Any) -> tuple[Any, ...]:
    report = to_report(row)
    return (
        str(report.report_id),
        report.kind.value,
        report.source.value,
        row.source_ref,
        report.event_date.isoformat(),
        report.received_on.isoformat(),
        report.division.code,
        None if report.to_division is None else report.to_division.code,
        report.state.value,
        None if report.tier is None else report.tier.value,
        None if report.reason is None else report.reason.value,
        None if report.person_id is None else str(report.person_id),
    )


class ForeignIdFilter(RequestModel):
    """Whose ids: of one system, for the file that goes back to it."""

    system: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{1,31}$")]


async def foreign_id_rows(work: RegistryWork, wanted: Wanted[ForeignIdFilter]) -> tuple[Rows, str | None]:
    """A page of a system's ids, and what the register says of whom they mean."""
    rows, following = await foreign_ids_page(
        work.connection, wanted.page, within=wanted.within, system=wanted.filters.system
    )
    told = [
        (
            row.system,
            row.foreign_id,
            str(row.person_id),
            row.division,
            row.registered_on.isoformat(),
            None if row.died_on is None else row.died_on.isoformat(),
            None if row.merged_into is None else str(row.merged_into),
        )
        for row in rows
    ]
    return told, following


PERSON_EXPORT: Final[Export[RegistryWork, PersonFilter]] = Export(
    kind="person.export",
    name="人员名单",
    titles=("人员编号", "姓名", "公民身份号码", "户籍地区划代码", "联系电话", "详细地址", "登记日期", "死亡日期"),
    filters=PersonFilter,
    rows=person_rows,
    can_be_clear=True,
)
CERTIFICATE_EXPORT: Final[Export[RegistryWork, CertificateFilter]] = Export(
    kind="certificate.export",
    name="残疾人证清单",
    titles=(
        *("残疾人证编号", "人员编号", "区划代码", "状态", "残疾类别"),
        *("残疾等级", "多重残疾明细", "发证日期", "有效期截止"),
    ),
    filters=CertificateFilter,
    rows=certificate_rows,
)
REPORT_EXPORT: Final[Export[RegistryWork, ReportFilter]] = Export(
    kind="report.export",
    name="外部信息清单",
    titles=(
        *("编号", "类型", "来源", "来源编号", "发生日期", "收到日期", "区划代码"),
        *("迁入区划", "状态", "匹配层级", "原因", "人员编号"),
    ),
    filters=ReportFilter,
    rows=report_rows,
)

FOREIGN_ID_EXPORT: Final[Export[RegistryWork, ForeignIdFilter]] = Export(
    kind="foreign_id.export",
    name="外部系统编号对照",
    titles=("系统代码", "系统内编号", "人员编号", "户籍地区划代码", "登记日期", "死亡日期", "并入人员编号"),
    filters=ForeignIdFilter,
    rows=foreign_id_rows,
)

EXPORTS: Final[tuple[tuple[Export[RegistryWork, Any], str, str], ...]] = (
    (PERSON_EXPORT, "/api/v1/person-exports", "person:export"),
    (CERTIFICATE_EXPORT, "/api/v1/certificate-exports", "person:export"),
    (REPORT_EXPORT, "/api/v1/report-exports", "person:export"),
    (FOREIGN_ID_EXPORT, "/api/v1/foreign-id-exports", "person:export"),
)
"""Every export with its path and permission."""
