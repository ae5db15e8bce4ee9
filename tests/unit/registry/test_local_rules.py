"""Local rules: the narrowest division wins, then the matter, then the later beginning (CERT-32)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.registry.domain.application_errors import LocalRuleIsUnknown, LocalRuleValueIsWrong
from services.registry.domain.application_state import STAGES, ApplicationState, Matter
from services.registry.domain.certificate import CancellationReason, FreezeReason
from services.registry.domain.local_rules import (
    BAR_REASONS,
    CANCELLATION_REASONS,
    PARAMETERS,
    RENEWAL_REASSESSMENT,
    SLA,
    LocalRule,
    LocalRules,
    RenewalPolicy,
    parameter_of,
)
from services.registry.domain.overdue import earliest_cancellation, earliest_freeze
from shared.values.division import Division
from tests.builders.applications import a_rule, a_timing, an_application
from tests.builders.registry import TODAY, VILLAGE, a_certificate

REVIEW = SLA[ApplicationState.UNDER_REVIEW]


def days(*rows: LocalRule, matter: Matter = Matter.RENEWAL, on: date = TODAY) -> int:
    return LocalRules(rows).value(REVIEW, division=VILLAGE, on=on, matter=matter)


def test_without_a_local_rule_the_default_holds_and_a_review_has_ten_working_days_cert_06() -> None:
    assert days() == 10


def test_the_narrowest_division_wins() -> None:
    province = a_rule(REVIEW.name, 8, division=Division("34"))
    county = a_rule(REVIEW.name, 3, division=Division("341502"))
    neighbour = a_rule(REVIEW.name, 1, division=Division("341503"))
    assert days(province, neighbour) == 8
    assert days(county, province, neighbour) == 3


def test_a_rule_for_the_matter_beats_one_for_all_matters_in_the_same_division() -> None:
    general, renewals = a_rule(REVIEW.name, 5), a_rule(REVIEW.name, 1, matter=Matter.RENEWAL)
    assert days(general, renewals) == 1
    assert days(general, renewals, matter=Matter.NEW) == 5


def test_a_rule_holds_from_its_first_day_through_its_last() -> None:
    old = a_rule(REVIEW.name, 7, valid_from=date(2025, 1, 1), valid_to=TODAY)
    new = a_rule(REVIEW.name, 2, valid_from=TODAY + timedelta(days=1))
    assert days(old, new) == 7
    assert days(old, new, on=TODAY + timedelta(days=1)) == 2
    assert days(old, new, on=date(2024, 12, 31)) == 10


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (REVIEW.name, 0),
        (REVIEW.name, 61),
        (REVIEW.name, True),
        (REVIEW.name, "10"),
        ("expiry_inclusive", 1),
        ("renewal_reassessment_policy", "SOMETIMES"),
        ("bar_reasons", ["BOREDOM"]),
        ("bar_reasons", "VOLUNTARY"),
        ("notice_working_days", 4),
    ],
)
def test_a_value_the_parameter_cannot_have_is_refused(name: str, value: object) -> None:
    with pytest.raises(LocalRuleValueIsWrong):
        parameter_of(name).parse(value)


def test_national_law_cannot_be_undercut_a_notice_has_five_working_days_at_least_cert_05() -> None:
    assert parameter_of("notice_working_days").parse(5) == 5
    assert parameter_of("notice_working_days").parse(7) == 7


def test_a_parameter_nobody_declared_is_refused_naming_the_known_ones() -> None:
    with pytest.raises(LocalRuleIsUnknown) as refused:
        parameter_of("sla_lunch")
    assert "sla_under_review" in str(refused.value.facts["known"])


def test_every_stage_has_a_time_limit_and_every_parameter_names_its_rule() -> None:
    assert set(SLA) == set(STAGES)
    assert all(parameter.rule.startswith("CERT-") for parameter in PARAMETERS.values())
    assert set(CANCELLATION_REASONS) == set(CancellationReason)
    assert BAR_REASONS.default <= set(CancellationReason)


@pytest.mark.parametrize(
    ("policy", "by_eye", "changed", "limb_loss", "needed"),
    [
        (RenewalPolicy.IF_DOUBTFUL, False, False, False, False),
        (RenewalPolicy.IF_DOUBTFUL, True, False, False, True),
        (RenewalPolicy.IF_DOUBTFUL, False, True, False, True),
        (RenewalPolicy.EXCEPT_VISIBLE_LOSS, False, False, True, False),
        (RenewalPolicy.EXCEPT_VISIBLE_LOSS, False, False, False, True),
        (RenewalPolicy.EXCEPT_VISIBLE_LOSS, False, True, True, True),
        (RenewalPolicy.ALWAYS, False, False, True, True),
    ],
)
def test_whether_a_renewal_is_assessed_anew_is_local_cert_15(
    policy: RenewalPolicy, *, by_eye: bool, changed: bool, limb_loss: bool, needed: bool
) -> None:
    one = an_application(matter=Matter.RENEWAL)
    wish = type(one.wish)(state_changed=changed, visible_limb_loss=limb_loss)
    asked = an_application(matter=Matter.RENEWAL, wish=wish)
    timing = a_timing(TODAY, a_rule(RENEWAL_REASSESSMENT.name, policy.value))
    accepted = asked.accept(frozenset(), timing, by_eye=by_eye, demand_assessment=False)
    assert accepted.needs_assessment is needed


def test_the_receiving_county_may_demand_an_assessment_when_it_doubts_the_old_one_cert_23() -> None:
    asked = an_application(matter=Matter.TRANSFER)
    for demanded in (False, True):
        accepted = asked.accept(frozenset(), a_timing(), by_eye=False, demand_assessment=demanded)
        assert accepted.needs_assessment is demanded


def test_a_transfer_left_undone_is_frozen_after_six_months_and_cancelled_after_twelve_cert_24_25() -> None:
    moved = date(2025, 12, 15)
    freeze = earliest_freeze(a_certificate(), FreezeReason.TRANSFER_OVERDUE_6M, since=moved, timing=a_timing())
    cancel = earliest_cancellation(
        a_certificate(), CancellationReason.TRANSFER_OVERDUE_1Y, since=moved, timing=a_timing()
    )
    assert (freeze, cancel) == (date(2026, 6, 16), date(2026, 12, 16))


def test_a_card_not_renewed_may_be_cancelled_six_months_after_expiry_or_when_the_county_says_cert_28() -> None:
    card, reason = a_certificate(expires_on=date(2026, 1, 31)), CancellationReason.NOT_RENEWED_6M
    assert earliest_cancellation(card, reason, since=None, timing=a_timing()) == date(2026, 8, 1)
    longer = a_timing(TODAY, a_rule("cancel_expired_months", 12))
    assert earliest_cancellation(card, reason, since=None, timing=longer) == date(2027, 2, 1)
