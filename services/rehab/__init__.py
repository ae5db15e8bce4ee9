"""Rehab (康复): cases of persons who need rehabilitation, from the registered need to the closing (RULES 7.6).

Owns cases and their steps. Publishes ``rehab.case.*``. Listens to ``registry.*`` and keeps a copy of persons,
certificates and stop facts; a death closes a case and a move asks for a decision from that copy, never by a call.
Nothing about a diagnosis is stored here or published.
"""
