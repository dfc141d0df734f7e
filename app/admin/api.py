"""The REST resource of an entity (contract §1, §2, §5), in the framework's conventions.

The same policy, door, writer and engine as the pages: a verdict never depends on the surface (C27).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from flask import Response, jsonify
from flask_appbuilder.api import BaseApi, expose
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError

from app.admin import bodies, deletion, duplicates, payload
from app.admin.bulk import api as bulk_api
from app.admin.clash import refusal_of
from app.admin.importing import api as import_api
from app.admin.once import once
from app.admin.page import here
from app.operations import editing, likenesses, primary
from app.spec.entity import Entity
from app.spec.errors import (
    BadRequest,
    Namesake,
    NotFound,
    PreconditionFailed,
    Refusal,
    StaleVersion,
    WrongVerb,
)
from app.spec.field import Field
from app.spec.operations import ALSO_CALLED
from app.store import door, listing
from app.store.context import actor
from app.store.idempotency import Replay
from app.store.policy import Policy

LIST_ARGUMENTS = frozenset(
    {
        "columns",
        "filters",
        "search",
        "order_column",
        "order_direction",
        "page",
        "page_size",
        "exact_count",
    }
)
CONFIRM = "namesakes"
"""Whether a name may be written that another record has (CUS)."""
WRITE_ARGUMENTS = frozenset({CONFIRM})
RECORD_ARGUMENTS = frozenset({"columns"})


class EntityApi(BaseApi):
    """Everything programs can do with one entity; ``entity`` is set by the subclass."""

    entity: ClassVar[Entity]
    csrf_exempt = False
    allow_browser_login = True
    openapi_spec_methods: ClassVar[dict[str, Any]] = {}

    @expose("/", methods=["GET"])
    def get_list(self) -> Response:
        """A page of records."""
        door.demand(self.entity.key, "list")
        asked = bodies.arguments(LIST_ARGUMENTS)
        query = _query(asked)
        policy = Policy(actor(), self.entity, "list", in_list=True, in_pools=query.in_pools)
        fields = _columns(policy, asked.get("columns"))
        found = listing.page(policy, query, fields)
        count, is_exact = found.count, found.is_exact
        if asked.get("exact_count") and not is_exact:
            count, is_exact = listing.count(policy, query), True
        return jsonify(
            {
                "count": count,
                "count_exact": is_exact,
                "ids": [row.id for row in found.rows],
                "result": payload.records(policy, found.rows, fields),
            }
        )

    @expose("/<int:pk>", methods=["GET"])
    def get(self, pk: int) -> Response:
        """One record."""
        with self._found_first(pk, "read"):
            asked = bodies.arguments(RECORD_ARGUMENTS)
            _columns(Policy(actor(), self.entity, "read"), asked.get("columns"))
        return _result(self.entity, pk, asked.get("columns"))

    @expose("/", methods=["POST"])
    def post(self) -> Response:
        """A new record."""
        self._demand("create")
        confirmed = bodies.flag(bodies.arguments(WRITE_ARGUMENTS), CONFIRM)
        raw = bodies.json_object()
        return self._write(lambda: self._created(raw, confirmed))

    @expose("/duplicates", methods=["POST"])
    def duplicates(self) -> Response:
        """What may be the same as a record of these values, as far as the caller may know it."""
        duplicates.demand(self.entity)
        bodies.arguments()
        raw = bodies.json_object()
        besides = raw.pop(duplicates.BESIDES, 0)
        unknown = set(raw) - set(duplicates.compared(self.entity))
        if unknown or not isinstance(besides, int):
            raise BadRequest
        found = duplicates.look(self.entity, raw, besides)
        return jsonify({"duplicates": [likenesses.in_json(one) for one in found]})

    @expose("/<int:pk>", methods=["PUT"])
    def put(self, pk: int) -> Response:
        """New values for some fields of a record, given the version that was seen."""
        self._demand("edit")
        with self._found_first(pk, "edit"):
            confirmed = bodies.flag(bodies.arguments(WRITE_ARGUMENTS), CONFIRM)
            raw = bodies.json_object()
        return self._write(lambda: self._saved(pk, raw, confirmed))

    @expose("/<int:pk>", methods=["DELETE"])
    def delete(self, pk: int) -> Response:
        """Into the recycle bin, given the version that was seen."""
        self._demand("delete")
        with self._found_first(pk, "delete"):
            bodies.arguments()
        return self._write(lambda: self._deleted(pk), is_shown=False)

    @expose("/_info", methods=["GET"])
    def info(self) -> Response:
        """What the caller may do with this entity: operations, fields, filters."""
        rights = actor().rights
        granted = [v.slug for v in self.entity.verbs if rights.may(self.entity.key, v.slug)]
        if not granted:
            door.demand(self.entity.key, "list")
        bodies.arguments()
        policy = Policy(actor(), self.entity, "list" if "list" in granted else granted[0])
        chosen = primary.writable(self.entity) if "edit" in granted else {}
        fields = [_described(policy, f) for f in policy.readable.values()]
        for one in fields:
            one["read_only"] = one["read_only"] and one["key"] not in chosen
        return jsonify({"permissions": granted, "fields": fields})

    @expose("/import", methods=["POST"])
    def import_file(self) -> Response:
        """Records out of an uploaded file (IMP)."""
        self._demand("import")
        bodies.arguments()
        return import_api.answer(self.entity)

    @expose("/bulk/<slug>", methods=["POST"])
    def bulk(self, slug: str) -> Response:
        """A bulk operation over ids or over a filter (contract §5)."""
        slug = ALSO_CALLED.get(slug, slug)
        verb = self.entity.verb(slug)
        if verb is None or not verb.is_bulk:
            raise NotFound
        door.demand(self.entity.key, slug)
        bodies.arguments()
        return bulk_api.answer(self.entity, slug, bodies.json_object())

    def _demand(self, operation: str) -> None:
        if operation not in self.entity.operations:
            raise WrongVerb
        door.demand(self.entity.key, operation)

    @contextmanager
    def _found_first(self, pk: int, operation: str) -> Iterator[None]:
        """A record that isn't there is said before what is wrong with the request (contract §1)."""
        try:
            yield
        except Refusal:
            door.fetch(self.entity, pk, operation, ())
            raise

    def _write(self, effect: Callable[[], Replay], *, is_shown: bool = True) -> Response:
        """Do it once and answer; asked again, show the record as the caller may see it now."""
        try:
            answer, is_replay = once(bodies.idempotency_key(), effect)
        except IntegrityError as error:
            raise refusal_of(error, self.entity) from error
        except Namesake as refusal:
            likenesses.note_told(refusal)
            raise
        if is_replay and is_shown:
            answer = _replay(self.entity, answer.body["id"], answer.status)
        return bodies.answered(answer, is_replay=is_replay)

    def _created(self, raw: Mapping[str, Any], confirmed: bool) -> Replay:
        new_id = editing.create(self.entity, raw, is_confirmed=confirmed)
        return _replay(self.entity, new_id, 201)

    def _saved(self, pk: int, raw: Mapping[str, Any], confirmed: bool) -> Replay:
        version = bodies.seen_version
        try:
            editing.edit(self.entity, pk, raw, version=version, is_confirmed=confirmed)
        except StaleVersion as stale:
            raise PreconditionFailed(details={"version": stale.details["version"]}) from stale
        return _replay(self.entity, pk, 200)

    def _deleted(self, pk: int) -> Replay:
        title = self.entity.fields[self.entity.title]
        record = door.fetch(self.entity, pk, "delete", [title], lock=True)
        if record.version != bodies.seen_version():
            raise PreconditionFailed(details={"version": record.version})
        deletion.delete(self.entity, pk)
        return Replay(200, {}, {"id": pk})


def _query(asked: dict[str, Any]) -> listing.Query:
    """The listing query of the framework's arguments."""
    size = bodies.page_size(bodies.whole(asked, "page_size", bodies.PAGE_SIZE))
    filters, search = asked.get("filters", []), asked.get("search", "")
    column, direction = asked.get("order_column", ""), asked.get("order_direction", "asc")
    if not isinstance(filters, list) or not isinstance(search, str):
        raise BadRequest(_l("The filter is not understood."))
    if not isinstance(column, str) or direction not in ("asc", "desc"):
        raise BadRequest(_l("The order is not understood."))
    order = f"-{column}" if column and direction == "desc" else column
    return listing.Query(tuple(filters), search, order, bodies.whole(asked, "page", 0), size)


def _columns(policy: Policy, wanted: Any) -> list[Field]:
    """The asked columns, or all the caller may read; 400 for one that isn't his."""
    if wanted is None:
        return list(policy.readable.values())
    if not isinstance(wanted, list) or not wanted or not all(isinstance(c, str) for c in wanted):
        raise BadRequest(_l("The columns must be a list of names."))
    unknown = [c for c in wanted if c not in policy.readable and c not in ("id", "version")]
    if unknown:
        raise BadRequest(_l("There is no column %(name)s.", name=unknown[0]))
    return [policy.readable[c] for c in wanted if c in policy.readable]


def _body(entity: Entity, pk: int, wanted: Any = None) -> tuple[dict[str, Any], dict[str, str]]:
    policy = Policy(actor(), entity, "read")
    fields = _columns(policy, wanted)
    row = door.fetch(entity, pk, "read", fields)
    version = getattr(row, "version", 1)
    body = {"id": pk, "result": payload.record(policy, row, fields)}
    return body, {"ETag": f'"{version}"'}


def _result(entity: Entity, pk: int, wanted: Any) -> Response:
    body, headers = _body(entity, pk, wanted)
    response = jsonify(body)
    response.headers.extend(headers)
    return response


def _replay(entity: Entity, pk: int, status: int) -> Replay:
    """The record as written; only its id when the writer may not read it."""
    try:
        body, headers = _body(entity, pk)
    except Refusal:
        body, headers = {"id": pk}, {}
    if status == 201:
        headers["Location"] = here(f"/api/v1/{entity.plural}/{pk}")
    return Replay(status, headers, body, kept={"id": pk})


def _described(policy: Policy, field: Field) -> dict[str, Any]:
    plain = field.key in policy.plain
    return {
        "key": field.key,
        "label": str(field.label),
        "type": field.kind,
        "required": field.required,
        "read_only": field.system,
        "operators": list(field.operators) if plain and field.filterable else [],
        "sortable": plain and field.sortable,
    }
