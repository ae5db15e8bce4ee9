"""Rehab (康复): cases of persons who need rehabilitation, from the registered need to the closing (RULES 7.6).

Owns the catalogue, institutions, cases with their assessments, plans and sessions. Publishes ``rehab.case.*``,
``rehab.plan.agreed`` and ``rehab.session.*``. Listens to ``registry.*`` and keeps a copy of persons,
certificates and stop facts; a death closes a case and a move asks for a decision from that copy, never by a call.
No diagnosis and no free text about a client is stored here or published.
"""
