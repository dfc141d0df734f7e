"""What roles grant, in the reader's words: for the diff before saving and for the history."""

from collections.abc import Iterable, Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import BadRequest
from app.spec.field import Level, Masking
from app.spec.operations import OPERATIONS
from app.spec.scopes import SCOPE_LABELS, Scope
from app.spec.words import listed
from app.store import titles
from app.store.grant_changes import Part, Thing, Value, scope_of

LEVELS = {Level.HIDDEN: _l("Hidden"), Level.READ: _l("Read-only"), Level.EDIT: _l("Editable")}
MASKS = {
    Masking.NONE: _l("Not masked"),
    Masking.LIST: _l("Masked in lists"),
    Masking.ALL: _l("Masked everywhere"),
}
Places = Mapping[int, str]
"""The names of the chosen departments."""


def thing_label(thing: Thing) -> str:
    """What the line of an entity or page is called."""
    return str(thing.many if isinstance(thing, Entity) else thing.label)


def subject(entity: str, part: Part, name: str) -> str:
    """What a cell is about: "Customers · Export"; of what isn't declared any more, its key."""
    thing = catalogue.things.get(entity)
    what: object = name
    if part is Part.SCOPE:
        what = _("Data scope")
    elif part is Part.OPERATION and name in OPERATIONS:
        what = OPERATIONS[name].label
    elif thing is not None:
        what = field_label(thing, name, part)
    return f"{thing_label(thing) if thing else entity} · {what}"


def field_label(thing: Thing, key: str, part: Part) -> str:
    """What the level or the mask of a field is called."""
    label = (
        str(thing.fields[key].label) if isinstance(thing, Entity) and key in thing.fields else key
    )
    return _("Mask of %(field)s", field=label) if part is Part.MASK else label


def text(part: Part, value: Value, places: Places) -> str:
    """A cell's value."""
    if part is Part.OPERATION:
        return _("Granted") if value else _("Not granted")
    if part is Part.LEVEL:
        return str(LEVELS[Level(int(value))])
    if part is Part.MASK:
        return str(MASKS[Masking(int(value))])
    scope, chosen = scope_of(str(value))
    if scope is not Scope.CHOSEN:
        return str(SCOPE_LABELS[scope])
    names = (_place(places.get(one, str(one)), below) for one, below in sorted(chosen))
    return _("%(scope)s: %(places)s", scope=SCOPE_LABELS[scope], places=listed(names))


def _place(name: str, below: bool) -> str:
    return _("%(name)s and below", name=name) if below else name


def places_in(scopes: Iterable[object]) -> dict[int, str]:
    """The names of all departments that these values of scopes mention, in one statement."""
    ids = {one for value in scopes for one, _below in scope_of(str(value))[1]}
    return titles.by_ids(catalogue.get("department"), ids)


def told(cells: Mapping[str, list[Value]]) -> list[dict[str, str]]:
    """The cells of an entry of the history, each with its old and new value."""
    known = {tuple(cell.split(":")): sides for cell, sides in cells.items() if cell.count(":") == 2}
    places = places_in(
        side for cell, sides in known.items() if cell[1] == Part.SCOPE for side in sides
    )
    found = []
    for (entity, part, name), (old, new) in known.items():
        try:
            kind = Part(part)
            shown = {"old": text(kind, old, places), "new": text(kind, new, places)}
        except (ValueError, BadRequest):  # of a time when there was something else
            continue
        found.append({"label": subject(entity, kind, name), **shown})
    return found
