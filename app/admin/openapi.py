"""The OpenAPI description at ``/api/v1/_openapi``, derived from the catalogue for its reader.

It lists only what the asker may do: entities, operations and fields that exist for him.
"""

from typing import Any

from flask import Response, jsonify, request
from flask_appbuilder.api import BaseApi, expose

from app.admin import sharing
from app.admin.search_api import MAX_SIZE, SIZE
from app.operations import primary
from app.operations.registry import BEHAVIOURS
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.kinds import ChoicesField, OptionField
from app.spec.relations import LinksField, RelationField, TagsField
from app.store.context import actor
from app.store.jobs import STATES
from app.store.listing import MAX_SEARCH
from app.store.policy import Policy

TYPES: dict[str, dict[str, Any]] = {
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "money": {"type": "string", "example": "1234.50"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "values": {"type": "object"},
}
ERROR = {"$ref": "#/components/schemas/Error"}
ERRORS = {
    "400": "Unknown argument, operator or column",
    "401": "Not logged in",
    "403": "Not permitted",
    "404": "Unknown or out of scope",
    "409": "Conflict",
    "412": "Stale version",
    "415": "Not JSON",
    "422": "Invalid values",
    "428": "Version required",
    "429": "Throttled",
}


class OpenApi(BaseApi):
    """The description of the API."""

    route_base = "/api/v1"
    csrf_exempt = False
    allow_browser_login = True

    @expose("/_openapi", methods=["GET"])
    def describe(self) -> Response:
        """OpenAPI 3.0 of everything the caller may use."""
        paths: dict[str, Any] = {"/api/v1/search/": {"get": _search()}, **_views(), **_jobs()}
        schemas: dict[str, Any] = {
            "Error": _error_schema(),
            "Job": _job_schema(),
            "SavedViewWrite": _view_schema(),
        }
        for entity in catalogue:
            granted = {v.slug for v in entity.verbs if actor().rights.may(entity.key, v.slug)}
            if granted:
                paths |= _paths(entity, granted)
                schemas |= _schemas(entity, granted)
        return jsonify(
            {
                "openapi": "3.0.3",
                "info": {"title": "Haina CRM", "version": "v1"},
                "servers": [{"url": request.host_url.rstrip("/")}],
                "paths": paths,
                "components": {
                    "schemas": schemas,
                    "securitySchemes": {
                        "jwt": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
                    },
                },
                "security": [{"jwt": []}],
            }
        )


def _error_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["code", "message", "fields", "request_id"],
        "properties": {
            "code": {"type": "string"},
            "message": {"type": "string"},
            "fields": {"type": "object"},
            "request_id": {"type": "string"},
        },
    }


def _search() -> dict[str, Any]:
    """Everything at once (SEARCH): for whoever is logged in, over what he may list."""
    words = {"type": "string", "minLength": 1, "maxLength": MAX_SEARCH}
    size = {"type": "integer", "minimum": 1, "maximum": MAX_SIZE, "default": SIZE}
    return _operation(
        "search everything the caller may list; hits in groups, the best first",
        [
            {"name": "q", "in": "query", "required": True, "schema": words},
            {"name": "page_size", "in": "query", "schema": size, "description": "per group"},
        ],
        None,
    )


def _views() -> dict[str, Any]:
    """One's own saved views and those shared with one (LIST-4)."""
    base, q = "/api/v1/views", {"name": "q", "in": "query", "schema": {"type": "string"}}
    asked = {**q, "description": "rison: entity (its plural), page, page_size"}
    write, seen = "SavedViewWrite", [_if_match(), _key()]
    return {
        f"{base}/": {
            "get": _operation("list saved views", [asked], None),
            "post": _operation("create saved view", [_key()], None, write, status="201"),
        },
        f"{base}/{{id}}": {
            "parameters": [_id()],
            "get": _operation("read saved view", [], None),
            "put": _operation("edit saved view", seen, None, write),
            "delete": _operation("delete saved view", [_if_match()], None),
        },
    }


def _view_schema() -> dict[str, Any]:
    """What may be said of a view; its entity only when it is made."""
    question = {
        "entity": {"type": "string", "description": "plural of the entity, when created"},
        "filters": {"type": "array", "items": {"type": "object"}},
        "search": {"type": "string", "maxLength": MAX_SEARCH},
        "order": {"type": "string", "example": "-name"},
        "columns": {"type": "array", "items": {"type": "string"}},
    }
    named = {key: _schema(field) for key, field in sharing.fields().items()}
    return {"type": "object", "properties": {**question, **named}}


def _jobs() -> dict[str, Any]:
    """Background jobs of one's own (contract §5)."""
    base, job = "/api/v1/jobs/{id}", {"parameters": [_id()]}
    change = {
        "cancel": _operation("stop a job after the chunk under way", [_key()], "Job"),
        "retry": _operation("go on with a job that failed or was cancelled", [_key()], "Job"),
    }
    return {
        base: job | {"get": _operation("how far a job is", [], "Job")},
        **{f"{base}/{name}": job | {"post": described} for name, described in change.items()},
    }


def _job_schema() -> dict[str, Any]:
    numbers = ("id", "total", "done", "skipped", "failed", "operation_id")
    texts = ("kind", "download", "created_at", "finished_at")
    found: dict[str, Any] = {key: {"type": "integer"} for key in numbers}
    found |= {key: {"type": "string"} for key in texts}
    found |= {"state": {"type": "string", "enum": list(STATES)}, "rate": {"type": "integer"}}
    found["error"] = {"type": "object"}
    return {"type": "object", "properties": found}


def _paths(entity: Entity, granted: set[str]) -> dict[str, Any]:
    base, name = f"/api/v1/{entity.plural}", entity.model.__name__
    collection: dict[str, Any] = {}
    single: dict[str, Any] = {}
    if "list" in granted:
        collection["get"] = _operation(f"list {entity.plural}", [_q()], name)
    if "create" in granted:
        collection["post"] = _operation(
            f"create {entity.key}", [*_confirm(entity), _key()], name, f"{name}Write", status="201"
        )
    if "read" in granted:
        single["get"] = _operation(f"read {entity.key}", [], name)
    if "edit" in granted:
        arguments = [*_confirm(entity), _if_match(), _key()]
        single["put"] = _operation(f"edit {entity.key}", arguments, name, f"{name}Write")
    if "delete" in granted:
        single["delete"] = _operation(f"delete {entity.key}", [_if_match()], None)
    paths: dict[str, Any] = {}
    if collection:
        paths[f"{base}/"] = collection
    if single:
        paths[f"{base}/{{id}}"] = {"parameters": [_id()], **single}
    if "import" in granted:
        paths[f"{base}/import"] = {"post": _import(entity)}
    for verb in entity.bulk_verbs:
        if verb.slug in granted:
            paths[f"{base}/bulk/{verb.slug}"] = {"post": _bulk(entity, verb.slug)}
    return paths


def _operation(
    summary: str,
    parameters: list[Any],
    answer: str | None,
    body: str | None = None,
    *,
    status: str = "200",
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "summary": summary,
        "parameters": parameters,
        "responses": {
            status: {"description": "Done"},
            **{code: _failure(text) for code, text in ERRORS.items()},
        },
    }
    if answer:
        found["description"] = f"Answers with {answer}."
    if body:
        found["requestBody"] = _json({"$ref": f"#/components/schemas/{body}"})
    return found


def _failure(text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": ERROR}}}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _q() -> dict[str, Any]:
    return {
        "name": "q",
        "in": "query",
        "description": "rison: columns, filters, search, order_column, order_direction, page, "
        "page_size, exact_count",
        "schema": {"type": "string"},
    }


def _confirm(entity: Entity) -> list[dict[str, Any]]:
    """Where two records may be called the same once their writer has said so (CUS)."""
    if not any(f.shared_by for f in entity.fields.values()):
        return []
    words = "rison (namesakes:!t): write a name that another record has, where that is warned of"
    return [{"name": "q", "in": "query", "description": words, "schema": {"type": "string"}}]


def _id() -> dict[str, Any]:
    return {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}


def _if_match() -> dict[str, Any]:
    schema = {"type": "string", "example": '"7"'}
    return {"name": "If-Match", "in": "header", "required": True, "schema": schema}


def _key() -> dict[str, Any]:
    schema = {"type": "string", "maxLength": 255}
    return {"name": "Idempotency-Key", "in": "header", "schema": schema}


def _bulk(entity: Entity, slug: str) -> dict[str, Any]:
    params = {f.key: _schema(f) for f in BEHAVIOURS[slug].params(entity)}
    schema = {
        "type": "object",
        "properties": {
            "ids": {"type": "array", "items": {"type": "integer"}},
            "filters": {"type": "array", "items": {"type": "object"}},
            "search": {"type": "string"},
            "expected_count": {"type": "integer"},
            "except": {"type": "array", "items": {"type": "integer"}},
            "params": {"type": "object", "properties": params},
            "dry_run": {"type": "boolean", "default": False},
        },
    }
    described = _operation(f"{slug} {entity.plural}", [_key()], None)
    described["responses"]["202"] = {"description": "A job does it: job_id and operation_id"}
    return described | {"requestBody": _json(schema)}


def _import(entity: Entity) -> dict[str, Any]:
    """A file and how it is read; ``mapping`` and ``options`` as JSON in parts of the form."""
    text = {"type": "string"}
    schema = {
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": {"type": "string", "format": "binary"},
            "sheet": text,
            "mapping": text | {"description": "JSON: heading to field; others are recognised"},
            "options": text | {"description": "JSON: mode, match, owner, pool, defaults"},
            "dry_run": {"type": "string", "enum": ["true", "false"], "default": "false"},
        },
    }
    body = {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    return _operation(f"import {entity.plural}", [_key()], None) | {"requestBody": body}


def _schemas(entity: Entity, granted: set[str]) -> dict[str, Any]:
    name = entity.model.__name__
    reading = next((o for o in ("read", "list") if o in granted), None)
    found: dict[str, Any] = {}
    policy = Policy(actor(), entity, reading or next(iter(granted)))
    fields = policy.readable.values()
    found[name] = {"type": "object", "properties": {f.key: _schema(f) for f in fields}}
    writing = next((o for o in ("create", "edit") if o in granted), None)
    if writing:
        writable = Policy(actor(), entity, writing).writable(creating=writing == "create")
        if "edit" in granted:
            writable |= primary.writable(entity)
        found[f"{name}Write"] = {
            "type": "object",
            "properties": {k: _schema(f) for k, f in writable.items()},
        }
    return found


def _schema(field: Field) -> dict[str, Any]:
    if isinstance(field, TagsField):
        return {"type": "array", "items": {"type": "string"}, "title": str(field.label)}
    if isinstance(field, LinksField):
        return {"type": "array", "items": {"type": "integer"}, "title": str(field.label)}
    if isinstance(field, RelationField):
        return {"type": "integer", "title": str(field.label), "description": f"id of {field.to}"}
    if isinstance(field, ChoicesField):
        return {"type": "array", "items": {"type": "string", "enum": list(field.choices.codes())}}
    found = dict(TYPES.get(field.kind, {"type": "string"})) | {"title": str(field.label)}
    if isinstance(field, OptionField) and field.choices.codes():
        found["enum"] = list(field.choices.codes())
    if hasattr(field, "max_length"):
        found["maxLength"] = field.max_length
    return found
