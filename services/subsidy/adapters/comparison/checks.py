"""The sixteen checks as statements (DX-10 to DX-25): each puts whom it hits into ``hit``, with what shows it.

``said`` is what the suspicion rests on: lists, days, states. Its digest tells a new suspicion from one that was looked
into. ``drawn`` is what is at stake: schemes, months, fen. A fact the register or somebody with a duty to has told
already is none of this: the one expression acts on it.
"""

from __future__ import annotations

from typing import Final

from services.subsidy.domain.application_state import OPEN as APPLICATION_OPEN
from services.subsidy.domain.banking.reasons import Reason
from services.subsidy.domain.comparison.lists import ListKind
from services.subsidy.domain.person_facts import VALUES, Economy, FactKind
from shared.values.award import RUNNING, TWO_SUBSIDIES, Scheme
from shared.values.certificate import CertificateStatus

SHARED_BY_MIN: Final = 3
"""From this many persons on, an account is taken for one of unrelated beneficiaries (DX-24)."""
UNASKED_DAYS: Final = 30
"""So long after its issue a new card may be without an award (DX-22)."""
NEW_DAYS: Final = 180
"""So long a card is new."""

_L, _F, _S = ListKind, FactKind, Scheme
_DEATHS: Final = (_L.DEATH_POLICE, _L.DEATH_HEALTH, _L.CREMATION)
_DIBAO: Final = 1 + list(VALUES[_F.ECONOMY]).index(Economy.DIBAO)
_BOTH: Final = TWO_SUBSIDIES


def _in(values: object) -> str:
    return ", ".join(f"'{value}'" for value in values)  # type: ignore[attr-defined]


_SHOWN: Final = _in((CertificateStatus.VALID, CertificateStatus.LOST))
_RUNNING: Final = _in(RUNNING)
_ASKED: Final = _in(APPLICATION_OPEN)
_SAID: Final = """jsonb_build_object('list', e.kind, 'on', e.event_on, 'until', e.until, 'judged', e.judged)"""
_ALIVE: Final = (
    "p.died_on IS NULL AND NOT EXISTS (SELECT FROM listed d WHERE d.person_id = p.person_id "
    f"AND d.kind IN ({_in(_DEATHS)}))"
)

PREPARE: Final = (
    # What lists say of persons of the division, and what those draw: months on a line, the month itself of an award.
    """
CREATE TEMPORARY TABLE listed ON COMMIT DROP AS
SELECT e.*, p.died_on, p.division FROM list_entry e JOIN copy_registry_person p ON p.person_id = e.person_id
 WHERE starts_with(p.division, :division)""",
    "CREATE INDEX ON listed (person_id)",
    "ANALYZE listed",
    """
CREATE TEMPORARY TABLE taken ON COMMIT DROP AS
SELECT t.person_id, t.scheme, t.month, sum(t.amount_fen) AS amount_fen,
       (SELECT max(a.application_date) FROM award a WHERE (a.person_id, a.scheme) = (t.person_id, t.scheme)) AS asked_on
  FROM (SELECT l.person_id, l.scheme, l.month, l.amount_fen FROM payment_line l
         WHERE l.person_id IN (SELECT person_id FROM listed) AND l.known_to = 'infinity' AND l.month >= :since
           AND l.state NOT IN ('CANCELLED', 'CLOSED_UNPAID', 'RETURNED')
        UNION ALL
        SELECT a.person_id, a.scheme, CAST(:month AS date), 0 FROM award a
         WHERE a.status = 'ACTIVE' AND a.person_id IN (SELECT person_id FROM listed)) t
 GROUP BY t.person_id, t.scheme, t.month""",
    "CREATE INDEX ON taken (person_id)",
    "ANALYZE taken",
    """
CREATE TEMPORARY TABLE hit (check_id text, person_id uuid, said jsonb, drawn jsonb, judged boolean,
                            PRIMARY KEY (check_id, person_id)) ON COMMIT DROP""",
)

# A month after the month of the event is not due; one that a fact on record stops already is no suspicion.
_AFTER: Final = "t.month > e.event_on"
_STOPPED: Final = """EXISTS (SELECT FROM spell s WHERE s.person_id = e.person_id AND s.kind = c.fact
   AND s.known_to = 'infinity' AND s.event_month < 12 * extract(year FROM t.month) + extract(month FROM t.month) - 1)"""


def _drawn(
    check: str,
    concerns: dict[ListKind, tuple[tuple[Scheme, ...], FactKind | None]],
    *,
    month: str = _AFTER,
    where: str = "true",
) -> str:
    """Somebody whom a list names draws a scheme it concerns, in months it concerns."""
    told = ", ".join(
        f"('{kind}', '{scheme}', {-1 if fact is None else fact.number})"
        for kind, (schemes, fact) in concerns.items()
        for scheme in schemes
    )
    return f"""
INSERT INTO hit (check_id, person_id, said, drawn, judged)
WITH met AS MATERIALIZED (
  SELECT e.person_id, {_SAID} AS said, e.judged, t.scheme, t.month, t.amount_fen
    FROM listed e JOIN (VALUES {told}) AS c(kind, scheme, fact) ON c.kind = e.kind
    JOIN taken t ON t.person_id = e.person_id AND t.scheme = c.scheme
   WHERE ({month}) AND (e.until IS NULL OR t.asked_on < e.until) AND NOT {_STOPPED} AND ({where})),
months AS (
  SELECT person_id, jsonb_agg(DISTINCT scheme) AS schemes, min(month) AS first, max(month) AS last,
         count(*) AS months, sum(amount_fen) AS fen
    FROM (SELECT DISTINCT person_id, scheme, month, amount_fen FROM met) AS drawn GROUP BY person_id),
told AS (SELECT person_id, jsonb_agg(DISTINCT said) AS said, bool_or(judged) AS judged FROM met GROUP BY person_id)
SELECT '{check}', told.person_id, told.said,
       jsonb_build_object('schemes', schemes, 'first', first, 'last', last, 'months', months, 'amount_fen', fen),
       told.judged
  FROM told JOIN months USING (person_id)
ON CONFLICT DO NOTHING"""


def _held(check: str, said: str, relation: str) -> str:
    """Somebody of whom the records themselves, or a list beside them, show it; ``p`` is the person."""
    return f"""
INSERT INTO hit (check_id, person_id, said, drawn, judged)
SELECT '{check}', p.person_id, jsonb_agg(DISTINCT {said}), CAST('{{}}' AS jsonb), false
  FROM copy_registry_person p {relation} AND starts_with(p.division, :division)
 GROUP BY p.person_id ON CONFLICT DO NOTHING"""


_CARD: Final = "JOIN copy_registry_certificate k ON k.person_id = p.person_id"
_OF_CARD: Final = "jsonb_build_object('card', k.status, 'expires_on', k.expires_on)"
_VALID: Final = f"(SELECT FROM copy_registry_certificate v WHERE v.person_id = p.person_id AND v.status IN ({_SHOWN}))"
# Of the federation's full list what was told last is what it says (DX-08).
_FULL_LIST: Final = f"""
  JOIN (SELECT DISTINCT ON (person_id) * FROM listed WHERE kind = '{_L.CERTIFICATES}'
         ORDER BY person_id, last_seen_on DESC, event_on DESC) e ON e.person_id = p.person_id"""
_OF_LIST: Final = (
    "jsonb_build_object('list', e.kind, 'on', e.event_on, 'card', e.card_state, 'category', e.category, "
    "'grade', e.grade, 'expires_on', e.expires_on)"
)

# Who could draw a scheme by the national rule, does not, and has not asked: grade 1 or 2 (SUB-02), dibao (SUB-01). What
# excludes them is on record or on a list (SUB-07 to SUB-10); the dead, prisoners and who gave it up are nobody's case.
_EXCLUDED: Final = {
    _S.LIVING: (_F.TEKUN, _F.WORK_INJURY_CARE, _F.ORPHAN, _F.UNATTENDED_FULL, _F.PRISON, _F.OWN_WISH),
    _S.NURSING: (_F.TEKUN, _F.WORK_INJURY_CARE, _F.PRISON, _F.OWN_WISH),
}
_POOR: Final = f"""(EXISTS (SELECT FROM listed r WHERE r.person_id = p.person_id AND r.kind = '{_L.DIBAO_ROSTER}'
                   AND (r.until IS NULL OR r.until > :today))
   OR EXISTS (SELECT FROM level l WHERE l.person_id = p.person_id AND l.kind = {_F.ECONOMY.number}
                 AND l.value = {_DIBAO} AND l.known_to = 'infinity' AND :today >= l.valid_from
                 AND :today < l.valid_to AND NOT EXISTS (SELECT FROM listed x WHERE x.person_id = p.person_id
                   AND x.kind = '{_L.DIBAO_EXIT}' AND x.event_on >= l.valid_from)))"""


def _unpaid(scheme: Scheme, could: str) -> str:
    excluded = _EXCLUDED[scheme]
    lists = _in(fact.name for fact in excluded if fact.name in ListKind.__members__)
    return f"""({could}) AND NOT EXISTS (SELECT FROM award a WHERE a.person_id = p.person_id AND a.scheme = '{scheme}'
                                     AND a.status IN ({_RUNNING}))
   AND NOT EXISTS (SELECT FROM application a WHERE a.person_id = p.person_id AND a.scheme = '{scheme}'
                      AND a.state IN ({_ASKED}))
   AND NOT EXISTS (SELECT FROM spell s WHERE s.person_id = p.person_id AND s.known_to = 'infinity'
                      AND s.kind IN ({", ".join(str(fact.number) for fact in excluded)}) AND s.valid_to > :today
                      AND coalesce(s.scheme, '{scheme}') = '{scheme}')
   AND NOT EXISTS (SELECT FROM listed x WHERE x.person_id = p.person_id AND x.kind IN ({lists})
                      AND (x.until IS NULL OR x.until > :today))"""


_NEVER: Final = """NOT EXISTS (SELECT FROM award a WHERE a.person_id = p.person_id)
   AND NOT EXISTS (SELECT FROM application a WHERE a.person_id = p.person_id)"""
_IS_NEW: Final = f"k.issued_on > CAST(:today AS date) - {NEW_DAYS}"


def _eligible(check: str, which: str) -> tuple[str, ...]:
    """One statement over both schemes; the schemes are what is shown."""
    schemes = " UNION ALL ".join(
        f"SELECT '{scheme}' AS scheme WHERE {_unpaid(scheme, could)}"
        for scheme, could in ((_S.LIVING, _POOR), (_S.NURSING, "k.grade <= 2"))
    )
    relation = f"""{_CARD} AND k.status IN ({_SHOWN}) AND k.expires_on >= :today
       AND k.issued_on <= CAST(:today AS date) - {UNASKED_DAYS}
  JOIN LATERAL ({schemes}) AS x ON true WHERE {_ALIVE} AND ({which})"""
    return (_held(check, "jsonb_build_object('scheme', x.scheme, 'issued_on', k.issued_on)", relation),)


_EXIT_BELIEVED: Final = f"""EXISTS (SELECT FROM level l WHERE l.person_id = e.person_id AND l.kind = {_F.ECONOMY.number}
     AND l.value = {_DIBAO} AND l.known_to = 'infinity' AND l.valid_to > t.month
     AND l.valid_from < t.month + interval '1 month')"""
_GONE_FROM_ROSTER: Final = f"""
  JOIN award a ON a.person_id = p.person_id AND a.scheme = '{_S.LIVING}' AND a.status = 'ACTIVE'
  JOIN (SELECT left(division, 9) AS place, max(last_seen_on) AS told_on FROM listed
         WHERE kind = '{_L.DIBAO_ROSTER}' GROUP BY 1) AS newest ON newest.place = left(p.division, 9)
  JOIN LATERAL (SELECT max(last_seen_on) AS seen_on FROM listed r
                 WHERE r.person_id = p.person_id AND r.kind = '{_L.DIBAO_ROSTER}') AS seen
    ON seen.seen_on < newest.told_on AND date_trunc('month', newest.told_on) < CAST(:month AS date) + interval '1 month'
 WHERE EXISTS (SELECT FROM level l WHERE l.person_id = p.person_id AND l.kind = {_F.ECONOMY.number}
                  AND l.value = {_DIBAO} AND l.known_to = 'infinity' AND l.valid_to > :month)"""

STATEMENTS: Final[dict[str, tuple[str, ...]]] = {
    "DX-10": (
        _drawn(
            "DX-10",
            dict.fromkeys(_DEATHS, ((_S.NURSING,), None)),
            where="e.died_on IS NULL OR t.month <= e.died_on",
        ),
    ),
    "DX-11": (
        _drawn(
            "DX-11",
            dict.fromkeys(_DEATHS, ((_S.LIVING,), None)),
            where="e.died_on IS NULL OR t.month <= e.died_on",
        ),
    ),
    "DX-12": (
        _held(
            "DX-12",
            "jsonb_build_object('list', d.source, 'on', d.died_on, 'certificate_id', k.certificate_id)",
            f"""{_CARD} AND k.status IN ({_SHOWN}, '{CertificateStatus.FROZEN}')
  JOIN LATERAL (SELECT e.kind AS source, e.event_on AS died_on FROM listed e
                 WHERE e.person_id = p.person_id AND e.kind IN ({_in(_DEATHS)})
                UNION ALL SELECT 'REGISTER', p.died_on WHERE p.died_on IS NOT NULL) AS d ON true WHERE true""",
        ),
    ),
    "DX-13": (
        _held(
            "DX-13",
            _OF_CARD,
            f"""{_CARD} AND k.status = '{CertificateStatus.EXPIRED}'
 WHERE NOT EXISTS {_VALID} AND EXISTS (SELECT FROM award a WHERE a.person_id = p.person_id) AND {_ALIVE}""",
        ),
    ),
    "DX-14": (
        _held("DX-14", _OF_CARD, f"{_CARD} WHERE k.status IN ({_SHOWN}) AND k.expires_on < :today AND {_ALIVE}"),
    ),
    "DX-15": (
        _held(
            "DX-15",
            "jsonb_build_object('award_id', a.award_id)",
            "JOIN award a ON a.person_id = p.person_id AND a.status = 'ACTIVE' WHERE NOT EXISTS " + _VALID,
        ),
        _held(
            "DX-15",
            _OF_LIST,
            f"""{_FULL_LIST} JOIN award a ON a.person_id = p.person_id AND a.status = 'ACTIVE'
 WHERE e.card_state IN ('{CertificateStatus.EXPIRED}', '{CertificateStatus.CANCELLED}', '{CertificateStatus.FROZEN}')
   AND NOT EXISTS (SELECT FROM copy_registry_certificate v WHERE v.person_id = p.person_id
                      AND v.status IN ({_SHOWN}) AND v.issued_on > e.event_on)""",
        ),
    ),
    "DX-16": (
        _drawn(
            "DX-16",
            {_L.PAID_ELSEWHERE: (_BOTH, None)},
            month="t.month >= date_trunc('month', e.event_on) AND (e.until IS NULL OR t.month < e.until)",
            where="e.scheme IN ('', t.scheme)",
        ),
    ),
    "DX-17": (
        _drawn(
            "DX-17",
            {
                _L.TEKUN: (_BOTH, _F.TEKUN),
                _L.WORK_INJURY_CARE: (_BOTH, _F.WORK_INJURY_CARE),
                _L.ORPHAN: ((_S.LIVING,), _F.ORPHAN),
                _L.UNATTENDED_FULL: ((_S.LIVING,), _F.UNATTENDED_FULL),
                _L.ELDER_NURSING: ((_S.NURSING,), _F.ELDER_NURSING),
            },
            month=f"{_AFTER} AND (e.until IS NULL OR t.month < e.until)",
            where=f"e.kind <> '{_L.ELDER_NURSING}' OR e.amount_fen IS NULL OR e.amount_fen > t.amount_fen",
        ),
    ),
    "DX-18": (
        _drawn(
            "DX-18",
            {_L.DIBAO_EXIT: ((_S.LIVING,), None)},
            where=f"""t.asked_on <= e.event_on AND {_EXIT_BELIEVED} AND NOT EXISTS (SELECT FROM listed r
   WHERE r.person_id = e.person_id AND r.kind = '{_L.DIBAO_ROSTER}' AND r.last_seen_on > e.event_on
     AND r.last_seen_on >= e.last_seen_on)""",
        ),
        _held(
            "DX-18",
            f"jsonb_build_object('list', '{_L.DIBAO_ROSTER}', 'seen_on', seen.seen_on)",
            _GONE_FROM_ROSTER,
        ),
    ),
    "DX-19": (_drawn("DX-19", {_L.PRISON: (_BOTH, _F.PRISON)}),),
    "DX-20": (
        _drawn(
            "DX-20",
            {_L.HOUSEHOLD_MOVE: (_BOTH, None)},
            where="""t.asked_on <= e.event_on AND NOT EXISTS (SELECT FROM home h WHERE h.person_id = e.person_id
   AND h.known_to = 'infinity' AND h.valid_to <> 'infinity' AND h.valid_to >= e.event_on)""",
        ),
    ),
    "DX-21": _eligible("DX-21", f"NOT ({_IS_NEW} AND {_NEVER})"),
    "DX-22": _eligible("DX-22", f"{_IS_NEW} AND {_NEVER}"),
    "DX-23": (
        _held(
            "DX-23",
            _OF_LIST,
            f"""{_FULL_LIST} {_CARD} AND k.status IN ({_SHOWN}) AND e.event_on >= k.issued_on
  JOIN award a ON a.person_id = p.person_id AND a.status = 'ACTIVE'
 WHERE (e.grade <> k.grade OR e.category <> k.category)""",
        ),
    ),
    "DX-24": (
        _held(
            "DX-24",
            "jsonb_build_object('shared_by', y.persons)",
            f"""JOIN award a ON a.person_id = p.person_id AND a.status = 'ACTIVE'
  JOIN payee y1 ON y1.award_id = a.award_id
  JOIN (SELECT y.account_index, count(DISTINCT y.person_id) AS persons FROM payee y
          JOIN award w ON w.award_id = y.award_id AND w.status = 'ACTIVE'
         GROUP BY 1 HAVING count(DISTINCT y.person_id) >= {SHARED_BY_MIN}) AS y ON y.account_index = y1.account_index
 WHERE true""",
        ),
        _held(
            "DX-24",
            "jsonb_build_object('bank', t.reason)",
            f"""JOIN line_turn t ON t.person_id = p.person_id AND t.month >= :since AND t.state = 'RETURNED'
   AND t.reason IN ('{Reason.NAME_MISMATCH}', '{Reason.IDENTITY_MISMATCH}') WHERE true""",
        ),
    ),
    "DX-25": (_drawn("DX-25", {_L.CERTIFICATE_ALTERED: (_BOTH, None)}, month="true"),),
}
