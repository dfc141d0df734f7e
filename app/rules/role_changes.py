"""Saving changes of what roles grant: who may, what is dangerous, what everybody is told.

Everything that writes to the permission matrix goes through :func:`save` (MATRIX-2, MATRIX-8).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.operations import editing
from app.rules import escalation
from app.spec.catalogue import catalogue
from app.spec.errors import Invalid, NotPermitted, StaleVersion
from app.spec.operations import OPERATIONS
from app.spec.scopes import Scope
from app.store import access, grants, titles
from app.store.context import actor
from app.store.grant_changes import Change, Part, Settled, differences, scope_of
from app.store.grants import Line
from app.store.history import record_writes


def check(settled: Settled) -> None:
    """Refuse what the doer may not hand out (MATRIX-8): every role, as it is and would be."""
    escalation.check_changes({role: lines.values() for role, lines in settled.after.items()})


def faults(changes: Iterable[Change]) -> list[Any]:
    """What is wrong with chosen departments: there must be one, and all of them must exist."""
    chosen = [scope_of(str(one.new)) for one in changes if one.part is Part.SCOPE]
    wanted = {one for _scope, places in chosen for one, _below in places}
    found = []
    if any(scope is Scope.CHOSEN and not places for scope, places in chosen):
        found.append(_l("Choose the departments for the data scope “chosen departments”."))
    if set(titles.by_ids(catalogue.get("department"), wanted)) != wanted:
        found.append(_l("A chosen department doesn't exist any more."))
    return found


def save(settled: Settled, versions: Mapping[int, int], names: Mapping[int, str]) -> None:
    """Write the changes, note each cell old to new, and tell every process (MATRIX-9).

    ``versions`` are those that the doer has seen, ``names`` what the roles are called. Raises
    NotPermitted, Invalid, and StaleVersion when somebody saved one of the roles meanwhile: then
    nothing of it may stay, and the caller rolls back.
    """
    check(settled)
    if wrong := faults(settled.changes):
        raise Invalid(wrong[0])
    touched = settled.touched
    if settled.clashes or not all(
        grants.raise_version(role, versions[role]) for role in sorted(touched)
    ):
        raise StaleVersion
    if not touched:
        return
    grants.replace(touched)
    _note(settled.changes, names)


def _note(changes: Iterable[Change], names: Mapping[int, str]) -> None:
    """Each cell old to new in the history of its role; and everybody obeys from now on."""
    told: dict[int, dict[str, Any]] = {}
    for one in changes:
        told.setdefault(one.role, {})[one.cell] = [one.old, one.new]
    entries = [(role, names[role], cells) for role, cells in told.items()]
    record_writes("grants_changed", "role", entries)
    access.touch()


def copy_role(role_id: int, raw: Mapping[str, Any]) -> int:
    """A new role, named as ``raw`` says, that grants what that one grants; returns its id.

    Raises NotPermitted for who doesn't hold all of it himself (MATRIX-8), and Invalid.
    """
    if not escalation.covers_role(access.snapshot(), actor().rights, role_id):
        raise NotPermitted(_l("You may only copy roles that grant no more than you have."))
    lines = grants.of_roles([role_id])[role_id].values()
    new = editing.create(catalogue.get("role"), raw)
    grants.replace({new: lines})
    known = [line for line in lines if line.entity in catalogue.things]
    cells = [one for line in known for one in differences(new, Line(line.entity), line)]
    _note(cells, {new: str(raw["name"])})
    return new


DANGEROUS_THINGS = frozenset({"role", "matrix"})
"""Whoever may change these hands out rights."""
LOOKING = frozenset({"list", "read"})
ROWLESS = frozenset({"create", "import"})
"""Operations that start from no row."""


def dangers(settled: Settled) -> dict[str, list[Change]]:
    """The changes that widen dangerously, by what makes them so (MATRIX-2)."""
    found: dict[str, list[Change]] = {}
    for one in settled.changes:
        for kind in _dangers(one, settled.after[one.role][one.entity]):
            found.setdefault(kind, []).append(one)
    return found


def _dangers(change: Change, after: Line) -> Iterator[str]:
    """What is dangerous about one change, given the line that it leaves."""
    if change.part is Part.SCOPE and change.new == Scope.ALL:
        yield "everything"
    if change.part is not Part.OPERATION or not change.new:
        return
    if change.entity in DANGEROUS_THINGS and change.name not in LOOKING:
        yield "roles"
    elif OPERATIONS[change.name].is_dangerous:
        yield change.name
    if after.scope is Scope.ALL and change.name not in ROWLESS and _is_scoped(change.entity):
        yield "everything"


def _is_scoped(key: str) -> bool:
    """Whether its records are somebody's, so that a scope can be less than all of them."""
    return key in catalogue and bool(catalogue.get(key).responsible)
