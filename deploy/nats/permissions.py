"""Who may say and hear what on the broker: one user per service, everything not named here refused.

A service publishes its own journal, creates its own stream when it is missing, and follows the streams of the
publishers it reads through durables that carry its name. It hears only its own inboxes. It cannot change a stream, not
even its own: a stream can be told to copy others, or to repeat what it gets under other subjects. Nobody but whoever
owns the server can delete a stream, purge it or take a message out of it.

`python -m deploy.nats.permissions` prints `users.conf`, in which public keys are variables of the server's environment.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from deploy.local.catalogue import SERVICES, Service

ACCOUNT: Final = "LIANGFU"
MONITOR: Final = "monitor"
OPERATOR: Final = "operator"
AUDIT: Final = "AUDIT"
"""The stream of signed audit heads: every service appends its own, nobody changes or removes any."""

_API: Final = "$JS.API"
DESTRUCTIVE: Final = (
    f"{_API}.STREAM.DELETE.>",
    f"{_API}.STREAM.PURGE.>",
    f"{_API}.STREAM.MSG.DELETE.>",
    f"{_API}.STREAM.SNAPSHOT.>",
    f"{_API}.STREAM.RESTORE.>",
    f"{_API}.STREAM.PEER.REMOVE.>",
    f"{_API}.CONSUMER.DELETE.>",
    f"{_API}.ACCOUNT.PURGE.>",
    f"{_API}.META.>",
    f"{_API}.SERVER.>",
)
"""Denied by name as well: a deny counts more than any allow that somebody may add."""

RESHAPING: Final = f"{_API}.STREAM.UPDATE.>"


@dataclass(frozen=True, slots=True)
class Permissions:
    """Subjects a user may publish to and subscribe to; `>` and `*` are NATS's wildcards."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    never: tuple[str, ...] = (*DESTRUCTIVE, RESHAPING)


@dataclass(frozen=True, slots=True)
class User:
    """One user of the broker: by public nkey (or a variable `$NAME` for it), or by name and password."""

    name: str
    permissions: Permissions | None
    nkey: str = ""
    password: str = ""


def inbox(name: str) -> str:
    """Where answers to this user arrive; nobody else may listen there."""
    return f"_INBOX.{name}"


def of_service(service: Service) -> Permissions:
    """What one service needs, and no more."""
    name, stream = service.name, service.name.upper()
    return Permissions(
        publish=(
            f"{name}.>",
            *(f"{_API}.STREAM.{verb}.{stream}" for verb in ("INFO", "CREATE", "MSG.GET")),
            *(subject for publisher in service.reads for subject in _reading(name, publisher)),
            f"audit.{name}",
            *(f"{_API}.STREAM.{verb}.{AUDIT}" for verb in ("INFO", "CREATE", "MSG.GET")),
        ),
        subscribe=(f"{inbox(name)}.>",),
    )


def _reading(reader: str, publisher: str) -> tuple[str, ...]:
    consumer = f"{publisher.upper()}.{reader}-{publisher}"
    return (
        f"{_API}.CONSUMER.INFO.{consumer}",
        f"{_API}.CONSUMER.CREATE.{consumer}",
        f"{_API}.CONSUMER.MSG.NEXT.{consumer}",
        f"$JS.ACK.{consumer}.>",
    )


OF_MONITOR: Final = Permissions(
    publish=(
        f"{_API}.INFO",
        f"{_API}.STREAM.NAMES",
        f"{_API}.STREAM.LIST",
        f"{_API}.STREAM.INFO.*",
        f"{_API}.CONSUMER.NAMES.*",
        f"{_API}.CONSUMER.LIST.*",
        f"{_API}.CONSUMER.INFO.*.*",
    ),
    subscribe=(f"{inbox(MONITOR)}.>",),
)
"""Numbers of streams and consumers; no message."""

OF_OPERATOR: Final = Permissions(publish=(">",), subscribe=(">",), never=DESTRUCTIVE)
"""Everything but destruction: who has to delete a stream edits the server's configuration for that hour."""


def production_users(services: Sequence[Service] = SERVICES) -> list[User]:
    """The users of `users.conf`; their public keys come from the environment of the server."""
    return [
        *(User(service.name, of_service(service), nkey=_variable(service.name)) for service in services),
        User(MONITOR, OF_MONITOR, nkey=_variable(MONITOR)),
        User(OPERATOR, OF_OPERATOR, nkey=_variable(OPERATOR)),
    ]


def _variable(name: str) -> str:
    return f"${name.upper()}_NKEY"


def rendered(users: Iterable[User]) -> str:
    """The users as a block of the server's configuration."""
    told = "\n".join(_user(user) for user in users)
    return f"accounts {{\n  {ACCOUNT} {{\n    jetstream: enabled\n    users: [\n{told}\n    ]\n  }}\n}}\n"


def _user(user: User) -> str:
    lines = [f"# {user.name}"]
    lines += [f"nkey: {user.nkey}"] if user.nkey else [f'user: "{user.name}"', f'password: "{user.password}"']
    if user.permissions is not None:
        lines.append("permissions {")
        lines += _side("publish", {"allow": user.permissions.publish, "deny": user.permissions.never})
        lines += _side("subscribe", {"allow": user.permissions.subscribe})
        lines.append("}")
    body = "\n".join(f"        {line}" for line in lines)
    return f"      {{\n{body}\n      }}"


def _side(name: str, subjects: Mapping[str, Sequence[str]]) -> list[str]:
    lines = [f"  {name} {{"]
    for verdict, listed in subjects.items():
        lines += [f"    {verdict}: [", *(f'      "{subject}"' for subject in listed), "    ]"]
    return [*lines, "  }"]


def production_file() -> str:
    """`users.conf`, whole."""
    title = "# Printed by `python -m deploy.nats.permissions`; a test holds the two together."
    return f"{title}\n{rendered(production_users())}"


if __name__ == "__main__":
    print(production_file(), end="")
