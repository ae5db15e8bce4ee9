"""Registry (残联): the only writer of certificate truth.

Owns persons, disability certificates and the dated facts that stop an entitlement (cancelled, frozen, expired,
transferred, death). Publishes ``registry.person.*`` and ``registry.certificate.*``. Listens to nobody.
"""
