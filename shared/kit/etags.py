"""Versions as ETags: who changes a resource says which version they saw (RFC 9110, 8.8.3 and 13.1.1)."""

import re
from typing import Annotated, Final

from fastapi import Header
from starlette.responses import Response

from shared.kit.problems import Problem

ENTITY_TAGS: Final = r'^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$'
"""What the document tells of `If-Match`."""
_TAG: Final = re.compile(r'\s*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|$)')


def etag(version: int) -> str:
    """The strong ETag of a version."""
    return f'"{version}"'


def tag(response: Response, version: int) -> None:
    """Put the version on a response."""
    response.headers["ETag"] = etag(version)


class Precondition:
    """What `If-Match` asked for: certain versions, or `*` (any version, as long as it exists)."""

    def __init__(self, if_match: str) -> None:
        self.any = if_match.strip() == "*"
        self._tags = frozenset() if self.any else _strong_tags(if_match)

    def admits(self, version: int) -> bool:
        """Whether the present version is one the caller saw. A weak tag never matches (strong comparison)."""
        return self.any or str(version) in self._tags

    def check(self, version: int) -> None:
        """Refuse a change of a version the caller did not see (412 `version_stale`)."""
        if not self.admits(version):
            raise Problem("version_stale", headers={"ETag": etag(version)})


def _strong_tags(if_match: str) -> frozenset[str]:
    tags: set[str] = set()
    position = 0
    while position < len(if_match):
        found = _TAG.match(if_match, position)
        if found is None:
            raise Problem("bad_request")
        if found[1] is None:
            tags.add(found[2])
        position = found.end()
    return frozenset(tags)


async def if_match(
    if_match: Annotated[str | None, Header(alias="If-Match", description="ETag of the version you saw, or *")] = None,
) -> Precondition:
    """Dependency of every route that changes a resource: 428 without the header.

    `seen: Annotated[Precondition, Depends(if_match)]`, then `seen.check(thing.version)` once it is loaded
    (a thing that does not exist is 404 before that, also for `*`).
    """
    if if_match is None or not if_match.strip():
        raise Problem("version_missing")
    return Precondition(if_match)
