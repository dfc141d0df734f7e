"""What records of one kind become: one of another, and what is made beside it (LEAD-1).

Declared by the entity that is converted. Fields of the same name and kind are taken over by
themselves; only what is called otherwise is told here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Sources = Mapping[str, tuple[str, ...]]
"""Field of the new record to the fields it is taken from: the first that is filled."""


@dataclass(frozen=True)
class Beside:
    """A record of another kind that may be made along; its name is the parameter that asks."""

    entity: str
    through: str
    """Its field that points at what the record has become."""
    sources: Sources = field(default_factory=dict)


@dataclass(frozen=True)
class Conversion:
    """What a record becomes. The field of the same name as ``into`` remembers which."""

    into: str
    sources: Sources = field(default_factory=dict)
    beside: tuple[Beside, ...] = ()
