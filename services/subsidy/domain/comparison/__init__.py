"""Comparison with the lists of other bureaus: what is checked, and what becomes of a suspect (RULES 9)."""
