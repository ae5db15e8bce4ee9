"""Histories told in a few words: who is where, what happened when, and when it was learned."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from services.subsidy.domain.decisions import BackPayment, Card, Determination, Home, Pause
from services.subsidy.domain.person_facts import Fact, FactKind, Source
from shared.values.dates import add_years
from shared.values.month import Month
from tests.builders.facts import Line, Thing
from tests.oracles.entitlement.life import Moment

LIVING, NURSING = "living_subsidy", "nursing_subsidy"
VISION, HEARING, SPEECH, LIMB, INTELLECTUAL, MENTAL = range(1, 7)
LONG_AGO = "2019-06-01"


def day(text: str) -> date:
    """2023-05-01."""
    return date.fromisoformat(text)


def moment_of(text: str) -> datetime:
    """When something was learned on a day."""
    return datetime.combine(day(text), datetime.min.time(), UTC)


class Story:
    """What was learned of one person, in the order of learning. Ids follow from the name and are always the same."""

    def __init__(self, name: str, county: str = "500101") -> None:
        self.name, self.county = name, county
        self.person_id = self.id("person")
        self._moments: dict[datetime, list[Thing]] = {}
        self._withdrawn: dict[datetime, list[UUID]] = {}
        self.at = moment_of(LONG_AGO)
        self._told = 0
        self.lives_in(county)

    def id(self, word: str) -> UUID:
        """The id of something in this story."""
        return uuid5(NAMESPACE_URL, f"{self.name}/{word}")

    @property
    def history(self) -> tuple[Moment, ...]:
        """Everything told so far."""
        return tuple(
            Moment(
                at=at,
                learned=tuple(self._moments.get(at, ())),
                withdrawn=tuple(self._withdrawn.get(at, ())),
            )
            for at in sorted({*self._moments, *self._withdrawn})
        )

    def later(self, text: str) -> Story:
        """What follows was learned on this day."""
        self.at = moment_of(text)
        return self

    def learns(self, thing: Thing) -> None:
        """Something was learned."""
        self._moments.setdefault(self.at, []).append(thing)

    def was_wrong(self, wrong: UUID) -> Story:
        """Something is withdrawn as if it had never been."""
        self._withdrawn.setdefault(self.at, []).append(wrong)
        return self

    def lives_in(self, county: str, *, moved: tuple[str, str] | None = None) -> Story:
        """Where the household is, and where it went on which day; replaces what was said of it at this time."""
        born, first = day("1980-01-01"), day(moved[1]) if moved else None
        told = self._moments.setdefault(self.at, [])
        told[:] = [thing for thing in told if not isinstance(thing, Home)]
        told.append(Home(person_id=self.person_id, division=county, valid_from=born, valid_to=first))
        if moved and first:
            told.append(Home(person_id=self.person_id, division=moved[0], valid_from=first))
        return self

    def fact(
        self,
        kind: FactKind,
        since: str = "2015-01-01",
        over: str | None = None,
        *,
        value: str | None = None,
        yuan: int | None = None,
        percent: int | None = None,
        scheme: str | None = None,
        source: Source = Source.CIVIL_AFFAIRS,
        verified: bool = True,
        reason: str | None = None,
        name: str | None = None,
    ) -> Story:
        """A fact; the same ``name`` again corrects it."""
        self._told += 1
        self.learns(
            Fact(
                fact_id=self.id(name or f"fact {self._told}"),
                person_id=self.person_id,
                kind=kind,
                valid_from=day(since),
                valid_to=day(over) if over else None,
                value=value,
                amount_fen=None if yuan is None else yuan * 100,
                income_percent=percent,
                scheme=scheme,
                source=source,
                verified=verified,
                reason=reason,
            )
        )
        return self

    def dibao(self, since: str = "2015-01-01", over: str | None = None) -> Story:
        """The household receives dibao; ``over`` is the first day without it (READ-19)."""
        return self.fact(FactKind.ECONOMY, since, over, value="DIBAO")

    def card(self, *components: tuple[int, int], issued: str = "2018-03-01", expires: str | None = None) -> Story:
        """A card was issued, for ten years."""
        first = day(issued)
        self.learns(
            Card(
                certificate_id=self.id(f"card {issued}"),
                person_id=self.person_id,
                components=";".join(f"{category}:{grade}" for category, grade in components),
                issued_on=first,
                expires_on=day(expires) if expires else add_years(first, 10),
            )
        )
        return self

    def award(self, scheme: str, applied: str, *, back_paid: bool = False) -> Story:
        """An award was determined, and perhaps the gap before it granted."""
        award_id = self.id(f"{scheme} {applied}")
        self.learns(
            Determination(
                award_id=award_id,
                person_id=self.person_id,
                scheme=scheme,
                division=self.county,
                application_date=day(applied),
            )
        )
        if back_paid:
            self.learns(BackPayment(decision_id=self.id(f"back {scheme} {applied}"), award_id=award_id))
        return self

    def both(self, applied: str = "2020-01-10", *, back_paid: bool = False) -> Story:
        """Both subsidies from one application."""
        return self.award(LIVING, applied, back_paid=back_paid).award(NURSING, applied, back_paid=back_paid)

    def pause(self, scheme: str, applied: str, first: str, until: str | None = None) -> Story:
        """A person paused an award, from a month up to another."""
        self.learns(
            Pause(
                pause_id=self.id(f"pause {scheme} {first}"),
                award_id=self.id(f"{scheme} {applied}"),
                first=Month.parse(first),
                until=Month.parse(until) if until else None,
            )
        )
        return self

    def paid(self, scheme: str, month: str, yuan: int, state: str = "SETTLED", seq: int = 0) -> Story:
        """Money went out for a month, or is on its way."""
        self.learns(
            Line(
                person_id=self.person_id,
                scheme=scheme,
                month=Month.parse(month),
                seq=seq,
                amount_fen=yuan * 100,
                state=state,
            )
        )
        return self


def receiving(name: str, *components: tuple[int, int], issued: str = "2018-03-01", county: str = "500101") -> Story:
    """In dibao, mental grade 1 unless said, both awards running since 2020-01."""
    return Story(name, county).dibao().card(*(components or ((MENTAL, 1),)), issued=issued).both()
