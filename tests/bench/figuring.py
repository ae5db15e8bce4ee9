"""All indicators of one period and prefecture, of a province of 3.5 million persons with a past, over HTTP; the board
in a Chromium.

The spells are written as events would have left them; the worker then counts them itself, which is measured too. Floor:
reading once, in SQL, the spells of that prefecture.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.indicators.adapters.catalogue import CATALOGUE
from services.indicators.domain.tally import facets
from shared.kit.database import new_engine
from shared.kit.divisions import bundled
from shared.values.division import Level
from tests.bench.ground import Ground
from tests.bench.measure import Measurement, measured
from tests.bench.province import PERSONS, SHARED_BUFFERS
from tests.builders.chromium import chromium

PREFECTURE: Final = "3415"
SHARE: Final = 8
"""One in so many persons lives in it, as in a province of eight such prefectures."""
REPEATS: Final = 7
FIRST_LOOK_SECONDS: Final = 45.0
"""Once all is counted the worker makes its gauges and hourly checks for the first time: not what is measured here."""
_VALUES, _HALF = "indicators/values", {"division": PREFECTURE, "period": "2026-H1"}
QUESTIONS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "a month that is over": (_VALUES, {"division": PREFECTURE, "period": "2026-06"}),
    "a half-year, by counties": (_VALUES, _HALF | {"children": "true"}),
    "the running month, by counties": (_VALUES, {"division": PREFECTURE, "children": "true"}),
    "the board": ("board", _HALF),
    "the work report in Word": ("work-reports/docx", _HALF),
}
_PLACES: Final = text("CREATE UNLOGGED TABLE bench_place AS SELECT * FROM unnest(CAST(:codes AS text[])) "
                      "WITH ORDINALITY AS p(code, i)")  # fmt: skip
_PERSON: Final = "md5('p' || n)::uuid"
# Who is a person's is found again by its number: nothing is joined. Days are spread over years, as in life.
_SPELLS: Final = """
SELECT {person}, 'person', {person}, day, CASE WHEN n % 19 = 0 THEN day + 900 ELSE 'infinity' END, code, true,
       n % 19 = 0, '' FROM life;
SELECT {person}, 'certificate', md5('c' || n)::uuid, day, day + 3652, code, true, true,
       (n % 7 + 1)::text || (n % 4 + 1) FROM life;
SELECT {person}, 'certificate', md5('d' || n)::uuid, day + 3652, day + 7304, code, true, true,
       (n % 7 + 1)::text || (n % 4 + 1) FROM life WHERE n % 3 = 0;
SELECT {person}, 'award', md5('l' || n)::uuid, date '2022-01-01' + (n % 54 || ' months')::interval,
       CASE WHEN n % 11 = 0 THEN date '2026-07-01' + (n % 6 || ' months')::interval ELSE 'infinity' END, code, true,
       n % 11 = 0, 'living_subsidy' FROM life WHERE n % 4 = 0;
SELECT {person}, 'award', md5('n' || n)::uuid, date '2022-01-01' + (n % 53 || ' months')::interval, 'infinity', code,
       true, false, 'nursing_subsidy' FROM life WHERE n % 4 < 2;
SELECT {person}, 'case', md5('k' || n)::uuid, date '2023-01-05' + (n % 1200)::int, 'infinity', code, true, false, ''
  FROM life WHERE n % 8 = 0;
SELECT {person}, 'stop', md5('s' || n)::uuid, date '2020-01-05' + (n % 2300)::int, 'infinity', code, true, false,
       (ARRAY['CANCELLED', 'DIED', 'FROZEN', 'TRANSFERRED'])[n % 4 + 1] FROM life WHERE n % 12 = 5
"""
_LIFE: Final = f"""
INSERT INTO spell (person_id, kind, subject_id, from_date, to_date, division, opens, closes, trait)
WITH places AS (SELECT array_agg(code ORDER BY i) FILTER (WHERE code LIKE '{PREFECTURE}%') AS near,
                       array_agg(code ORDER BY i) FILTER (WHERE code NOT LIKE '{PREFECTURE}%') AS far FROM bench_place),
life AS (
  SELECT n, date '2012-03-01' + (n * 7 % 5200)::int AS day,
         CASE WHEN n % {SHARE} = 0 THEN near[n / {SHARE} % cardinality(near) + 1]
              ELSE far[n % cardinality(far) + 1] END || lpad((n % 12 + 1)::text, 3, '0') AS code
    FROM generate_series(1, {PERSONS}) AS n, places)
"""
_NAMES: Final = ("ix_spell_counting", "ix_spell_from_date", "ix_spell_to_date")
_INDEXES: Final = text(
    "SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE indrelid = 'spell'::regclass AND NOT indisprimary"
)
_KEY: Final = "ALTER TABLE spell ADD CONSTRAINT pk_spell PRIMARY KEY (person_id, kind, subject_id, from_date)"
_AWARDS: Final = text("""
INSERT INTO copy_subsidy_award (award_id, person_id, division, version, scheme, status, start_month, effective_month)
SELECT subject_id, person_id, division, 1, trait, CASE WHEN closes THEN 'SUSPENDED' ELSE 'ACTIVE' END,
       to_char(from_date, 'YYYY-MM'), CASE WHEN closes THEN to_char(to_date, 'YYYY-MM') END
  FROM spell WHERE kind = 'award'
""")
_FIRST_PAINT: Final = """() => new Promise(done => new PerformanceObserver(seen => {
  const paint = seen.getEntriesByName("first-contentful-paint")[0]; if (paint) done(paint.startTime);
}).observe({type: "paint", buffered: true}))"""
_NUMBERS: Final = """() => new Promise(done => {
  const began = performance.now(), board = document.getElementById("board");
  new MutationObserver((_, watching) => {
    watching.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
  }).observe(board, {childList: true});
  document.getElementById("entry").requestSubmit();
})"""
_FLOOR: Final = text(
    "SELECT kind, count(*), count(DISTINCT person_id) FROM spell WHERE division LIKE :within GROUP BY kind"
)


async def figures_of_a_prefecture(ground: Ground) -> list[Measurement]:
    """Written, counted by the worker, asked for."""
    async with ground.stack.postgres.admin("postgres") as session:
        await session.set_autocommit(True)
        await session.execute(f"ALTER SYSTEM SET shared_buffers = '{SHARED_BUFFERS}'")
    await ground.stack.process("indicators.worker").stop()
    await ground.stack.postgres.restart()
    engine = new_engine(
        ground.stack.database_url("indicators"), pool_size=2, application_name="bench", statement_timeout_ms=0
    )
    try:
        await _written(engine)
        began = time.perf_counter()
        ground.stack.process("indicators.worker").launch()
        await _counted(engine)
        print(f"{len(facets(CATALOGUE))} facets counted in {time.perf_counter() - began:,.0f} s", flush=True)
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("VACUUM (ANALYZE) tally"))
        await asyncio.sleep(FIRST_LOOK_SECONDS)
        floors = [await _floor(engine) for _ in range(3)]
        answered = [
            measured(f"{len(list(CATALOGUE))} indicators, one prefecture, {name}", "s", await _asked(ground, *question),
                     floor_name="its spells read once", floor_values=floors)
            for name, question in QUESTIONS.items()
        ]  # fmt: skip
        word, first, numbers = await _painted(ground)
        return answered + [
            measured(f"the board in a browser, {name}", "s", seconds, floor_name="one word painted", floor_values=word)
            for name, seconds in (("first paint", first), ("every number painted", numbers))
        ]
    finally:
        await engine.dispose()


async def _written(engine: AsyncEngine) -> None:
    began = time.perf_counter()
    codes = [division.code for division in bundled().within("34", Level.TOWNSHIP)]
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        await connection.execute(_PLACES, {"codes": codes})
        await connection.execute(text("TRUNCATE tally, tally_facet"))  # the worker has begun with nobody
        indexes = list(await connection.scalars(_INDEXES))
        await connection.execute(text(f"DROP INDEX {', '.join(_NAMES)}; ALTER TABLE spell DROP CONSTRAINT pk_spell"))
        for spells in _SPELLS.split(";"):
            await connection.execute(text(_LIFE + spells.format(person=_PERSON)))
        await connection.execute(_AWARDS)
        await connection.execute(text("SET LOCAL maintenance_work_mem = '1GB'"))
        for statement in (*indexes, _KEY):
            await connection.execute(text(statement))
        await connection.execute(text("DROP TABLE bench_place"))
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("VACUUM (ANALYZE) spell, copy_subsidy_award"))
        rows = await connection.scalar(text("SELECT count(*) FROM spell"))
    print(f"{rows:,} spells of {PERSONS:,} persons written in {time.perf_counter() - began:,.0f} s", flush=True)


async def _counted(engine: AsyncEngine) -> None:
    wanted = len(facets(CATALOGUE))
    while True:
        async with engine.connect() as connection:
            if await connection.scalar(text("SELECT count(*) FROM tally_facet")) == wanted:
                return
        await asyncio.sleep(1)


async def _floor(engine: AsyncEngine) -> float:
    began = time.perf_counter()
    async with engine.connect() as connection:
        await connection.execute(_FLOOR, {"within": f"{PREFECTURE}%"})
    return time.perf_counter() - began


async def _painted(ground: Ground) -> tuple[list[float], list[float], list[float]]:
    """A page of one word; from the board's address to its first paint; from the token to every number on the screen."""
    token = ground.stack.token("statistician", divisions=[PREFECTURE])
    word, first, numbers = list[float](), list[float](), list[float]()
    async with chromium() as browser:
        for _ in range(REPEATS):
            page = await (await browser.new_context()).new_page()
            await page.goto("data:text/html,word")
            word.append(await page.evaluate(_FIRST_PAINT) / 1000)
            await page.goto(f"{ground.stack.url('indicators')}/board#division={PREFECTURE}&period=2026-H1")
            first.append(await page.evaluate(_FIRST_PAINT) / 1000)
            await page.get_by_label("访问令牌").fill(token)
            numbers.append(await page.evaluate(_NUMBERS) / 1000)
            await page.context.close()
    return word, first, numbers


async def _asked(ground: Ground, path: str, question: dict[str, str]) -> list[float]:
    token = ground.stack.token("statistician", divisions=[PREFECTURE])
    url = f"{ground.stack.url('indicators')}/api/v1/{path}"
    seconds = []
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=120, trust_env=False) as client:
        for _ in range(REPEATS):
            began = time.perf_counter()
            (await client.get(url, params=question)).raise_for_status()
            seconds.append(time.perf_counter() - began)
    return seconds
