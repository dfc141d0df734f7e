"""The one filter grammar (contract §3), compiled to SQL for one reader.

The same conditions come from ``q.filters``, bulk selections, saved views and the URL. Columns are
taken from the reader's policy, so an unknown, hidden or masked one is answered with 400; values are
bound, identifiers come from the declaration only (C54).
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select

from app.extensions import db
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.conditions import OTHER
from app.spec.days import DaysLeftField
from app.spec.entity import STARRED
from app.spec.errors import BadRequest
from app.spec.field import BLANK_OPERATORS, Field
from app.spec.kinds import DateField, DateTimeField, whole_day
from app.spec.opinions import DISPUTED
from app.spec.private import OWN, OwnField
from app.spec.recycling import SOON
from app.spec.relations import LinksField, RelationField
from app.spec.text import is_storable
from app.store import access, links, opinions, private, recycling, stars
from app.store.organisation import User
from app.store.periods import period
from app.store.policy import Policy
from app.store.scope import member_of

NOT_UNDERSTOOD = _l("The filter is not understood.")
MAX_CONDITIONS = 100
MAX_DEPTH = 6
MAX_VALUES = 1_000
"""Of all conditions of a filter together: each is bound by itself."""
LONGEST = 200
"""Characters of a text that is compared."""
GROUPS: dict[str, Callable[..., ColumnElement[bool]]] = {"and": and_, "or": or_}
DAY = re.compile(r"@today([+-]\d{1,4})?")
"""Today, or so many days before or after it."""
MOMENT = timedelta(microseconds=1)
"""What the databases tell two moments apart by."""
CHOSEN_DEPARTMENT = re.compile(r"@department:(\d{1,9})")
"""Everybody who is in that department or below it now."""
_NEGATED = {"neq": "eq", "nct": "ct", "nsw": "sw", "new": "ew", "not_in": "in", "nrel_o_m": "eq"}


@dataclass
class Compiler:
    """Compiles conditions for one reader and counts them: a huge filter is refused (C61)."""

    policy: Policy
    conditions: int = 0
    values: int = 0

    def compile(self, conditions: Any, depth: int = 0) -> list[ColumnElement[bool]]:
        """The conditions as SQL, to be ANDed by the caller."""
        if not isinstance(conditions, list | tuple) or depth > MAX_DEPTH:
            raise BadRequest(NOT_UNDERSTOOD)
        return [self._one(condition, depth) for condition in conditions]

    def _one(self, condition: Any, depth: int) -> ColumnElement[bool]:
        self.conditions += 1
        if not isinstance(condition, Mapping) or self.conditions > MAX_CONDITIONS:
            raise BadRequest(NOT_UNDERSTOOD)
        if len(condition) == 1 and next(iter(condition)) in GROUPS:
            ((name, inner),) = condition.items()
            parts = self.compile(inner, depth + 1)
            if not parts:
                raise BadRequest(NOT_UNDERSTOOD)
            return GROUPS[name](*parts)
        if not {"col", "opr"} <= set(condition) <= {"col", "opr", "value"}:
            raise BadRequest(NOT_UNDERSTOOD)
        field = self.policy.filterable(str(condition["col"]))
        operator, value = str(condition["opr"]), condition.get("value")
        self.values += len(value) if isinstance(value, list | tuple) else 1
        if self.values > MAX_VALUES:
            raise BadRequest(NOT_UNDERSTOOD)
        if operator not in field.operators:
            raise BadRequest(
                _l("%(name)s can't be filtered by %(operator)s.", name=field.key, operator=operator)
            )
        return self._compare(field, operator, value)

    def _compare(self, field: Field, operator: str, value: Any) -> ColumnElement[bool]:
        if field in (STARRED, DISPUTED):
            [is_so] = self._operands(field, value)
            so = self._marked(field)
            return so if is_so is (operator == "eq") else not_(so)
        if isinstance(field, LinksField):
            return self._linked(field, operator, value)
        if isinstance(field, OwnField):
            return self._own(field, operator, value)
        if isinstance(field, DaysLeftField):
            return self._leaving(field, operator, value)
        column: ColumnElement[Any] = getattr(self.policy.entity.model, field.column)
        if operator in ("empty", "not_empty"):
            return column.is_(None) if operator == "empty" else column.is_not(None)
        if operator == "within":
            return _within(field, column, value)
        if operator in _NEGATED:
            plain = self._compare(field, _NEGATED[operator], value)
            return or_(column.is_(None), not_(plain))
        if operator == "rel_o_m":
            operator = "eq"
        if isinstance(field, DateTimeField):
            return self._in_time(field, column, operator, value)
        if operator == "between":
            bounds = self._operands(field, value, many=True)
            if len(bounds) != 2:
                raise BadRequest(NOT_UNDERSTOOD)
            return and_(column >= bounds[0], column <= bounds[1])
        if operator in ("eq", "in"):
            return _equal(column, self._operands(field, value, many=operator == "in"))
        operands = self._operands(field, value)
        return _SIMPLE[operator](column, operands[0])

    def _marked(self, field: Field) -> ColumnElement[bool]:
        """What no column of the record says: that it is starred, that departments differ."""
        entity = self.policy.entity
        if field is STARRED:
            return stars.are_mine(entity)
        return opinions.are_disputed(entity, self.policy.aspects)

    def _in_time(
        self, field: DateTimeField, column: Any, operator: str, value: Any
    ) -> ColumnElement[bool]:
        """A day stands for all of it: what is at most a Friday may be on Friday evening."""
        other = OTHER.fullmatch(value) if isinstance(value, str) else None
        if other:
            return _ORDERS[operator](column, self._moment_in(field, other[1]))
        many = operator == "between"
        ends = list(value) if many and isinstance(value, list | tuple) else [value]
        if len(ends) != 1 + many:
            raise BadRequest(NOT_UNDERSTOOD)
        (first, after), *others = [self._span(field, one) for one in ends]
        last = others[0][1] if others else after
        found: dict[str, ColumnElement[bool]] = {
            "lt": column < first,
            "ge": column >= first,
            "le": column < last,
            "gt": column >= last,
        }
        return found.get(operator, and_(column >= first, column < last))

    def _moment_in(self, field: DateTimeField, key: str) -> Any:
        """Another column of the record, to compare with: one of moments that he may filter by."""
        other = self.policy.filterable(key)
        if not isinstance(other, DateTimeField):
            raise BadRequest(
                _l("%(token)s can't be used for %(name)s.", token=f"@field:{key}", name=field.key)
            )
        return getattr(self.policy.entity.model, other.column)

    def _span(self, field: DateTimeField, value: Any) -> tuple[datetime, datetime]:
        """When what is asked for begins and is over: a day, or a moment that lasts no time."""
        [first] = self._operands(field, value)
        day = DAY.fullmatch(value) if isinstance(value, str) else None
        if day or whole_day(value):
            return first, midnight(clock.local(first).date() + timedelta(days=1))
        return first, first + MOMENT

    def _operands(self, field: Field, value: Any, *, many: bool = False) -> list[Any]:
        """The stored values meant; a list is refused where one value is asked for."""
        is_list = isinstance(value, list | tuple)
        values = list(value) if is_list else [value]
        if not values or (is_list and not many):
            raise BadRequest(NOT_UNDERSTOOD)
        found: list[Any] = []
        for one in values:
            found.extend(self._operand(field, one))
        return _identified(found) if isinstance(field, RelationField) else found

    def _operand(self, field: Field, value: Any) -> list[Any]:
        """One value as it is stored; a token as all it stands for."""
        if isinstance(value, str) and value.startswith("@"):
            return self._token(field, value)
        try:
            parsed = field.parse(value) if field.kind not in _LITERAL else _literal(value)
        except ValueError as error:
            raise BadRequest(error.args[0]) from None
        if parsed is None:
            raise BadRequest(_l("The filter needs a value for %(name)s.", name=field.key))
        return [parsed]

    def _token(self, field: Field, token: str) -> list[Any]:
        rights = self.policy.actor.rights
        day = DAY.fullmatch(token)
        if day and isinstance(field, DateField | DateTimeField):
            return [start_of(field, clock.today() + timedelta(days=int(day[1] or 0)))]
        target = getattr(field, "to", "")
        departments = {
            "@my_department": rights.departments[:1],
            "@my_department_below": rights.departments,
        }
        if target == "user":
            people = {"@me": [rights.user_id], "@my_people": sorted(rights.people)}
            if token in people:
                return list(people[token])
            if token in departments:
                return access.people_of(departments[token])
            chosen = CHOSEN_DEPARTMENT.fullmatch(token)
            if chosen:
                return access.people_of(access.departments_from(int(chosen[1])))
        if target == "department" and token in departments:
            return list(departments[token])
        raise BadRequest(_l("%(token)s can't be used for %(name)s.", token=token, name=field.key))

    def _linked(self, field: LinksField, operator: str, value: Any) -> ColumnElement[bool]:
        mine, theirs = links.ends(self.policy.entity, field)
        linked = exists().where(mine == self.policy.entity.model.id)
        if operator in BLANK_OPERATORS:
            return ~linked if operator == "empty" else linked
        wanted = [
            one
            for found in self._operands(field, value, many=True)
            for one in (found if isinstance(found, list) else [found])
        ]
        if not wanted:
            raise BadRequest(_l("The filter needs a value for %(name)s.", name=field.key))
        if field.is_named:
            known = links.by_names(catalogue.get(field.to), wanted)
            wanted = [known.get(name, 0) for name in wanted]
        else:
            wanted = _identified(wanted)
        among = member_of(theirs, wanted)
        if operator == "all":
            held = select(func.count()).where(mine == self.policy.entity.model.id, among)
            return held.scalar_subquery() == len(set(wanted))
        found = linked.where(among)
        return ~found if operator == "none" else found

    def _own(self, field: OwnField, operator: str, value: Any) -> ColumnElement[bool]:
        try:
            words = [] if operator in BLANK_OPERATORS else field.convert(value)
        except ValueError as error:
            raise BadRequest(error.args[0]) from None
        return private.compare(
            field, self.policy.entity, self.policy.actor.user_id, operator, words
        )

    def _leaving(self, field: DaysLeftField, operator: str, value: Any) -> ColumnElement[bool]:
        """Records that a pool takes within so many days, soon, ever, or never (POOL-6)."""
        entity = self.policy.entity
        if operator in BLANK_OPERATORS:
            goes = recycling.leave_by(entity, FAR)
            return not_(goes) if operator == "empty" else goes
        if value == SOON:
            return recycling.leave_soon(entity)
        [days] = self._operands(field, value)
        return recycling.leave_by(entity, min(days, FAR))


FAR = 36_500
"""In so many days all go that ever do."""
_LITERAL = frozenset({"text", "long_text", "phone", "email", "url", "option", "birthday"})
"""Kinds compared with what was typed, not with what would be stored: fragments, retired codes."""

_ORDERS: dict[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "eq": lambda column, value: column == value,
    "gt": lambda column, value: column > value,
    "ge": lambda column, value: column >= value,
    "lt": lambda column, value: column < value,
    "le": lambda column, value: column <= value,
}

_SIMPLE: dict[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "ct": lambda column, value: column.icontains(value, autoescape=True),
    "sw": lambda column, value: column.istartswith(value, autoescape=True),
    "ew": lambda column, value: column.iendswith(value, autoescape=True),
    **_ORDERS,
}


def veiled(conditions: Any) -> Any:
    """The conditions as others may read them: what of my own marks I asked for is left out."""
    if isinstance(conditions, list | tuple):
        return [veiled(one) for one in conditions]
    if not isinstance(conditions, Mapping):
        return conditions
    if conditions.get("col") in OWN:
        return {key: one for key, one in conditions.items() if key != "value"}
    return {key: veiled(one) if key in GROUPS else one for key, one in conditions.items()}


def conditions_for(policy: Policy, conditions: Iterable[Any]) -> list[ColumnElement[bool]]:
    """The WHERE clauses of a filter for one reader; BadRequest for anything not understood."""
    return Compiler(policy).compile(list(conditions))


def _equal(column: Any, values: Sequence[Any]) -> ColumnElement[bool]:
    if len(values) == 1:
        return column == values[0]  # type: ignore[no-any-return]
    if values and all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return member_of(column, values)
    return column.in_(values)  # type: ignore[no-any-return]


def _literal(value: Any) -> str | None:
    if not isinstance(value, str) or not is_storable(value):
        raise ValueError(_l("This must be text."))
    if len(value) > LONGEST:
        raise ValueError(_l("At most %(n)s characters.", n=LONGEST))
    return value or None


def _within(field: Field, column: Any, value: Any) -> ColumnElement[bool]:
    start, after = period(str(value), clock.today())
    return and_(column >= start_of(field, start), column < start_of(field, after))


def start_of(field: Field, day: date) -> date | datetime:
    """A day as a value of the field: for instants its first moment in the reader's zone."""
    return midnight(day) if isinstance(field, DateTimeField) else day


def midnight(day: date) -> datetime:
    """The first moment of the reader's day."""
    return clock.from_reader(datetime.combine(day, time()))


def _identified(wanted: Sequence[int | str]) -> list[int]:
    """Ids, those of usernames looked up in one statement; nobody's id for one that isn't there."""
    names = {one for one in wanted if isinstance(one, str)}
    known: dict[str, int] = {}
    if names:
        found = db.session.execute(select(User.username, User.id).where(User.username.in_(names)))
        known = dict(found.all())
    return [known.get(one, 0) if isinstance(one, str) else one for one in wanted]
