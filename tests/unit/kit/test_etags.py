from typing import Annotated

import pytest
from fastapi import Depends, Response

from shared.kit.etags import Precondition, if_match, tag
from shared.kit.permissions import Public
from shared.kit.problems import Problem
from shared.kit.routing import Router
from tests.unit.kit.a_service import a_client, an_api


@pytest.mark.parametrize("header", ['"7"', '"6", "7"', '"7","8"', "*", ' "7" '])
def test_a_version_the_caller_saw_may_be_changed(header: str) -> None:
    Precondition(header).check(7)


@pytest.mark.parametrize("header", ['"6"', 'W/"7"', '""', '"77"', '"6", "8"', '"*"'])
def test_any_other_version_is_stale(header: str) -> None:
    with pytest.raises(Problem) as refused:
        Precondition(header).check(7)
    assert (refused.value.status, refused.value.headers["ETag"]) == (412, '"7"')


@pytest.mark.parametrize("header", ["7", '"7', '"7" "8"', "*, *", 'w/"7"'])
def test_what_is_no_list_of_etags_is_a_bad_request(header: str) -> None:
    with pytest.raises(Problem) as refused:
        Precondition(header).check(7)
    assert refused.value.status == 400


async def test_a_change_without_if_match_is_428_and_with_it_passes() -> None:
    router = Router()

    @router.put("/thing", dependencies=[Public()])
    async def change(seen: Annotated[Precondition, Depends(if_match)], response: Response) -> None:
        seen.check(7)
        tag(response, 8)

    async with a_client(an_api(router)) as client:
        missing = await client.put("/thing")
        stale = await client.put("/thing", headers={"If-Match": '"6"'})
        changed = await client.put("/thing", headers={"If-Match": '"7"'})
    assert (missing.status_code, missing.json()["code"]) == (428, "version_missing")
    assert (stale.status_code, stale.json()["code"], stale.headers["etag"]) == (412, "version_stale", '"7"')
    assert (changed.status_code, changed.headers["etag"]) == (200, '"8"')
