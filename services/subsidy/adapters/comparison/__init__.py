"""Comparison with the lists of other bureaus: what they say, what is found, and what becomes of it (RULES 9)."""
