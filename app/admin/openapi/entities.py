"""The part of an entity: its addresses and schemas, as far as they exist for the caller."""

from collections.abc import Iterator
from typing import Any

from app.admin.openapi import fields
from app.admin.openapi.parts import (
    FLAG,
    ID,
    IF_MATCH,
    KEY,
    MOMENT,
    TEXT,
    WHOLE,
    Schema,
    maybe,
    one_of,
    operation,
    page_of,
    query,
    record,
    ref,
    sent,
    several,
)
from app.operations import primary
from app.operations.registry import BEHAVIOURS
from app.spec.entity import Entity
from app.store.context import actor
from app.store.policy import Policy

COLUMNS = query("q", TEXT, "rison: columns")
LISTED = query(
    "q",
    TEXT,
    "rison: columns, filters, search, order_column, order_direction, page, page_size, exact_count",
)
PAGED = query("q", TEXT, "rison: before, page_size")
CONFIRM = query(
    "q", TEXT, "rison (namesakes:!t): a name that another record has, where that is warned of"
)
FILE: Schema = record(
    ("file",),
    file=TEXT | {"format": "binary"},
    sheet=TEXT,
    mapping=TEXT | {"description": "JSON: heading to field; others are recognised"},
    options=TEXT | {"description": "JSON: mode, match, owner, notify, pool, defaults"},
    dry_run=TEXT | {"enum": ["true", "false"], "default": "false"},
)


def granted_on(entity: Entity) -> set[str]:
    """The operations that the caller has on an entity."""
    return {v.slug for v in entity.verbs if actor().rights.may(entity.key, v.slug)}


def paths(entity: Entity) -> dict[str, Any]:
    """The addresses of an entity; none for somebody who may do nothing with it."""
    granted, base = granted_on(entity), f"/api/v1/{entity.plural}"
    if not granted:
        return {}
    found = {
        f"{base}/": dict(_collection(entity, granted)),
        f"{base}/{{id}}": dict(_single(entity, granted)),
        f"{base}/_info": {"get": operation(f"what you may do with {entity.plural}", _INFO)},
    }
    if found[f"{base}/{{id}}"]:
        found[f"{base}/{{id}}"]["parameters"] = [ID]
    if granted & {"create", "edit"}:
        found[f"{base}/duplicates"] = {"post": _duplicates(entity)}
    if "import" in granted:
        found[f"{base}/import"] = {"post": _import(entity)}
    if entity.has_files and "read" in granted:
        found |= _files(entity, granted)
    if entity.has_checklist and "read" in granted:
        found |= _checklist(entity, granted)
    if entity.has_comments and "read" in granted:
        found |= _comments(entity)
    if entity.judged and "read" in granted:
        found[f"{base}/{{id}}/opinions"] = {"parameters": [ID], "get": _opinions(entity)}
    for verb in entity.bulk_verbs:
        if verb.slug in granted:
            found[f"{base}/bulk/{verb.slug}"] = {"post": _bulk(entity, verb.slug)}
    return {path: verbs for path, verbs in found.items() if verbs}


_INFO = record(
    ("permissions", "fields"),
    permissions=several(TEXT),
    fields=several(
        record(
            ("key", "label", "type"),
            key=TEXT,
            label=TEXT,
            type=TEXT,
            required=FLAG,
            read_only=FLAG,
            operators=several(TEXT),
            sortable=FLAG,
        )
    ),
)


def _collection(entity: Entity, granted: set[str]) -> Iterator[tuple[str, Any]]:
    name = entity.model.__name__
    if "list" in granted:
        answer = page_of(ref(name))
        yield "get", operation(f"list {entity.plural}", answer, takes=(LISTED,))
    if "create" in granted:
        takes, body = (*_confirm(entity), KEY), sent(ref(f"{name}Write"))
        answer = one_of(ref(name))
        made = operation(f"create {entity.key}", answer, takes=takes, body=body, status="201")
        yield "post", made


def _single(entity: Entity, granted: set[str]) -> Iterator[tuple[str, Any]]:
    name = entity.model.__name__
    answer = one_of(ref(name))
    if "read" in granted:
        yield "get", operation(f"read {entity.key}", answer, takes=(COLUMNS,))
    if "edit" in granted:
        takes, body = (*_confirm(entity), IF_MATCH, KEY), sent(ref(f"{name}Write"))
        yield "put", operation(f"edit {entity.key}", answer, takes=takes, body=body)
    if "delete" in granted:
        gone = record(("id",), id=WHOLE)
        yield "delete", operation(f"delete {entity.key}", gone, takes=(IF_MATCH, KEY))


def _confirm(entity: Entity) -> tuple[Schema, ...]:
    """Where two records may be called the same once their writer has said so (CUS)."""
    asks = any(f.shared_by or f.likeness for f in entity.fields.values())
    return (CONFIRM,) if asks else ()


def _duplicates(entity: Entity) -> dict[str, Any]:
    compared = {key: fields.written(f) for key, f in entity.fields.items() if f.likeness}
    found = record(
        ("entity", "label"),
        entity=TEXT,
        id=maybe(WHOLE),
        label=TEXT,
        owner=TEXT,
        in_pool=FLAG,
        alike=several(TEXT),
    )
    answer = record(("duplicates",), duplicates=several(found))
    body = record((), besides=WHOLE, **compared)
    return operation("what may be the same as a record of these values", answer, body=sent(body))


def _bulk(entity: Entity, slug: str) -> dict[str, Any]:
    params = {f.key: fields.written(f) for f in BEHAVIOURS[slug].params(entity)}
    body = record(
        (),
        ids=several(WHOLE),
        filters=several({"type": "object"}),
        search=TEXT,
        expected_count=WHOLE,
        **{"except": several(WHOLE)},
        params=record((), **params),
        dry_run=FLAG | {"default": False},
    )
    summary, takes = f"{slug} {entity.plural}", (KEY,)
    return operation(summary, ref("Outcome"), takes=takes, body=sent(body), becomes_job=True)


def _import(entity: Entity) -> dict[str, Any]:
    """A file and how it is read; ``mapping`` and ``options`` as JSON in parts of the form."""
    return operation(
        f"import {entity.plural}",
        ref("ImportOutcome"),
        takes=(KEY,),
        body={"multipart/form-data": FILE},
        becomes_job=True,
    )


ATTACHED = record(
    ("id", "name", "size", "sha256", "content_type", "created_at", "created_by"),
    **dict.fromkeys(("id", "size"), WHOLE),
    **dict.fromkeys(("name", "sha256", "content_type"), TEXT),
    created_at=MOMENT,
    created_by=maybe(record(("id", "label"), id=WHOLE, label=TEXT)),
)
NUMBER = ID | {"name": "number"}


def _files(entity: Entity, granted: set[str]) -> dict[str, Any]:
    """The files attached to a record (R15)."""
    answer = record(("count", "result"), count=WHOLE, result=several(ATTACHED))
    several_of: dict[str, Any] = {"parameters": [ID]}
    several_of["get"] = operation(f"the files of a {entity.key}", answer)
    one: dict[str, Any] = {"parameters": [ID, NUMBER]}
    one["get"] = operation("a file", file=("application/octet-stream",))
    if "edit" in granted:
        made = record(("id", "result"), id=WHOLE, result=ATTACHED)
        body = {"multipart/form-data": record(("file",), file=TEXT | {"format": "binary"})}
        several_of["post"] = operation("attach a file", made, takes=(KEY,), body=body, status="201")
        one["delete"] = operation("remove a file", record(("id",), id=WHOLE), takes=(KEY,))
    base = f"/api/v1/{entity.plural}/{{id}}/files"
    return {base: several_of, f"{base}/{{number}}": one}


COMMENTER = record(("id", "label", "username"), id=WHOLE, label=TEXT, username=TEXT)
COMMENT = record(
    ("id", "text", "author", "mentions", "written_at", "edited_at", "is_deleted"),
    id=WHOLE,
    text=TEXT,
    author=COMMENTER,
    mentions=several(COMMENTER),
    written_at=MOMENT,
    edited_at=maybe(MOMENT),
    is_deleted=FLAG,
)


STEP = record(
    ("id", "text", "is_done", "done_at", "done_by"),
    id=WHOLE,
    text=TEXT,
    is_done=FLAG,
    done_at=maybe(MOMENT),
    done_by=maybe(COMMENTER),
)


def _checklist(entity: Entity, granted: set[str]) -> dict[str, Any]:
    """The small steps of a record (TASK)."""
    steps = record(("count", "done", "result"), count=WHOLE, done=WHOLE, result=several(STEP))
    several_of: dict[str, Any] = {"parameters": [ID]}
    several_of["get"] = operation(f"the checklist of a {entity.key}", steps)
    one: dict[str, Any] = {"parameters": [ID, NUMBER]}
    if "complete" in granted or "edit" in granted:
        body = sent(record((), text=TEXT, is_done=FLAG))
        one["put"] = operation("tick or reword a step", steps, takes=(KEY,), body=body)
    if "edit" in granted:
        body = sent(record(("text",), text=TEXT))
        several_of["post"] = operation("add steps", steps, takes=(KEY,), body=body, status="201")
        one["delete"] = operation("remove a step", steps, takes=(KEY,))
    base = f"/api/v1/{entity.plural}/{{id}}/checklist"
    return {base: several_of, f"{base}/{{number}}": one}


def _comments(entity: Entity) -> dict[str, Any]:
    """What people say about a record (NOTE)."""
    page = record(("count", "result"), count=WHOLE, result=several(COMMENT))
    body, made = (
        sent(record(("text",), text=TEXT)),
        record(("id", "result"), id=WHOLE, result=COMMENT),
    )
    said = f"the comments on a {entity.key}"
    several_of: dict[str, Any] = {"parameters": [ID], "get": operation(said, page, takes=(PAGED,))}
    several_of["post"] = operation("say something", made, takes=(KEY,), body=body, status="201")
    one: dict[str, Any] = {"parameters": [ID, NUMBER]}
    one["put"] = operation("put a comment otherwise", made, takes=(KEY,), body=body)
    one["delete"] = operation("delete a comment", record(("id",), id=WHOLE), takes=(KEY,))
    base = f"/api/v1/{entity.plural}/{{id}}/comments"
    return {base: several_of, f"{base}/{{number}}": one}


NAMED = record(("id", "label"), id=WHOLE, label=TEXT)
OPINION = record(
    ("id", "aspect", "value", "department", "note", "author", "at", "is_current"),
    id=WHOLE,
    **dict.fromkeys(("aspect", "value", "note"), TEXT),
    **dict.fromkeys(("department", "author"), NAMED),
    at=MOMENT,
    **dict.fromkeys(("is_current", "is_disputed", "is_taken_back"), FLAG),
)


def _opinions(entity: Entity) -> dict[str, Any]:
    """What departments think of a record and thought before (CUS-5)."""
    answer = record(("count", "result"), count=WHOLE, result=several(OPINION))
    return operation(f"what departments think of a {entity.key}", answer)


def schemas(entity: Entity) -> dict[str, Schema]:
    """How a record of the entity reads, and what of it may be written."""
    granted, name = granted_on(entity), entity.model.__name__
    if not granted:
        return {}
    reading = next((o for o in ("read", "list") if o in granted), next(iter(granted)))
    policy = Policy(actor(), entity, reading)
    seen = {f.key: fields.read(policy, f) for f in policy.readable.values()}
    own: dict[str, Schema] = {"id": WHOLE, "version": WHOLE, "masked": several(TEXT)}
    found = {name: record((), **own, **seen)}
    writing = next((o for o in ("create", "edit") if o in granted), None)
    if writing:
        writable = Policy(actor(), entity, writing).writable(creating=writing == "create")
        if "edit" in granted:
            writable |= primary.writable(entity)
        written = {key: fields.written(f) for key, f in writable.items()}
        found[f"{name}Write"] = record((), **written)
    return found
