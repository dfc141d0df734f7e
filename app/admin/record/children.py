"""The tabs of what belongs to a record: each child in its own scope (PERM-3, UI-5)."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, request
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from sqlalchemy import Select, literal, select, union_all

from app.admin import cells, forms, lists
from app.admin.once import once
from app.admin.record.panels import Seen
from app.admin.state import whole
from app.extensions import db
from app.operations import primary
from app.operations.rules import Place, rules_of
from app.spec.catalogue import catalogue
from app.spec.entity import Child, Entity
from app.spec.errors import WrongVerb
from app.spec.field import Field
from app.store import listing, scope, titles
from app.store.context import actor, operating, system_scope
from app.store.idempotency import Replay
from app.store.policy import Policy

SHOWN = 50


def of(entity: Entity, record: Any) -> dict[str, Child]:
    """The children that this record can have and that the reader may list, by tab."""
    rules = rules_of(entity)
    return {
        catalogue.get(child.entity).plural: child
        for child in entity.children
        if actor().rights.may(child.entity, "list") and rules.shows_child(record, child)
    }


def label(child: Child) -> Any:
    """What its tab is called."""
    return catalogue.get(child.entity).many


def numbers(
    below: Mapping[str, Child], record_id: int, **besides: Select[Any]
) -> dict[str, list[int]]:
    """By tab the numbers of those that this reader may list: one statement for all tabs, and for
    what else is asked ``besides`` that selects numbers.

    Of what lies in a pool none: there may be any number, and its tab counts them.
    """
    parts = [select(literal(tab), some.subquery()) for tab, some in besides.items()]
    for tab, child in below.items():
        if lies_in(child):
            continue
        entity = catalogue.get(child.entity)
        through = getattr(entity.model, entity.fields[child.through].column)
        with operating("list", entity.key) as work:
            mine = scope.predicate(entity, work)
        chosen = select(literal(tab), entity.model.id)
        parts.append(chosen.where(through == record_id, mine))
    found: dict[str, list[int]] = {tab: [] for tab in (*below, *besides)}
    with system_scope("each kind of what belongs to a record carries its own scope"):
        for tab, number in db.session.execute(union_all(*parts)) if parts else ():
            found[tab].append(number)
    return found


def lies_in(child: Child) -> bool:
    """Whether the record is the pool that they lie in."""
    return _query(child, 0).in_pools


def screen(seen: Seen, child: Child, *, is_editable: bool) -> dict[str, Any]:
    """The first of them, where to create another, and which one is the primary one."""
    entity, record_id = catalogue.get(child.entity), seen.record.id
    policy = _policy(child)
    columns = _columns(policy, child, record_id)
    found, is_pool = listing.page(policy, _query(child, record_id), columns), lies_in(child)
    may_add = actor().rights.may(entity.key, "create") and (
        child.through in Policy(actor(), entity, "create").writable(creating=True)
    )
    return {
        "entity": lists.head(entity),
        "columns": [
            {"key": f.key, "label": str(f.label), "numeric": f.kind in cells.NUMERIC}
            for f in columns
        ],
        "rows": _rows(policy, found.rows, columns, is_pool=is_pool),
        "list_url": lists.address(Place(entity, child.through, record_id)) if is_pool else "",
        "total": found.count,
        "create_url": f"/{entity.plural}/add?{child.through}={record_id}" if may_add else None,
        "primary": _primary(seen, child, found.rows) if is_editable else None,
    }


def _columns(policy: Policy, child: Child, record_id: int) -> list[Field]:
    """Those of its list; of what lies in a pool those that the pool shows."""
    limit = policy.columns_in(record_id) if lies_in(child) else None
    shown = [f for f in policy.readable.values() if f.key != child.through]
    return [f for f in shown if (f.listed if limit is None else f.key in limit)]


def _rows(policy: Policy, found: Any, columns: Any, *, is_pool: bool) -> list[dict[str, Any]]:
    """The rows; those in a pool with the button that claims them."""
    shown = lists.rows(policy, found, columns)
    return lists.with_buttons(policy.entity, shown) if is_pool else shown


def choose(entity: Entity, record_id: int) -> str:
    """Name the primary one of a record's children (CUS-6); answers where to go on."""
    child = next((one for one in entity.children if primary.field_of(entity, one)), None)
    if child is None:
        raise WrongVerb

    def chosen() -> Replay:
        primary.choose(entity, record_id, child, whole(request.form.get("chosen"), 0))
        flash(_("Saved."), "success")
        return Replay(302, {}, {})

    once(request.form.get("form_nonce"), chosen)
    return f"/{entity.plural}/show/{record_id}?tab={catalogue.get(child.entity).plural}"


def _primary(seen: Seen, child: Child, rows: Sequence[Any]) -> dict[str, Any] | None:
    """The form that names the primary one; None where there is nothing to choose."""
    field = primary.field_of(seen.entity, child)
    if field not in seen.fields or not rows or not primary.may_choose(seen.entity, child):
        return None
    other = catalogue.get(child.entity)
    return {
        "action": f"/{seen.entity.plural}/primary/{seen.record.id}",
        "hidden": [("csrf_token", generate_csrf()), ("form_nonce", forms.nonce())],
        "label": str(field.label),
        "options": [(row.id, titles.title(other, row)) for row in rows],
        "chosen": getattr(seen.record, field.column),
    }


def _query(child: Child, record_id: int) -> listing.Query:
    condition = {"col": child.through, "opr": "eq", "value": record_id}
    return listing.Query(conditions=(condition,), size=SHOWN)


def _policy(child: Child) -> Policy:
    in_pools = _query(child, 0).in_pools
    return Policy(actor(), catalogue.get(child.entity), "list", in_list=True, in_pools=in_pools)
