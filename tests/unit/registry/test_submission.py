"""Opening a case: who may ask for what, when, and where (RULES 3.1, CERT-13, 20, 29, 30)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

import pytest
from uuid_utils.compat import uuid7

from services.registry.domain.application import Application, Channel, Wish
from services.registry.domain.application_errors import (
    ChangeIsTooEarly,
    MatterDoesNotFit,
    MatterNeedsCertificate,
    MatterNeedsMore,
    MatterStaysAtHome,
    PersonIsBarred,
    RenewalIsTooEarly,
)
from services.registry.domain.application_state import ApplicationState, Matter
from services.registry.domain.certificate import CancellationReason, Certificate
from services.registry.domain.errors import DateInFuture, PersonHasCertificate, PersonHasDied, TransferGoesNowhere
from services.registry.domain.local_rules import LocalRule, LocalRules
from services.registry.domain.papers import ADULT_YEARS, Paper, required
from services.registry.domain.person import Person
from services.registry.domain.submission import STEPS_OF, Submission, free_again_on, submit
from shared.values.certificate import CertificateStatus
from shared.values.disability import DisabilityCategory
from tests.builders.applications import a_rule, a_timing
from tests.builders.registry import OTHER_COUNTY, TODAY, VILLAGE, a_certificate, a_person, a_stop

DAY: Final = timedelta(days=1)
LIMB: Final = frozenset({DisabilityCategory.LIMB})
VOLUNTARY: Final = CancellationReason.VOLUNTARY


def asking(
    matter: Matter,
    held: Certificate | None = None,
    *rows: LocalRule,
    today: date = TODAY,
    person: Person | None = None,
    barred_until: date | None = None,
    **given: Any,
) -> Application:
    """Ask at home, with everything the matter needs."""
    wish: dict[str, Any] = {
        "categories": LIMB if matter in {Matter.NEW, Matter.CHANGE} else frozenset(),
        "cancellation": VOLUNTARY if matter is Matter.CANCELLATION else None,
        "event_date": today if matter in {Matter.REPLACEMENT, Matter.TRANSFER, Matter.CANCELLATION} else None,
    }
    asked: dict[str, Any] = {
        "application_id": uuid7(),
        "matter": matter,
        "channel": Channel.COUNTER,
        "acceptance": VILLAGE,
        "wish": Wish(**wish | given.pop("wish", {})),
        "to": OTHER_COUNTY if matter is Matter.TRANSFER else None,
    }
    submission = Submission(**asked | given)
    timing = a_timing(today, *rows)
    return submit(submission, person or a_person(), held, barred_until=barred_until, timing=timing)


@pytest.mark.parametrize("matter", Matter)
def test_every_matter_can_be_asked_for_by_somebody(matter: Matter) -> None:
    held = None if matter is Matter.NEW else a_certificate(expires_on=TODAY + 100 * DAY)
    assert asking(matter, held).state is ApplicationState.SUBMITTED


@pytest.mark.parametrize("matter", sorted(set(Matter) - {Matter.NEW}))
def test_without_a_certificate_only_a_new_one_can_be_asked_for(matter: Matter) -> None:
    with pytest.raises(MatterNeedsCertificate):
        asking(matter)


def test_who_holds_a_certificate_does_not_ask_for_a_new_one() -> None:
    with pytest.raises(PersonHasCertificate):
        asking(Matter.NEW, a_certificate())


FITTING: Final = {
    CertificateStatus.VALID: set(Matter) - {Matter.NEW},
    CertificateStatus.EXPIRED: {Matter.RENEWAL, Matter.CHANGE, Matter.CANCELLATION},
    CertificateStatus.LOST: {Matter.REPLACEMENT, Matter.CANCELLATION},
    CertificateStatus.FROZEN: {Matter.CANCELLATION},
}


@pytest.mark.parametrize("status", FITTING)
@pytest.mark.parametrize("matter", sorted(set(Matter) - {Matter.NEW}))
def test_a_certificate_s_state_decides_which_matters_fit_and_a_refusal_names_them(
    status: CertificateStatus, matter: Matter
) -> None:
    held = a_certificate(status=status, expires_on=TODAY + 100 * DAY)
    if matter in FITTING[status]:
        assert asking(matter, held).certificate_id == held.certificate_id
        return
    with pytest.raises(MatterDoesNotFit) as refused:
        asking(matter, held)
    assert set(refused.value.facts["allowed"]) == {each.value for each in FITTING[status]}  # type: ignore[call-overload]


def test_an_expiry_the_job_has_not_announced_yet_counts_all_the_same() -> None:
    held = a_certificate(status=CertificateStatus.VALID, expires_on=TODAY - DAY)
    with pytest.raises(MatterDoesNotFit):
        asking(Matter.EXCHANGE, held)


def test_a_renewal_opens_six_months_before_the_last_day_cert_13() -> None:
    held = a_certificate(expires_on=date(2026, 12, 15))
    with pytest.raises(RenewalIsTooEarly) as refused:
        asking(Matter.RENEWAL, held, today=date(2026, 6, 14))
    assert refused.value.facts["opens"] == "2026-06-15"
    assert asking(Matter.RENEWAL, held, today=date(2026, 6, 15)).is_open


def test_a_county_may_open_renewals_a_year_before_cert_13() -> None:
    held = a_certificate(expires_on=date(2027, 6, 1))
    with pytest.raises(RenewalIsTooEarly):
        asking(Matter.RENEWAL, held)
    assert asking(Matter.RENEWAL, held, a_rule("renewal_opens_months", 12, division=VILLAGE.county)).is_open
    with pytest.raises(RenewalIsTooEarly):
        asking(Matter.RENEWAL, held, a_rule("renewal_opens_months", 12, division=OTHER_COUNTY.county))


def test_a_change_waits_twelve_months_where_a_local_rule_says_so_cert_20() -> None:
    held = a_certificate(assessed_on=date(2025, 8, 1))
    assert asking(Matter.CHANGE, held).is_open
    with pytest.raises(ChangeIsTooEarly) as refused:
        asking(Matter.CHANGE, held, a_rule("change_after_months", 12))
    assert refused.value.facts["from"] == "2026-08-01"


@pytest.mark.parametrize(
    ("reason", "until"),
    [
        (CancellationReason.VOLUNTARY, date(2027, 6, 1)),
        (CancellationReason.FRAUD, date(2027, 6, 1)),
        (CancellationReason.NO_LONGER_MEETS, date(2027, 6, 1)),
        (CancellationReason.NOT_RENEWED_6M, None),
        (CancellationReason.TRANSFER_OVERDUE_1Y, None),
        (CancellationReason.DEATH, None),
        (CancellationReason.DECLARED_MISSING, None),
    ],
)
def test_the_bar_of_a_year_goes_by_reason_cert_29(reason: CancellationReason, until: date | None) -> None:
    assert free_again_on(a_stop(reason=reason.value), LocalRules()) == until


def test_a_county_may_bar_after_other_reasons_cert_29() -> None:
    rules = LocalRules((a_rule("bar_reasons", ["NOT_RENEWED_6M"]),))
    assert free_again_on(a_stop(reason="NOT_RENEWED_6M"), rules) == date(2027, 6, 1)
    assert free_again_on(a_stop(reason="VOLUNTARY"), rules) is None


def test_the_bar_ends_on_the_anniversary_cert_29() -> None:
    until = date(2026, 6, 1)
    with pytest.raises(PersonIsBarred):
        asking(Matter.NEW, today=until - DAY, barred_until=until)
    assert asking(Matter.NEW, today=until, barred_until=until).is_open


def test_the_dead_ask_for_nothing_but_that_their_card_is_cancelled() -> None:
    dead = a_person(died_on=TODAY - DAY)
    with pytest.raises(PersonHasDied):
        asking(Matter.RENEWAL, a_certificate(expires_on=TODAY + DAY), person=dead)
    held = a_certificate()
    gone = asking(Matter.CANCELLATION, held, person=dead, wish={"cancellation": CancellationReason.DEATH})
    assert gone.wish.cancellation is CancellationReason.DEATH


@pytest.mark.parametrize(
    ("matter", "wish", "field"),
    [
        (Matter.NEW, {"categories": frozenset()}, "categories"),
        (Matter.CHANGE, {"categories": frozenset()}, "categories"),
        (Matter.CANCELLATION, {"cancellation": None}, "cancellation"),
        (Matter.CANCELLATION, {"cancellation": CancellationReason.FRAUD}, "cancellation"),
        (Matter.REPLACEMENT, {"event_date": None}, "event_date"),
        (Matter.TRANSFER, {"event_date": None}, "event_date"),
    ],
)
def test_a_matter_says_what_it_needs_to_know(matter: Matter, wish: dict[str, Any], field: str) -> None:
    with pytest.raises(MatterNeedsMore) as refused:
        asking(matter, None if matter is Matter.NEW else a_certificate(), wish=wish)
    assert refused.value.facts["field"] == field


def test_what_happened_did_not_happen_tomorrow() -> None:
    with pytest.raises(DateInFuture):
        asking(Matter.REPLACEMENT, a_certificate(), wish={"event_date": TODAY + DAY})


def test_a_transfer_leads_to_another_county_which_decides_cert_23() -> None:
    moved = asking(Matter.TRANSFER, a_certificate(), acceptance=OTHER_COUNTY)
    assert (moved.home, moved.acceptance, moved.leaving) == (OTHER_COUNTY, OTHER_COUNTY, VILLAGE)
    with pytest.raises(TransferGoesNowhere):
        asking(Matter.TRANSFER, a_certificate(), to=VILLAGE)


@pytest.mark.parametrize("matter", sorted(set(Matter) - {Matter.NEW, Matter.TRANSFER}))
def test_six_matters_may_be_handled_away_from_home_and_an_exchange_may_not_cert_30(matter: Matter) -> None:
    held = a_certificate(expires_on=TODAY + 100 * DAY)
    if matter is Matter.EXCHANGE:
        with pytest.raises(MatterStaysAtHome):
            asking(matter, held, acceptance=OTHER_COUNTY)
        return
    away = asking(matter, held, acceptance=OTHER_COUNTY)
    assert (away.home, away.acceptance, away.desk) == (VILLAGE, OTHER_COUNTY, OTHER_COUNTY)


def test_another_village_of_the_same_county_is_home() -> None:
    neighbour = type(VILLAGE)("341502002001")
    assert asking(Matter.NEW, acceptance=neighbour).acceptance == VILLAGE


def test_every_matter_but_a_new_certificate_does_something_to_the_old_one() -> None:
    assert {matter for matter, steps in STEPS_OF.items() if not steps} == {Matter.NEW}


# --- papers (CERT-03) ------------------------------------------------------------------------------------------------


def test_a_new_certificate_needs_the_five_papers_of_article_9_cert_03() -> None:
    assert required(Matter.NEW, categories=LIMB, age=40, away_from_home=False) == {
        Paper.IDENTITY_CARD,
        Paper.HOUSEHOLD_BOOK,
        Paper.PHOTOGRAPHS,
        Paper.APPLICATION_FORM,
        Paper.ASSESSMENT_FORM,
    }


@pytest.mark.parametrize(
    ("category", "age", "needed"),
    [
        (DisabilityCategory.LIMB, ADULT_YEARS, False),
        (DisabilityCategory.LIMB, ADULT_YEARS - 1, True),
        (DisabilityCategory.INTELLECTUAL, 40, True),
        (DisabilityCategory.MENTAL, 40, True),
        (DisabilityCategory.VISION, 40, False),
    ],
)
def test_minors_and_the_intellectual_and_mental_categories_prove_a_guardian_cert_03(
    category: DisabilityCategory, age: int, *, needed: bool
) -> None:
    papers = required(Matter.NEW, categories={category}, age=age, away_from_home=False)
    assert (Paper.GUARDIAN_PROOF in papers) == needed


def test_who_applies_away_from_home_shows_a_residence_permit_cert_30() -> None:
    assert Paper.RESIDENCE_PERMIT in required(Matter.RENEWAL, age=40, away_from_home=True)
    assert Paper.RESIDENCE_PERMIT not in required(Matter.RENEWAL, age=40, away_from_home=False)


@pytest.mark.parametrize(
    ("reason", "paper"),
    [
        (CancellationReason.VOLUNTARY, Paper.WRITTEN_WISH),
        (CancellationReason.DEATH, Paper.DEATH_PROOF),
        (CancellationReason.DECLARED_MISSING, Paper.COURT_JUDGMENT),
    ],
)
def test_a_cancellation_asked_for_comes_with_its_paper_cert_27(reason: CancellationReason, paper: Paper) -> None:
    assert paper in required(Matter.CANCELLATION, age=40, away_from_home=False, cancellation=reason)
