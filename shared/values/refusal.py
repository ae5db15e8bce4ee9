"""One base for every refusal: a rule said no, by name, with the facts that explain it."""

from typing import ClassVar


class Refusal(Exception):
    """A rule refused what was asked.

    Subclasses are named by a sentence (``CertificateIsCancelled``) and carry a stable ``code``; the keyword
    facts are what a reader needs to understand the refusal. A refusal never knows HTTP: the edge maps its
    type to a status and a text whose placeholders are these facts. Facts must not hold personal values.
    A step refused by a state machine carries ``allowed``: the steps it would have taken.
    """

    code: ClassVar[str] = "refused"

    def __init__(self, **facts: object) -> None:
        super().__init__(self.code)
        self.facts: dict[str, object] = facts

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.facts.items())
        return f"{self.code}({told})"
