"""What one service publishes about one thing, in the shape the others keep a copy of.

Events carry *states*: the whole published row after the change, so a copy is always a plain upsert guarded by
``version``. A snapshot read, a repair and an ordinary event therefore share one path into the consumer.

Append-only law (house rule 13): a field is never removed, renamed, retyped or reordered; a new one has a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Self, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, GetPydanticSchema
from pydantic_core import core_schema

from shared.values.award import SCHEME_PATTERN, Scheme

STATES: dict[str, type[State]] = {}

# Every published text has one of these shapes or is an enum, so that a name, an identity number, a certificate number,
# a telephone or an account cannot travel in it, not even by mistake.
CODE: Final = r"^[A-Z][A-Z0-9_]{0,63}$"
DIVISION: Final = r"^[0-9]{2}([0-9]{2}([0-9]{2}([0-9]{3}([0-9]{3})?)?)?)?$"
MONTH: Final = r"^[0-9]{4}-(0[1-9]|1[0-2])$"


SchemeCode = Annotated[
    Scheme,
    GetPydanticSchema(
        lambda _, __: core_schema.no_info_after_validator_function(
            Scheme, core_schema.str_schema(pattern=SCHEME_PATTERN), serialization=core_schema.to_string_ser_schema()
        )
    ),
]
"""Which schemes there are is data of the publisher: any code may come (`shared.values.award`)."""


class State(BaseModel):
    """A published row. Only opaque ids, divisions, codes and dates: never a name, a number of a person or an account.

    ``relation`` names it across services (``registry.certificate``); ``key`` is the field that identifies the row;
    ``version`` grows with every change of the row and never repeats.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    relation: ClassVar[str]
    key: ClassVar[str]

    person_id: UUID
    division: str = Field(pattern=DIVISION)
    version: int = Field(ge=1)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if STATES.setdefault(cls.relation, cls) is not cls:
            message = f"relation {cls.relation} is declared twice"
            raise TypeError(message)

    @classmethod
    def field_names(cls) -> tuple[str, ...]:
        """The copied fields, key first, in the declared order."""
        return (cls.key, *(name for name in cls.model_fields if name != cls.key))

    @classmethod
    def trusted(cls, values: Mapping[str, Any]) -> Self:
        """Build from a row of our own database without validating it a second time.

        What ``model_construct`` does, without its search for defaults and aliases: every field is given.
        """
        state = cls.__new__(cls)
        object.__setattr__(state, "__dict__", dict(values))
        object.__setattr__(state, "__pydantic_fields_set__", set(values))
        object.__setattr__(state, "__pydantic_extra__", None)
        object.__setattr__(state, "__pydantic_private__", None)
        return state

    @property
    def id(self) -> UUID:
        """The value of the key field."""
        return cast("UUID", getattr(self, self.key))
