"""Indicators (指标): how many, where, in which period: counted from events alone, or reported by divisions.

Owns indicator definitions with their versions, *spells* (from when until when somebody or something counts, and where),
reported values and targets, and frozen snapshots. Publishes nothing yet. Listens to ``registry.*``, ``subsidy.*`` and
``rehab.*``; keeps copies of what they publish and asks nobody.
"""
