"""Subsidy (民政): awards of the two subsidies (残疾人两项补贴) and what stops them.

Owns awards, policy and the declarations of banks' files. Publishes ``subsidy.award.*``. Listens to ``registry.*`` and
keeps a copy of persons, certificates and stop facts; decisions use that copy, never a call.
"""
