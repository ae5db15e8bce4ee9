"""Refusals about persons and what is known of them.

Refusal
├── NameIsTooShort                 a family name alone, over too many counties
├── PersonIsMerged                 the record was found to be another's
├── MergeOfOne, AbsorbedHoldsCertificate, DeathsDisagree, MergeNotFound, MergeIsUndone
├── DuplicateNotFound, DuplicateIsDecided
├── HouseholdNotFound, HouseholdIsKnown, PersonHasHousehold, MembershipNotFound
├── NameNotFound, PlaceGoesNowhere
├── ClientNotFound, ClientHasEnded, ClientGroundNotMet
└── InvalidValue
    └── IdentityDisagrees          sex or birth date and the number (ID-02)
"""

from __future__ import annotations

from typing import ClassVar

from shared.values.invalid import InvalidValue
from shared.values.refusal import Refusal


class NameIsTooShort(Refusal):
    """One character or syllable finds a twelfth of a province. Facts: counties_max."""

    code: ClassVar[str] = "name_is_too_short"


class PersonIsMerged(Refusal):
    """The record is another person's; work on that one. Facts: survivor_id."""

    code: ClassVar[str] = "person_is_merged"


class MergeOfOne(Refusal):
    """A person cannot be merged with itself, nor with a record that is merged into it already."""

    code: ClassVar[str] = "merge_of_one"


class AbsorbedHoldsCertificate(Refusal):
    """The record that would be absorbed holds a living certificate. Facts: certificate_id."""

    code: ClassVar[str] = "absorbed_holds_certificate"


class DeathsDisagree(Refusal):
    """One record says dead, the other alive or another day: settle that first. Facts: survivor, absorbed."""

    code: ClassVar[str] = "deaths_disagree"


class MergeNotFound(Refusal):
    """No such merge within the caller's divisions."""

    code: ClassVar[str] = "merge_not_found"


class MergeIsUndone(Refusal):
    """The merge was undone already."""

    code: ClassVar[str] = "merge_is_undone"


class DuplicateNotFound(Refusal):
    """No such likely duplicate within the caller's divisions."""

    code: ClassVar[str] = "duplicate_not_found"


class DuplicateIsDecided(Refusal):
    """Somebody decided already. Facts: state, allowed."""

    code: ClassVar[str] = "duplicate_is_decided"


class HouseholdNotFound(Refusal):
    """No such household within the caller's divisions."""

    code: ClassVar[str] = "household_not_found"


class HouseholdIsKnown(Refusal):
    """The number of the household book is taken."""

    code: ClassVar[str] = "household_is_known"


class PersonHasHousehold(Refusal):
    """A person belongs to one household at a time. Facts: household_id."""

    code: ClassVar[str] = "person_has_household"


class MembershipNotFound(Refusal):
    """The person is no member of the household now."""

    code: ClassVar[str] = "membership_not_found"


class NameNotFound(Refusal):
    """The person has no such other name."""

    code: ClassVar[str] = "name_not_found"


class PlaceGoesNowhere(Refusal):
    """The person is there already. Facts: division."""

    code: ClassVar[str] = "place_goes_nowhere"


class ClientNotFound(Refusal):
    """No such admission within the caller's divisions."""

    code: ClassVar[str] = "client_not_found"


class ClientHasEnded(Refusal):
    """The admission ended already. Facts: valid_to."""

    code: ClassVar[str] = "client_has_ended"


class ClientGroundNotMet(Refusal):
    """CERT-36 or CERT-37 asks for more. Facts: rule, missing."""

    code: ClassVar[str] = "client_ground_not_met"


class IdentityDisagrees(InvalidValue):
    """What was given besides the number contradicts it (ID-02). Facts: field_zh, field."""

    code: ClassVar[str] = "identity_disagrees"
    zh_text: ClassVar[str] = "{field_zh}与公民身份号码不一致，请核对"
    en_text: ClassVar[str] = "the {field} is not the one in the identity number"
