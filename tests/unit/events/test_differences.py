"""Comparing two sets of row digests taken at the same position: what is behind, altered, extra, and nothing else."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.kit.anti_entropy import differences
from shared.kit.mirror import RowDigest

PERSON = UUID(int=99)


def row(key: int, version: int, content: str) -> RowDigest:
    # As in the database, the hash covers the version.
    return RowDigest(id=UUID(int=key), person_id=PERSON, version=version, digest=f"{version}{content}")


ROWS = st.dictionaries(st.integers(0, 12), st.tuples(st.integers(1, 4), st.sampled_from("xy"))).map(
    lambda rows: [row(key, version, content) for key, (version, content) in rows.items()]
)


def test_equal_rows_differ_in_nothing() -> None:
    rows = [row(1, 1, "x"), row(2, 5, "y")]
    assert len(differences(rows, list(reversed(rows)))) == 0


def test_a_missing_and_an_older_row_are_behind() -> None:
    found = differences([row(1, 2, "x"), row(2, 3, "x")], [row(2, 2, "x")])
    assert sorted(key.int for key in found.behind) == [1, 2]
    assert (found.altered, found.extra) == ([], [])


def test_the_same_version_with_other_content_is_altered_and_never_behind() -> None:
    theirs, ours = row(1, 2, "x"), row(1, 2, "y")
    assert differences([theirs], [ours]).altered == [(theirs, ours)]


def test_a_version_ahead_of_the_publishers_is_altered_because_nobody_else_may_write_it() -> None:
    assert len(differences([row(1, 2, "x")], [row(1, 3, "y")]).altered) == 1


def test_a_row_the_publisher_does_not_have_is_extra() -> None:
    assert differences([], [row(1, 1, "x")]).extra == [row(1, 1, "x")]


@given(ROWS, ROWS)
def test_every_key_is_equal_or_in_exactly_one_pile(theirs: list[RowDigest], ours: list[RowDigest]) -> None:
    found = differences(theirs, ours)
    behind, extra = set(found.behind), {each.id for each in found.extra}
    altered = {each.id for each, _ in found.altered}
    assert len(behind) + len(extra) + len(altered) == len(behind | extra | altered) == len(found)
    mine = {each.id: each for each in ours}
    for each in theirs:
        assert (each.id in behind | altered) == (mine.get(each.id) != each)
    assert extra == mine.keys() - {each.id for each in theirs}
