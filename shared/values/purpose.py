"""Why somebody looks at personal data in clear: a closed list, because a purpose nobody can count is none."""

from enum import StrEnum


class Purpose(StrEnum):
    """What a look is for (PIPL arts. 6 and 28: specific, necessary)."""

    CASE_HANDLING = "CASE_HANDLING"
    IDENTITY_CHECK = "IDENTITY_CHECK"
    PAYMENT = "PAYMENT"
    COMPLAINT = "COMPLAINT"
    OWN_REQUEST = "OWN_REQUEST"
    EMERGENCY = "EMERGENCY"
    SUPERVISION = "SUPERVISION"
    LEGAL_DUTY = "LEGAL_DUTY"

    @property
    def zh(self) -> str:
        """What it is called in Chinese."""
        return _NAMES[self][0]

    @property
    def en(self) -> str:
        """What it is called in English."""
        return _NAMES[self][1]

    @property
    def overrides_restriction(self) -> bool:
        """Whether data whose processing the person has restricted may still be looked at for it."""
        return self in {Purpose.OWN_REQUEST, Purpose.EMERGENCY, Purpose.LEGAL_DUTY, Purpose.SUPERVISION}


_NAMES = {
    Purpose.CASE_HANDLING: ("业务办理", "handling a case"),
    Purpose.IDENTITY_CHECK: ("身份核验", "checking an identity"),
    Purpose.PAYMENT: ("补贴发放核对", "checking a payment"),
    Purpose.COMPLAINT: ("信访投诉处理", "answering a complaint"),
    Purpose.OWN_REQUEST: ("本人申请", "a request of the person"),
    Purpose.EMERGENCY: ("紧急救助", "emergency help"),
    Purpose.SUPERVISION: ("审计监督", "audit and supervision"),
    Purpose.LEGAL_DUTY: ("法定职责协助", "a duty by law"),
}
