"""Who gets records when they are given out: those named, those with a role, who is there (POOL-3).

Whoever is away is passed over when a role chooses him, and warned of when he is named. Whoever was
disabled since gets nothing more: the rest goes to the others.
"""

from collections.abc import Collection, Iterable
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from app.operations.behaviour import Run
from app.operations.putting_back import there
from app.spec import clock, sentences
from app.spec.entity import Entity
from app.spec.errors import Invalid
from app.spec.words import Label
from app.store import access, deputies

GONE = _l("Nobody of those chosen is active any more.")


def chosen(run: Run) -> list[int]:
    """The people named, then those with the role who aren't away, each once.

    Invalid when there is nobody.
    """
    named, role = run.params.get("to") or [], run.params.get("role")
    if not named and role is None:
        raise Invalid(fields={"to": [_l("This field is required.")]})
    active = there(run.entity, "user", set(named))
    holding = _holding(role)
    people = list(dict.fromkeys([*(one for one in named if one in active), *holding]))
    if not people:
        raise Invalid(fields={"role": [_l("Everybody with this role is away.")]} if role is not None
                      else {"to": [GONE]})  # fmt: skip
    return people


def _holding(role: int | None) -> list[int]:
    if role is None:
        return []
    holding, away = access.holders(role), access.away()
    if not holding:
        raise Invalid(fields={"role": [_l("Nobody active has this role.")]})
    return [one for one in holding if one not in away]


def warnings(entity: Entity, named: Collection[int], role: int | None = None) -> list[str]:
    """What has to be said of those who shall get records: who is away, who couldn't read them."""
    away, now = access.away(), access.organisation()
    passed = {one for one in (access.holders(role) if role is not None else ()) if one in away}
    passed -= set(named)
    getting = [*named, *(access.holders(role) if role is not None else ())]
    blind = {
        one for one in getting if not access.resolve(now, one).may(entity.key, "read")
    } - passed
    absent = set(named) & away.keys()
    names = _names(passed | blind | absent) if passed or blind or absent else {}
    said = [_away(names[one], clock.shown(away[one])) for one in sorted(absent & names.keys())]
    if passed & names.keys():
        said.append(_l("Away, and passed over: %(names)s.", names=_listed(names, passed)))
    if blind & names.keys():
        places = {"names": _listed(names, blind), "kind": entity.many}
        said.append(_l("May not read %(kind)s: %(names)s.", **places))
    return [str(one) for one in said]


def _away(name: Label, when: str) -> LazyString:
    return _l("%(name)s is away until %(when)s.", name=name, when=when)


def _names(people: Iterable[int]) -> dict[int, Label]:
    return {
        one: Label(english or name, name) for one, (name, english) in deputies.names(people).items()
    }


def _listed(names: dict[int, Label], people: Collection[int]) -> Any:
    return sentences.enumerated(*(names[one] for one in sorted(people) if one in names))
