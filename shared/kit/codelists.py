"""Code lists: every code of a service with its Chinese and English label, so that no front end hard-codes one."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict

from shared.kit.permissions import Public
from shared.kit.problems import Problem
from shared.kit.routing import Router


class Code(BaseModel):
    """One code and what it is called."""

    model_config = ConfigDict(frozen=True)

    code: str
    zh: str
    en: str


class CodeList(BaseModel):
    """A named list of codes in the order people expect."""

    model_config = ConfigDict(frozen=True)

    name: str
    codes: tuple[Code, ...]


class CodeLists(BaseModel):
    """All lists of a service."""

    model_config = ConfigDict(frozen=True)

    items: tuple[CodeList, ...]


def codes(*entries: tuple[str, str, str]) -> tuple[Code, ...]:
    """Codes from `(code, zh, en)`; a code given twice is a mistake of the programmer."""
    names = [code for code, _, _ in entries]
    if len(set(names)) != len(names):
        raise ValueError(f"codes repeat: {names}")
    return tuple(Code(code=code, zh=zh, en=en) for code, zh, en in entries)


def code_list_router(lists: Mapping[str, Sequence[Code]]) -> Router:
    """`GET /api/v1/code-lists` and `/code-lists/{name}`, public: a label is no secret."""
    router = Router(prefix="/api/v1/code-lists", tags=["code-lists"])
    by_name = {name: CodeList(name=name, codes=tuple(listed)) for name, listed in sorted(lists.items())}

    @router.get("", dependencies=[Public()], summary="代码表")
    async def list_code_lists() -> CodeLists:
        """Every list with its labels."""
        return CodeLists(items=tuple(by_name.values()))

    @router.get("/{name}", dependencies=[Public()], summary="单个代码表")
    async def read_code_list(name: Annotated[str, Path(max_length=64)]) -> CodeList:
        """One list."""
        if name not in by_name:
            raise Problem("not_found")
        return by_name[name]

    return router
