"""Bulk operations for programs: dry run, run and their answers as contract §5 writes them."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Response, jsonify
from flask_babel import lazy_gettext as _l

from app.admin import bodies
from app.admin.once import once
from app.admin.page import here
from app.admin.record import changes
from app.jobs import bulk
from app.operations import engine, selection
from app.operations.exporting import files
from app.operations.outcome import SAMPLED, Outcome, Skip
from app.operations.registry import behaviour
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import BadRequest
from app.spec.field import Field
from app.spec.relations import RelationField, TagsField
from app.store import titles
from app.store.caps import Room
from app.store.context import actor
from app.store.idempotency import Replay
from app.store.policy import Policy

KEYS = selection.KEYS | {"params", "dry_run"}
SKIPPED_SHOWN, LISTED = 100, 1_000


def answer(entity: Entity, slug: str, body: Mapping[str, Any]) -> Response:
    """Run or rehearse the operation that the body describes."""
    unknown = set(body) - KEYS
    if unknown:
        raise BadRequest(_l("There is no argument %(name)s.", name=sorted(unknown)[0]))
    params, dry_run = body.get("params", {}), body.get("dry_run", False)
    if not isinstance(params, Mapping) or not isinstance(dry_run, bool):
        raise BadRequest(_l("The arguments are not understood."))
    chosen = selection.read(body)
    does = behaviour(slug)
    if dry_run:
        outcome = engine.run(does, entity, chosen, params, dry_run=True)
        return jsonify(rehearsed(entity, outcome))

    def effect() -> Replay:
        return ran(slug, *bulk.run(does, entity, chosen, params))

    replay, is_replay = once(bodies.idempotency_key(), effect)
    return bodies.answered(replay, is_replay=is_replay)


def ran(slug: str, outcome: Outcome, job: int | None) -> Replay:
    """The answer to a run: what it did, or which job does it."""
    if outcome.is_held:
        waits = {"job_id": None, "operation_id": outcome.operation_id, "state": "waiting"}
        return Replay(202, {}, waits)
    if job is not None:
        return Replay(202, {}, {"job_id": job, "operation_id": outcome.operation_id})
    return Replay(200, {}, done(slug, outcome))


def rehearsed(entity: Entity, outcome: Outcome) -> dict[str, Any]:
    """The answer to a dry run: nothing was written.

    With ``looked_at`` only so many verdicts are known: of the first rows of a very large number.
    """
    reasons: dict[str, dict[str, Any]] = {}
    for skip in outcome.skipped:
        reason = reasons.setdefault(skip.code, {"code": skip.code, "text": skip.reason, "count": 0})
        reason["count"] += 1
    return {
        "dry_run": True,
        "total": outcome.total,
        "will_change": outcome.done,
        "skipped": _skips(outcome.skipped[:SKIPPED_SHOWN]),
        "reasons": list(reasons.values()),
        "notified": _notified(outcome),
        **({"receivers": _receivers(outcome)} if outcome.given else {}),
        **({"along": _along(outcome)} if outcome.along else {}),
        "sample": list(_sample(entity, outcome))[:SAMPLED],
        **({"warnings": list(outcome.warnings)} if outcome.warnings else {}),
        **({"looked_at": outcome.looked_at} if outcome.looked_at < outcome.total else {}),
    }


def done(slug: str, outcome: Outcome) -> dict[str, Any]:
    """The answer to a run."""
    body: dict[str, Any] = {
        "operation_id": outcome.operation_id,
        "total": outcome.total,
        "done": outcome.done,
        "skipped": _skips(outcome.skipped[:LISTED]),
        "failed": [],
        **({"along": _along(outcome)} if outcome.along else {}),
    }
    if slug == "export":
        body["download"] = here(files.address(outcome.operation_id or 0))
    return body


def _skips(skipped: Iterable[Skip]) -> list[dict[str, Any]]:
    return [{"id": s.id, "code": s.code, "reason": s.reason} for s in skipped]


def _notified(outcome: Outcome) -> list[dict[str, Any]]:
    people = titles.people(outcome.notified)
    return [{"user": people.get(i, {"id": i}), "count": n} for i, n in outcome.notified.items()]


def _receivers(outcome: Outcome) -> list[dict[str, Any]]:
    """Who gets how many, and what he has then of how many he may have (POOL-9)."""
    people = titles.people(outcome.given)
    return [
        {"user": people.get(i, {"id": i}), "count": n, **_room(outcome.rooms.get(i))}
        for i, n in outcome.given.items()
    ]


def _along(outcome: Outcome) -> list[dict[str, Any]]:
    """How many other records go along, kind by kind, and how many stay by the code of why."""
    stays: dict[str, dict[str, int]] = {}
    for (key, code), n in outcome.along.items():
        stays.setdefault(key, {})[code] = n
    return [
        {"kind": catalogue.get(key).plural, "count": some.pop("", 0), "skipped": some}
        for key, some in stays.items()
    ]


def _room(room: Room | None) -> dict[str, int]:
    return {"used": room.used, "most": room.most} if room else {}


def _sample(entity: Entity, outcome: Outcome) -> Iterable[dict[str, Any]]:
    """Old and new values as this reader may see them."""
    policy = Policy(actor(), entity, "read", in_list=True)
    shown = list(outcome.sample(policy))
    linked = [(f, pair) for _change, f, pair in shown if isinstance(f, TagsField | RelationField)]
    names = changes.names_in(((f.key, pair) for f, pair in linked), policy.readable)
    persons = (pair for f, pair in linked if isinstance(f, RelationField) and f.is_person)
    people = titles.people(one for pair in persons for one in pair if one)
    for change, f, pair in shown:
        old, new = (_told(f, side, names, people) for side in pair)
        yield {"id": change.id, "field": f.key, "old": old, "new": new}


def _told(f: Field, side: Any, names: Mapping[Any, str], people: Mapping[int, Any]) -> Any:
    """A value as the record's own answer tells it (contract §2)."""
    if isinstance(f, TagsField):
        return [names.get((f.to, one), one) for one in side or ()]
    if not isinstance(f, RelationField) or side is None:
        return side
    return people.get(side) or {"id": side, "label": names.get((f.to, side), "")}
