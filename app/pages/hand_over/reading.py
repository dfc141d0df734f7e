"""What the form of a hand-over says: receivers, and how each kind is split among them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from app.admin import state
from app.admin.forms import CONTROL
from app.operations.editing import resolve
from app.operations.handing_over.places import LEVEL, PEOPLE, REGION, places
from app.operations.handing_over.running import Wish
from app.operations.handing_over.splitting import COUNT, STAY, Split
from app.spec.catalogue import catalogue
from app.spec.errors import BadRequest, Invalid
from app.spec.relations import LinksField
from app.spec.words import Label

TO = LinksField(label=Label("Receivers", "接收人"), key="to", to=PEOPLE)
HOW, BY = "how", "by"
MARK = "|"
"""Between the parts of an input's name: what it says, the place, the field, its value."""
MOST_MESSAGE = 500


@dataclass(frozen=True)
class Sent:
    """The form as it came, to be shown again."""

    to: tuple[int, ...]
    how: Mapping[str, str]
    by: Mapping[str, str]
    message: str = ""
    disables: bool = False

    def pairs(self) -> Iterator[tuple[str, Any]]:
        """All of it as hidden inputs."""
        yield from (("to", one) for one in self.to)
        yield from self.how.items()
        yield from ((name, value) for name, value in self.by.items() if value)
        yield "message", self.message
        if self.disables:
            yield "disable", "1"

    def wish(self) -> Wish:
        splits = {
            key: Split(self.how.get(f"{HOW}{MARK}{key}", COUNT), self._groups(key))
            for key in places()
        }
        return Wish(self.to, splits, self.message, self.disables)

    def _groups(self, key: str) -> dict[tuple[str, str], str]:
        found = {}
        for name, value in self.by.items():
            _by, place, field, group = name.split(MARK, 3)
            if place == key and value:
                found[(field, group)] = value
        return found


def read(form: MultiDict[str, str]) -> Sent:
    """What was sent; BadRequest for inputs and values that mean nothing, Invalid for people."""
    rules = (f"{HOW}{MARK}", f"{BY}{MARK}")
    others = (name for name in form if not name.startswith(rules))
    state.only(others, CONTROL | {"to", "message", "disable"})
    to = chosen(form.getlist("to"))
    how = {n: v for n, v in form.items() if n.startswith(f"{HOW}{MARK}")}
    by = {n: v for n, v in form.items() if n.startswith(f"{BY}{MARK}")}
    for name, value in how.items():
        _check_how(name, value, to)
    for name, value in by.items():
        _check_by(name, value, to)
    message = form.get("message", "").strip()
    if len(message) > MOST_MESSAGE:
        raise BadRequest
    return Sent(to, how, by, message, bool(form.get("disable")))


def chosen(raw: Sequence[str]) -> tuple[int, ...]:
    """The receivers that were named; Invalid for somebody who can't be chosen."""
    try:
        values: dict[str, Any] = {"to": TO.parse([one for one in raw if one])}
    except ValueError as error:
        raise Invalid(fields={"to": [error.args[0]]}) from None
    resolve(catalogue.get(PEOPLE), {"to": TO}, values)
    return tuple(values["to"])


def _check_how(name: str, value: str, to: Sequence[int]) -> None:
    place = places().get(name.partition(MARK)[2])
    if place is None or value not in {COUNT, STAY, *place.splits(), *map(str, to)}:
        raise BadRequest


def _check_by(name: str, value: str, to: Sequence[int]) -> None:
    parts = name.split(MARK, 3)
    place = places().get(parts[1]) if len(parts) == 4 else None
    fits = place is not None and parts[2] in place.splits() and parts[2] in (LEVEL, REGION)
    if not fits or value not in {"", STAY, *map(str, to)}:
        raise BadRequest
