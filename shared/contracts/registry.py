"""What the registry tells the world: persons, disability certificates, and the facts that stop an entitlement.

Deliberately absent (ARCHITECTURE 2, privacy line): names, identity and certificate numbers, accounts, diagnoses.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Final
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event
from shared.contracts.state import CODE, DIVISION, State
from shared.values.certificate import CertificateStatus, StopKind
from shared.values.person import ClientGround, DivisionChangeKind, VisitOutcome

COMPONENTS: Final = r"^[1-6]:[1-4](;[1-6]:[1-4]){0,5}$"
NEEDS: Final = r"^(N[0-9]{2}(;N[0-9]{2}){0,71})?$"


class PersonState(State):
    """A registered person: where they belong and whether they are alive."""

    relation: ClassVar[str] = "registry.person"
    key: ClassVar[str] = "person_id"

    registered_on: date
    died_on: date | None = None


class CertificateState(State):
    """A disability certificate without its number (the number embeds the identity number).

    ``category`` 1-7 (ID-07), ``grade`` 1-4 (ID-08), ``components`` of a multiple disability as ``4:2;6:3`` (ID-13).
    """

    relation: ClassVar[str] = "registry.certificate"
    key: ClassVar[str] = "certificate_id"

    certificate_id: UUID
    status: CertificateStatus
    category: int = Field(ge=1, le=7)
    grade: int = Field(ge=1, le=4)
    components: str = Field(pattern=COMPONENTS)
    issued_on: date
    expires_on: date


class StopState(State):
    """A dated fact that stops entitlement from the month after ``event_date`` (SUB-38).

    ``ended_on``: the fact ended but was true (unfrozen): no revival without a new application (READ-01).
    ``withdrawn``: the fact was wrong (false death match, cancellation reinstated): stopped months are owed (RULES 4.7).
    """

    relation: ClassVar[str] = "registry.stop"
    key: ClassVar[str] = "stop_id"

    stop_id: UUID
    certificate_id: UUID | None = None
    kind: StopKind
    reason: str | None = Field(default=None, pattern=CODE)
    event_date: date
    ended_on: date | None = None
    withdrawn: bool = False


class PersonRegistered(Event):
    """A person entered the register."""

    type: ClassVar[str] = "registry.person.registered.v1"
    title_zh: ClassVar[str] = "人员登记"
    person: PersonState


class PersonDeathReported(Event):
    """A death became known. ``stop.event_date`` is the day of death, which may lie months back (DX-05)."""

    type: ClassVar[str] = "registry.person.death_reported.v1"
    title_zh: ClassVar[str] = "死亡信息登记"
    person: PersonState
    stop: StopState


class PersonDeathRetracted(Event):
    """A death report was proven wrong; whatever it stopped is owed again."""

    type: ClassVar[str] = "registry.person.death_retracted.v1"
    title_zh: ClassVar[str] = "死亡信息撤回"
    person: PersonState
    stop: StopState


class CertificateIssued(Event):
    """A certificate was issued and is valid."""

    type: ClassVar[str] = "registry.certificate.issued.v1"
    title_zh: ClassVar[str] = "残疾人证核发"
    certificate: CertificateState


class CertificateCancelled(Event):
    """A certificate was cancelled; ``stop.reason`` is one of the reasons of RULES 3.2."""

    type: ClassVar[str] = "registry.certificate.cancelled.v1"
    title_zh: ClassVar[str] = "残疾人证注销"
    certificate: CertificateState
    stop: StopState


class CertificateReinstated(Event):
    """A cancellation was proven wrong; the certificate is back in its previous state."""

    type: ClassVar[str] = "registry.certificate.reinstated.v1"
    title_zh: ClassVar[str] = "残疾人证恢复"
    certificate: CertificateState
    stop: StopState


class CertificateFrozen(Event):
    """A certificate was frozen (CERT-24, CERT-28)."""

    type: ClassVar[str] = "registry.certificate.frozen.v1"
    title_zh: ClassVar[str] = "残疾人证冻结"
    certificate: CertificateState
    stop: StopState


class CertificateUnfrozen(Event):
    """The cause of a freeze is gone; no automatic back-payment (SUB-47)."""

    type: ClassVar[str] = "registry.certificate.unfrozen.v1"
    title_zh: ClassVar[str] = "残疾人证解冻"
    certificate: CertificateState
    stop: StopState


class CertificateExpired(Event):
    """The last valid day has passed (SUB-40); announced by the daily job."""

    type: ClassVar[str] = "registry.certificate.expired.v1"
    title_zh: ClassVar[str] = "残疾人证到期"
    certificate: CertificateState
    stop: StopState


class CertificateTransferred(Event):
    """The household moved to another county and the certificate followed it (CERT-23, READ-09)."""

    type: ClassVar[str] = "registry.certificate.transferred.v1"
    title_zh: ClassVar[str] = "残疾人证迁移"
    person: PersonState
    certificate: CertificateState
    stop: StopState


class CertificateRenewed(Event):
    """A new certificate for ten years takes the place of ``superseded`` (CERT-11, CERT-16)."""

    type: ClassVar[str] = "registry.certificate.renewed.v1"
    title_zh: ClassVar[str] = "残疾人证换领"
    certificate: CertificateState
    superseded: CertificateState


class CertificateChanged(Event):
    """Another category or grade was assessed: a new certificate takes the place of ``superseded`` (CERT-19, ID-11).

    ``asked_on``: the day the change was applied for, which counts when the old one expired meanwhile (READ-05).
    """

    type: ClassVar[str] = "registry.certificate.changed.v1"
    title_zh: ClassVar[str] = "残疾人证变更"
    certificate: CertificateState
    superseded: CertificateState
    asked_on: date


class CertificateReplaced(Event):
    """A lost certificate was replaced; it keeps its expiry, and entitlements go on (ID-09, SUB-46)."""

    type: ClassVar[str] = "registry.certificate.replaced.v1"
    title_zh: ClassVar[str] = "残疾人证补办"
    certificate: CertificateState
    superseded: CertificateState


class CertificateLost(Event):
    """The holder declared the loss; entitlements go on (CERT-18, SUB-46)."""

    type: ClassVar[str] = "registry.certificate.lost.v1"
    title_zh: ClassVar[str] = "残疾人证挂失"
    certificate: CertificateState


# --- persons: changes, duplicates, clients without a certificate, needs, divisions -----------------------------------


class MergeState(State):
    """Two records were found to be one person: ``person_id`` survives, ``absorbed_id`` is the other.

    Nothing of either record is moved or lost; whoever keeps something about ``absorbed_id`` reads it as the
    survivor's. ``undone``: they are two persons after all, and everything is each one's own again.
    """

    relation: ClassVar[str] = "registry.merge"
    key: ClassVar[str] = "merge_id"

    merge_id: UUID
    absorbed_id: UUID
    merged_on: date
    undone: bool = False


class ClientState(State):
    """Somebody who is served without a certificate (CERT-36, CERT-37), from a day on; ``valid_to`` is the last day."""

    relation: ClassVar[str] = "registry.client"
    key: ClassVar[str] = "client_id"

    client_id: UUID
    ground: ClientGround
    valid_from: date
    valid_to: date | None = None


class VisitState(State):
    """A visit of the yearly survey, and the needs that were named: codes of the form's need items, ``N03;N17``."""

    relation: ClassVar[str] = "registry.visit"
    key: ClassVar[str] = "visit_id"

    visit_id: UUID
    year: int = Field(ge=2015, le=2100)
    outcome: VisitOutcome
    visited_on: date
    needs: str = Field(default="", pattern=NEEDS)


class PersonChanged(Event):
    """A person belongs to another division: the household moved, or the division itself was changed.

    ``certificate``: in the second case what the person holds, which follows.
    """

    type: ClassVar[str] = "registry.person.changed.v1"
    title_zh: ClassVar[str] = "人员信息变更"
    person: PersonState
    certificate: CertificateState | None = None


class PersonMerged(Event):
    """Two records are one person; ``person`` is the surviving one."""

    type: ClassVar[str] = "registry.person.merged.v1"
    title_zh: ClassVar[str] = "重复人员合并"
    person: PersonState
    merge: MergeState


class PersonUnmerged(Event):
    """The merge was a mistake: two persons again."""

    type: ClassVar[str] = "registry.person.unmerged.v1"
    title_zh: ClassVar[str] = "撤销人员合并"
    person: PersonState
    merge: MergeState


class ClientAdmitted(Event):
    """Somebody without a certificate may be served."""

    type: ClassVar[str] = "registry.client.admitted.v1"
    title_zh: ClassVar[str] = "无证服务对象登记"
    client: ClientState


class ClientEnded(Event):
    """The ground has gone: a certificate was issued, the diagnosis was withdrawn."""

    type: ClassVar[str] = "registry.client.ended.v1"
    title_zh: ClassVar[str] = "无证服务对象终止"
    client: ClientState


class SurveyRecorded(Event):
    """A household was visited; the needs are what rehabilitation counts as demand (REH-06)."""

    type: ClassVar[str] = "registry.survey.recorded.v1"
    title_zh: ClassVar[str] = "基本状况调查登记"
    visit: VisitState


class DivisionSucceeded(Event):
    """A division is given up for another (ID-21); persons in it are announced one by one as they follow."""

    type: ClassVar[str] = "registry.division.succeeded.v1"
    title_zh: ClassVar[str] = "行政区划变更"
    change_id: UUID
    kind: DivisionChangeKind
    predecessor: str = Field(pattern=DIVISION)
    successor: str = Field(pattern=DIVISION)
    effective_on: date
