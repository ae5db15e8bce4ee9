"""Indicators (指标): how many, where, in which month, counted from events alone.

Owns indicator definitions and *spells*: from when until when somebody or something counts, and where. Publishes nothing
yet. Listens to ``registry.*``, ``subsidy.*`` and ``rehab.*``; keeps copies of what they publish and asks nobody.
"""
