"""Dead letters on the command line, for an operator with a shell and the service's environment.

``python -m services.<name>.worker letters`` lists what waits; ``letters retry <letter id>`` and
``letters discard <letter id> <reason>`` do what the API's routes do.
"""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from shared.kit import dead_letters
from shared.kit.consumer import Subscription, discard_letter, retry_person
from shared.kit.crypto import Cipher, Keys
from shared.kit.dead_letters import Letter, LetterState
from shared.kit.work import Works

LISTED_MAX: Final = 1_000
_USAGE: Final = "usage: letters [retry <letter id> | discard <letter id> <reason>]"


def letters_command(works: Works[Any], subscriptions: Sequence[Subscription[Any]], keys: Keys) -> bool:
    """Run ``letters …`` when the command line asks for it; False otherwise. Exits non-zero when nothing was done."""
    if sys.argv[1:2] != ["letters"]:
        return False
    asyncio.run(_run(works, {each.publisher: each for each in subscriptions}, Cipher(keys), sys.argv[2:]))
    return True


async def _run(
    works: Works[Any], subscriptions: dict[str, Subscription[Any]], cipher: Cipher, words: list[str]
) -> None:
    try:
        match words:
            case []:
                await _list(works)
            case ["retry", letter_id]:
                letter = await _letter(works, UUID(letter_id))
                if letter.person_id is None:
                    sys.exit("not one of our events: it can only be discarded")
                applied = await retry_person(works, subscriptions[letter.publisher], letter.person_id, by=_who())
                _say(f"applied {applied}; letter is {(await _letter(works, letter.letter_id)).state}")
            case ["discard", letter_id, reason]:
                letter = await _letter(works, UUID(letter_id))
                note = dead_letters.sealed_note(cipher, letter.letter_id, reason)
                applied = await discard_letter(works, subscriptions[letter.publisher], letter, by=_who(), note=note)
                _say(f"discarded; applied {applied} that waited behind it")
            case _:
                sys.exit(_USAGE)
    finally:
        await works.engine.dispose()


async def _list(works: Works[Any]) -> None:
    async with works.begin() as work:
        waiting = await dead_letters.listed(
            work.connection, states=[LetterState.OPEN, LetterState.PARKED], after=None, limit=LISTED_MAX
        )
    for letter in waiting:
        _say(
            f"{letter.letter_id} {letter.state:7} {letter.publisher}#{letter.position} {letter.type} "
            f"person {letter.person_id} attempts {letter.attempts} {letter.error or ''}"
        )
    _say(f"{len(waiting)} waiting")


async def _letter(works: Works[Any], letter_id: UUID) -> Letter:
    async with works.begin() as work:
        letter = await dead_letters.get(work.connection, letter_id)
    if letter is None:
        sys.exit("no such letter")
    return letter


def _who() -> str:
    return f"cli:{getpass.getuser()}"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
