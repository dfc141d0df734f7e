"""Who gets records when they are given out: those named, those with a role, who is there (POOL-3).

Whoever is away is passed over when a role chooses him, and warned of when he is named. Whoever was
disabled since gets nothing more: the rest goes to the others.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from app.operations.behaviour import Run
from app.operations.putting_back import there
from app.spec import clock, sentences
from app.spec.catalogue import catalogue
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


def warnings(
    getting: Mapping[int, Iterable[Entity]], shared: Entity | None = None, role: int | None = None
) -> list[str]:
    """What has to be said of those who shall get records of these kinds, for every operation that
    gives them out: who is away, who couldn't read what he would own (XFER-3).

    ``shared`` is what everybody with the role gets besides.
    """
    away, now = access.away(), access.organisation()
    holding = access.holders(role) if role is not None else ()
    passed = {one for one in holding if one in away} - getting.keys()
    kinds = {one: {entity.key: entity for entity in some} for one, some in getting.items()}
    if shared is not None:
        kinds |= {one: {shared.key: shared} for one in holding if one not in passed | kinds.keys()}
    blind: dict[str, set[int]] = defaultdict(set)
    for one, some in kinds.items():
        rights = access.resolve(now, one)
        for key, entity in some.items():
            if not rights.reads_own(entity):
                blind[key].add(one)
    absent = getting.keys() & away.keys()
    told = {*passed, *absent}.union(*blind.values())
    names = _names(told) if told else {}
    return [str(one) for one in _said(names, {one: away[one] for one in absent}, passed, blind)]


def _said(
    names: Mapping[int, Label],
    absent: Mapping[int, datetime],
    passed: Collection[int],
    blind: Mapping[str, Collection[int]],
) -> Iterator[LazyString]:
    for one in sorted(absent.keys() & names.keys()):
        yield _away(names[one], clock.shown(absent[one]))
    if passed & names.keys():
        yield _l("Away, and passed over: %(names)s.", names=_listed(names, passed))
    for key, people in blind.items():
        if names.keys() & people:
            told = {"names": _listed(names, people), "kind": catalogue.get(key).many}
            yield _l("May not read %(kind)s: %(names)s.", **told)


def _away(name: Label, when: str) -> LazyString:
    return _l("%(name)s is away until %(when)s.", name=name, when=when)


def _names(people: Iterable[int]) -> dict[int, Label]:
    return {
        one: Label(english or name, name) for one, (name, english) in deputies.names(people).items()
    }


def _listed(names: Mapping[int, Label], people: Collection[int]) -> Any:
    return sentences.enumerated(*(names[one] for one in sorted(people) if one in names))
