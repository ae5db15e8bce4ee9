"""Publishers as their readers see them: contract events in envelopes, positions without gaps, versions that grow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import count
from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from shared.contracts import registry, rehab, subsidy
from shared.contracts.event import Envelope, Event, timestamp
from shared.kit.consumer import Subscription, absorb
from shared.kit.work import Works
from shared.values.award import AwardStatus, Scheme
from shared.values.certificate import CertificateStatus, StopKind
from shared.values.person import DivisionChangeKind
from shared.values.rehab_case import CaseStatus

HAPPENED_AT = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)


_HALTED: Final = {
    StopKind.CANCELLED: registry.CertificateCancelled,
    StopKind.FROZEN: registry.CertificateFrozen,
    StopKind.EXPIRED: registry.CertificateExpired,
}


@dataclass
class Journal:
    """What one publisher has said so far."""

    epoch: int = 1
    entries: list[Envelope] = field(default_factory=list)

    def say(self, event: Event, *, at: datetime = HAPPENED_AT, trace: str = "", **_: Any) -> Envelope:
        """Append an event about the person of its first state."""
        state = next(event.states())
        return self.tell(
            event,
            about=state.person_id,
            version=max(each.version for each in event.states()),
            division=state.division,
            at=at,
            trace=trace,
        )

    def tell(
        self, event: Event, *, about: UUID, version: int, division: str, at: datetime = HAPPENED_AT, trace: str = ""
    ) -> Envelope:
        """Append an event about a person, or a change of divisions."""
        position = len(self.entries) + 1
        envelope = Envelope(
            epoch=self.epoch,
            position=position,
            event_id=uuid7(),
            type=event.type,
            aggregate_type=event.aggregate(),
            aggregate_id=about,
            aggregate_version=version,
            division=division,
            occurred_at=timestamp(at),
            recorded_at=timestamp(at),
            trace_id=trace or f"{position:032x}",
            data=event.model_dump(mode="json"),
        )
        self.entries.append(envelope)
        return envelope


@dataclass
class Registry:
    """A register that keeps its rows and announces every change of them, as the real one does."""

    journal: Journal = field(default_factory=Journal)
    persons: dict[UUID, registry.PersonState] = field(default_factory=dict)
    certificates: dict[UUID, registry.CertificateState] = field(default_factory=dict)
    stops: dict[UUID, registry.StopState] = field(default_factory=dict)
    merges: dict[UUID, registry.MergeState] = field(default_factory=dict)
    _versions: dict[UUID, Iterator[int]] = field(default_factory=dict)

    def _version(self, person_id: UUID) -> int:
        return next(self._versions.setdefault(person_id, count(1)))

    def register(self, division: str, *, on: date) -> UUID:
        """A person."""
        person_id = uuid7()
        person = registry.PersonState(
            person_id=person_id, division=division, version=self._version(person_id), registered_on=on
        )
        self.persons[person_id] = person
        self.journal.say(registry.PersonRegistered(person=person))
        return person_id

    def issue(self, person_id: UUID, *, on: date, until: date, grade: int = 2) -> UUID:
        """A certificate."""
        certificate = registry.CertificateState(
            certificate_id=uuid7(),
            person_id=person_id,
            division=self.persons[person_id].division,
            version=self._version(person_id),
            status=CertificateStatus.VALID,
            category=4,
            grade=grade,
            components=f"4:{grade}",
            issued_on=on,
            expires_on=until,
        )
        self.certificates[certificate.certificate_id] = certificate
        self.journal.say(registry.CertificateIssued(certificate=certificate))
        return certificate.certificate_id

    def die(self, person_id: UUID, *, on: date) -> UUID:
        """A death becomes known; its stop."""
        person = self._person(person_id, died_on=on)
        stop = self._stop(person, None, StopKind.DEATH, on)
        self.journal.say(registry.PersonDeathReported(person=person, stop=stop))
        return stop.stop_id

    def retract(self, stop_id: UUID) -> None:
        """The death was a mistake."""
        stop = self._changed(stop_id, withdrawn=True)
        self.journal.say(
            registry.PersonDeathRetracted(
                person=self._person(stop.person_id, version=stop.version, died_on=None), stop=stop
            )
        )

    def cancel(self, certificate_id: UUID, *, on: date) -> UUID:
        """A cancellation; its stop."""
        return self._halt(certificate_id, CertificateStatus.CANCELLED, StopKind.CANCELLED, on)

    def freeze(self, certificate_id: UUID, *, on: date) -> UUID:
        """A freeze; its stop."""
        return self._halt(certificate_id, CertificateStatus.FROZEN, StopKind.FROZEN, on)

    def expire(self, certificate_id: UUID) -> UUID:
        """The last valid day has passed; its stop."""
        on = self.certificates[certificate_id].expires_on
        return self._halt(certificate_id, CertificateStatus.EXPIRED, StopKind.EXPIRED, on)

    def replace(self, certificate_id: UUID) -> UUID:
        """The card was lost; another with the same days takes its place."""
        old, new = self._succeed(certificate_id)
        self.journal.say(registry.CertificateReplaced(certificate=new, superseded=old))
        return new.certificate_id

    def renew(self, certificate_id: UUID, *, on: date, until: date) -> UUID:
        """A new card for ten years."""
        old, new = self._succeed(certificate_id, issued_on=on, expires_on=until)
        self.journal.say(registry.CertificateRenewed(certificate=new, superseded=old))
        return new.certificate_id

    def change(self, certificate_id: UUID, *, on: date, until: date, asked_on: date) -> UUID:
        """A new card after a new assessment."""
        old, new = self._succeed(certificate_id, issued_on=on, expires_on=until)
        self.journal.say(registry.CertificateChanged(certificate=new, superseded=old, asked_on=asked_on))
        return new.certificate_id

    def reinstate(self, stop_id: UUID) -> None:
        """The cancellation was a mistake."""
        stop = self._changed(stop_id, withdrawn=True)
        certificate = self._certificate(stop, CertificateStatus.VALID)
        self.journal.say(registry.CertificateReinstated(certificate=certificate, stop=stop))

    def unfreeze(self, stop_id: UUID, *, on: date) -> None:
        """The freeze is over."""
        stop = self._changed(stop_id, ended_on=on)
        certificate = self._certificate(stop, CertificateStatus.VALID)
        self.journal.say(registry.CertificateUnfrozen(certificate=certificate, stop=stop))

    def transfer(self, certificate_id: UUID, *, to: str, on: date) -> UUID:
        """The household moved; the stop of the county that is left."""
        before = self.certificates[certificate_id]
        person = self._person(before.person_id, division=to)
        stop = self._stop(person, certificate_id, StopKind.TRANSFERRED, on, division=before.division)
        certificate = before.model_copy(update={"division": to, "version": person.version})
        self.certificates[certificate_id] = certificate
        self.journal.say(registry.CertificateTransferred(person=person, certificate=certificate, stop=stop))
        return stop.stop_id

    def give_up(self, predecessor: str, successor: str, *, on: date, change_id: UUID | None = None) -> UUID:
        """A division is given up for another, and everybody in it follows one by one (ID-21)."""
        change_id = change_id or uuid7()
        event = registry.DivisionSucceeded(
            change_id=change_id,
            kind=DivisionChangeKind.RECODE,
            predecessor=predecessor,
            successor=successor,
            effective_on=on,
        )
        self.journal.tell(event, about=change_id, version=self._version(change_id), division=successor)
        for person_id, person in list(self.persons.items()):
            if person.division.startswith(predecessor):
                moved = self._person(person_id, division=successor + person.division[len(predecessor) :])
                held = [each for each in self.certificates.values() if each.person_id == person_id]
                for each in held:
                    following = {"division": moved.division, "version": moved.version}
                    self.certificates[each.certificate_id] = each.model_copy(update=following)
                newest = self.certificates[held[-1].certificate_id] if held else None
                self.journal.say(registry.PersonChanged(person=moved, certificate=newest))
        return change_id

    def take_back_transfer(self, stop_id: UUID) -> None:
        """The move was a mistake: everybody is where they were."""
        stop = self._changed(stop_id, withdrawn=True)
        assert stop.certificate_id is not None
        person = self._person(stop.person_id, version=stop.version, division=stop.division)
        certificate = self.certificates[stop.certificate_id].model_copy(
            update={"division": stop.division, "version": stop.version}
        )
        self.certificates[stop.certificate_id] = certificate
        self.journal.say(registry.CertificateTransferred(person=person, certificate=certificate, stop=stop))

    def move(self, person_id: UUID, *, to: str, at: datetime, certificate_id: UUID | None = None) -> None:
        """The household moved; with ``certificate_id`` the division was changed, and the certificate follows."""
        person, certificate = self._person(person_id, division=to), None
        if certificate_id is not None:
            certificate = self.certificates[certificate_id].model_copy(
                update={"division": to, "version": person.version}
            )
            self.certificates[certificate_id] = certificate
        self.journal.say(registry.PersonChanged(person=person, certificate=certificate), at=at)

    def merge(self, survivor_id: UUID, absorbed_id: UUID, *, on: date) -> UUID:
        """Two records are one person."""
        person = self._person(survivor_id)
        merge = registry.MergeState(
            merge_id=uuid7(),
            person_id=survivor_id,
            division=person.division,
            version=person.version,
            absorbed_id=absorbed_id,
            merged_on=on,
        )
        self.merges[merge.merge_id] = merge
        self.journal.say(registry.PersonMerged(person=person, merge=merge))
        return merge.merge_id

    def unmerge(self, merge_id: UUID) -> None:
        """They are two persons after all."""
        person = self._person(self.merges[merge_id].person_id)
        merge = self.merges[merge_id].model_copy(update={"undone": True, "version": person.version})
        self.merges[merge_id] = merge
        self.journal.say(registry.PersonUnmerged(person=person, merge=merge))

    def _halt(self, certificate_id: UUID, status: CertificateStatus, kind: StopKind, on: date) -> UUID:
        before = self.certificates[certificate_id]
        version = self._version(before.person_id)
        certificate = before.model_copy(update={"status": status, "version": version})
        self.certificates[certificate_id] = certificate
        stop = self._stop(certificate, certificate_id, kind, on)
        self.journal.say(_HALTED[kind](certificate=certificate, stop=stop))
        return stop.stop_id

    def _succeed(
        self, certificate_id: UUID, **dates: date
    ) -> tuple[registry.CertificateState, registry.CertificateState]:
        """The old card, superseded, and the new one."""
        before = self.certificates[certificate_id]
        old, new = (self._version(before.person_id) for _ in range(2))
        superseded = before.model_copy(update={"status": CertificateStatus.SUPERSEDED, "version": old})
        fresh = before.model_copy(
            update={"certificate_id": uuid7(), "status": CertificateStatus.VALID, "version": new, **dates}
        )
        self.certificates |= {each.certificate_id: each for each in (superseded, fresh)}
        return superseded, fresh

    def _person(self, person_id: UUID, **update: Any) -> registry.PersonState:
        update.setdefault("version", None)
        if update["version"] is None:
            update["version"] = self._version(person_id)
        self.persons[person_id] = self.persons[person_id].model_copy(update=update)
        return self.persons[person_id]

    def _certificate(self, stop: registry.StopState, status: CertificateStatus) -> registry.CertificateState:
        assert stop.certificate_id is not None
        certificate = self.certificates[stop.certificate_id].model_copy(
            update={"status": status, "version": stop.version}
        )
        self.certificates[stop.certificate_id] = certificate
        return certificate

    def _stop(
        self,
        about: registry.PersonState | registry.CertificateState,
        certificate_id: UUID | None,
        kind: StopKind,
        on: date,
        *,
        division: str | None = None,
    ) -> registry.StopState:
        stop = registry.StopState(
            stop_id=uuid7(),
            person_id=about.person_id,
            division=division or about.division,
            version=about.version,
            certificate_id=certificate_id,
            kind=kind,
            event_date=on,
        )
        self.stops[stop.stop_id] = stop
        return stop

    def _changed(self, stop_id: UUID, **update: Any) -> registry.StopState:
        before = self.stops[stop_id]
        stop = before.model_copy(update={**update, "version": self._version(before.person_id)})
        self.stops[stop_id] = stop
        return stop


@dataclass
class Subsidy:
    """A subsidy service that announces its awards."""

    journal: Journal = field(default_factory=Journal)
    awards: dict[UUID, subsidy.AwardState] = field(default_factory=dict)

    def grant(self, person_id: UUID, division: str, scheme: Scheme, *, month: str) -> UUID:
        """An award that runs from a month."""
        award = subsidy.AwardState(
            award_id=uuid7(),
            person_id=person_id,
            division=division,
            version=1,
            scheme=scheme,
            status=AwardStatus.ACTIVE,
            start_month=month,
        )
        self.awards[award.award_id] = award
        self.journal.say(subsidy.AwardGranted(award=award))
        return award.award_id

    def suspend(self, award_id: UUID, *, from_month: str) -> None:
        """No longer due from a month."""
        award = self._changed(award_id, status=AwardStatus.SUSPENDED, effective_month=from_month, cause_id=uuid7())
        self.journal.say(subsidy.AwardSuspended(award=award, cause_kind="CANCELLED"))

    def resume(self, award_id: UUID) -> None:
        """The cause was a mistake."""
        award = self._changed(award_id, status=AwardStatus.ACTIVE, effective_month=None, cause_id=None)
        self.journal.say(subsidy.AwardResumed(award=award, cause_kind="CANCELLED"))

    def _changed(self, award_id: UUID, **update: Any) -> subsidy.AwardState:
        before = self.awards[award_id]
        self.awards[award_id] = before.model_copy(update={**update, "version": before.version + 1})
        return self.awards[award_id]


@dataclass
class Rehab:
    """A rehab service that announces its cases."""

    journal: Journal = field(default_factory=Journal)
    cases: dict[UUID, rehab.CaseState] = field(default_factory=dict)

    def open(self, person_id: UUID, division: str, *, on: date) -> UUID:
        """A case."""
        case = rehab.CaseState(
            case_id=uuid7(),
            person_id=person_id,
            division=division,
            version=1,
            status=CaseStatus.NEED_REGISTERED,
            opened_on=on,
        )
        self.cases[case.case_id] = case
        self.journal.say(rehab.CaseOpened(case=case))
        return case.case_id

    def close(self, case_id: UUID, *, on: date) -> None:
        """The case ends."""
        case = self._changed(case_id, status=CaseStatus.CLOSED, closed_on=on, closing_reason="DROPPED")
        self.journal.say(rehab.CaseClosed(case=case))

    def reopen(self, case_id: UUID) -> None:
        """What closed it was a mistake."""
        case = self._changed(case_id, status=CaseStatus.NEED_REGISTERED, closed_on=None, closing_reason=None)
        self.journal.say(rehab.CaseReopened(case=case))

    def hand_over(self, case_id: UUID, *, to: str, at: datetime) -> None:
        """Another county takes over."""
        self.journal.say(rehab.CaseFlagged(case=self._changed(case_id, division=to)), at=at)

    def _changed(self, case_id: UUID, **update: Any) -> rehab.CaseState:
        before = self.cases[case_id]
        self.cases[case_id] = before.model_copy(update={**update, "version": before.version + 1})
        return self.cases[case_id]


async def deliver(works: Works[Any], subscription: Subscription[Any], entries: Sequence[Envelope]) -> None:
    """One transaction of a consumer: the real subscription absorbs a run."""
    async with works.begin() as work:
        await absorb(work, subscription, entries)


def again(envelope: Envelope) -> Envelope:
    """The same event once more, under another position."""
    return replace(envelope, position=envelope.position + 1_000)
