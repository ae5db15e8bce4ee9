"""Every user of the broker times every subject that means something: exactly what it needs, nothing else.

What is expected is said here in words of its own, not read from the configuration.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from deploy.nats.permissions import MONITOR, OPERATOR
from tests.integration.broker.conftest import NAMES, Broker

READS = {
    ("subsidy", "registry"),
    ("rehab", "registry"),
    ("indicators", "registry"),
    ("indicators", "subsidy"),
    ("indicators", "rehab"),
}
LOOKS = {"INFO", "MSG.GET"}
CREATES = {"CREATE"}
CHANGES = {"UPDATE", "LEADER.STEPDOWN"}
DESTROYS = {"DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE", "PEER.REMOVE"}
FOLLOWS = {"INFO", "CREATE", "MSG.NEXT"}


@dataclass(frozen=True)
class Subject:
    """A subject and what it means: what is done (`verb`) to whose stream, through whose durable."""

    text: str
    what: str
    owner: str = ""
    verb: str = ""
    reader: str = ""


def said_subjects() -> Iterator[Subject]:
    """What somebody may try to say."""
    for owner in (*NAMES, "audit"):
        for verb in sorted(LOOKS | CREATES | CHANGES | DESTROYS):
            yield Subject(f"$JS.API.STREAM.{verb}.{owner.upper()}", "stream", owner, verb)
        yield Subject(f"$JS.API.DIRECT.GET.{owner.upper()}", "other")
        yield Subject(f"$JS.API.CONSUMER.LIST.{owner.upper()}", "figures")
    for owner in NAMES:
        yield Subject(f"{owner}.thing.done.v1.341502", "event", owner)
        yield Subject(f"audit.{owner}", "audit", owner)
        yield Subject(f"_INBOX.{owner}.answer", "inbox", owner)
        for reader in NAMES:
            durable = f"{owner.upper()}.{reader}-{owner}"
            for verb in sorted(FOLLOWS | {"DELETE", "LEADER.STEPDOWN", "PAUSE", "UNPIN"}):
                yield Subject(f"$JS.API.CONSUMER.{verb}.{durable}", "consumer", owner, verb, reader)
            yield Subject(f"$JS.API.CONSUMER.DURABLE.CREATE.{durable}", "other")
            yield Subject(f"$JS.API.CONSUMER.CREATE.{durable}.{owner}.filtered", "other")
            yield Subject(f"$JS.ACK.{durable}.1.1.1.1.0", "ack", owner, reader=reader)
    for text in ("$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.LIST"):
        yield Subject(text, "figures")
    for text in ("$JS.API.META.LEADER.STEPDOWN", "$JS.API.SERVER.REMOVE", "$JS.API.ACCOUNT.PURGE.LIANGFU"):
        yield Subject(text, "cluster")
    for text in ("$SYS.REQ.SERVER.PING", "$JS.API.STREAM.CREATE.STRANGER", "stranger.said", "registry", "Registry.x.y"):
        yield Subject(text, "other")


def may_say(user: str, subject: Subject) -> bool:
    """In words: what each user is for."""
    is_destruction = subject.verb in DESTROYS or subject.what == "cluster"
    if user == OPERATOR:
        return not is_destruction
    is_own = subject.owner == user
    match subject.what:
        case "event" | "audit":
            return is_own
        case "stream" if user == MONITOR:
            return subject.verb == "INFO"
        case "stream":
            return subject.verb in LOOKS | CREATES and (is_own or subject.owner == "audit")
        case "consumer" if user == MONITOR:
            return subject.verb == "INFO"
        case "consumer":
            return subject.reader == user and (user, subject.owner) in READS and subject.verb in FOLLOWS
        case "ack":
            return subject.reader == user and (user, subject.owner) in READS
        case "figures":
            return user == MONITOR
        case _:
            return False


def heard_subjects() -> Iterator[tuple[str, str]]:
    """What somebody may try to overhear, and whose it is (empty: nobody's alone)."""
    for owner in NAMES:
        yield f"{owner}.>", ""
        yield f"{owner}.thing.done.v1.341502", ""
        yield f"$JS.ACK.{owner.upper()}.>", ""
    for owner in (*NAMES, MONITOR):
        yield f"_INBOX.{owner}.>", owner
        yield f"_INBOX.{owner}.answer.1", owner
        yield f"_INBOX.{owner}", ""
    for text in (">", "*", "_INBOX.>", "_INBOX.*.>", "$JS.>", "$JS.API.>", "$SYS.>", "$JS.EVENT.ADVISORY.>", "audit.>"):
        yield text, ""


@pytest.mark.parametrize("user", [*NAMES, MONITOR, OPERATOR])
async def test_a_user_may_say_exactly_what_it_is_for(broker: Broker, user: str) -> None:
    subjects = list(said_subjects())
    async with broker.connection(user) as connection:
        refused = await connection.refused("publish", (subject.text for subject in subjects))
    wrong = [subject.text for subject in subjects if (subject.text in refused) is may_say(user, subject)]
    allowed = sum(may_say(user, subject) for subject in subjects)
    print(f"{user}: {len(subjects)} subjects to say, {allowed} allowed, {len(wrong)} unexpected")
    assert not wrong
    assert len({subject.text.lower() for subject in subjects}) == len(subjects)
    assert 0 < allowed < len(subjects)


@pytest.mark.parametrize("user", [*NAMES, MONITOR, OPERATOR])
async def test_a_user_hears_nothing_but_its_own_answers(broker: Broker, user: str) -> None:
    subjects = list(heard_subjects())
    async with broker.connection(user) as connection:
        refused = await connection.refused("subscribe", (text for text, _ in subjects))
    wrong = [text for text, owner in subjects if (text in refused) is (user in {OPERATOR, owner})]
    print(f"{user}: {len(subjects)} subjects to hear, {len(wrong)} unexpected")
    assert not wrong


def test_no_case_was_forgotten() -> None:
    users = len(NAMES) + 2
    said, heard = len(list(said_subjects())) * users, len(list(heard_subjects())) * users
    print(f"broker: {said + heard} cases of credential x subject")
    assert (said, heard) == (1488, 216)
