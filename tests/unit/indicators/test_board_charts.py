"""Charts of the board: a line shows how much of a whole a change is."""

import re

from services.indicators.entrypoints.http.board_charts import trend


def heights(*values: int | None) -> list[float]:
    """Where the dots stand, from the top."""
    drawn = trend("测", [(f"2026-{month:02}", value) for month, value in enumerate(values, start=1)])
    return [float(y) for y in re.findall(r'cy="([0-9.]+)"', drawn)]


def test_one_of_twenty_less_is_no_fall_to_the_ground() -> None:
    before, after = heights(20, 19)
    assert 0 < after - before < 20


def test_a_fall_to_nothing_takes_the_whole_height() -> None:
    before, after = heights(20, 0)
    assert after - before == 48


def test_a_missing_number_breaks_the_line_and_no_number_draws_nothing() -> None:
    assert trend("测", [("2026-01", 1), ("2026-02", None), ("2026-03", 1)]).count("<polyline") == 2
    assert not trend("测", [("2026-01", None)])
