"""What cards look like."""

from __future__ import annotations

import pytest

from services.registry.domain.card import Cover, Generation, cover_of
from shared.values.disability import Disability


@pytest.mark.parametrize(
    ("components", "generation", "cover"),
    [
        ("1:2", Generation.SECOND, Cover.RED),
        ("4:2", Generation.SECOND, Cover.GREEN),
        ("1:3;4:2", Generation.SECOND, Cover.RED),
        ("1:2", Generation.THIRD, Cover.RED),
        ("6:1", Generation.THIRD, Cover.BLUE),
    ],
)
def test_vision_is_red_and_the_rest_green_or_blue_by_generation_id_14_15(
    components: str, generation: Generation, cover: Cover
) -> None:
    category = "7" if ";" in components else components[0]
    grade = min(part[2] for part in components.split(";"))
    assert cover_of(Disability.parse(category, grade, components), generation) is cover
