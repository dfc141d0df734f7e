"""What a description is made of: operations with their arguments, bodies and answers."""

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
ANYTHING: Schema = {}

ERRORS = {
    "400": "Unknown argument, operator or column",
    "401": "Not logged in",
    "403": "Not permitted",
    "404": "Unknown or out of scope",
    "409": "Conflict",
    "410": "Too late",
    "412": "Stale version",
    "413": "Too large",
    "415": "Not JSON",
    "422": "Invalid values",
    "428": "Version required",
    "429": "Throttled",
    "503": "Busy; try again",
}
JOB_STARTED = "A job does it"


def ref(name: str) -> Schema:
    """A schema by its name among the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def several(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def record(required: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    """An object; what isn't ``required`` may be missing."""
    found: Schema = {"type": "object", "properties": properties}
    return found | {"required": list(required)} if required else found


def maybe(schema: Schema) -> Schema:
    """The same, or null."""
    if isinstance(schema.get("type"), str):
        return schema | {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def operation(
    summary: str,
    answer: Schema | None = None,
    *,
    takes: tuple[Schema, ...] = (),
    body: Mapping[str, Schema] | None = None,
    status: str = "200",
    becomes_job: bool = False,
    file: tuple[str, ...] = (),
) -> dict[str, Any]:
    """One verb of one path.

    ``answer`` is the schema of its JSON, ``file`` the media types of a file it may answer with
    instead; ``takes`` are its parameters, ``body`` what is sent, by media type.
    """
    contents = {"application/json": {"schema": answer}} if answer is not None else {}
    contents |= {kind: {"schema": TEXT | {"format": "binary"}} for kind in file}
    done: dict[str, Any] = {"description": "Done"} | ({"content": contents} if contents else {})
    responses: dict[str, Any] = {status: done}
    if becomes_job:
        responses["202"] = {"description": JOB_STARTED} | _json(ref("Started"))
    responses |= {
        code: {"description": text} | _json(ref("Error")) for code, text in ERRORS.items()
    }
    found: dict[str, Any] = {"summary": summary, "parameters": [*takes], "responses": responses}
    if body:
        content = {kind: {"schema": schema} for kind, schema in body.items()}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _json(schema: Schema) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def sent(schema: Schema) -> dict[str, Schema]:
    """A body of JSON."""
    return {"application/json": schema}


def query(name: str, schema: Schema, description: str = "", *, required: bool = False) -> Schema:
    """An argument after the question mark."""
    found: Schema = {"name": name, "in": "query", "schema": schema}
    found |= {"description": description} if description else {}
    return found | {"required": True} if required else found


ID: Schema = {"name": "id", "in": "path", "required": True, "schema": WHOLE}
IF_MATCH: Schema = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "schema": TEXT | {"examples": ['"7"']},
}
KEY: Schema = {"name": "Idempotency-Key", "in": "header", "schema": TEXT | {"maxLength": 255}}

COMMON: dict[str, Schema] = {
    "Error": record(
        ("code", "message", "fields", "request_id"),
        code=TEXT,
        message=TEXT,
        fields={"type": "object"},
        request_id=TEXT,
    ),
    "Linked": record(("id", "label"), id=WHOLE, label=TEXT, username=TEXT),
    "Started": record(
        (), job_id=maybe(WHOLE), operation_id=WHOLE, import_id=WHOLE, dry_run=FLAG, state=TEXT
    ),
    "Skipped": record(("id", "code", "reason"), id=WHOLE, code=TEXT, reason=TEXT),
    "Outcome": record(
        ("total", "skipped"),
        dry_run=FLAG,
        operation_id=WHOLE,
        total=WHOLE,
        done=WHOLE,
        will_change=WHOLE,
        looked_at=WHOLE,
        warnings=several(TEXT),
        skipped=several(ref("Skipped")),
        failed=several(ref("Skipped")),
        reasons=several(record(("code", "text", "count"), code=TEXT, text=TEXT, count=WHOLE)),
        notified=several(record(("user", "count"), user={"type": "object"}, count=WHOLE)),
        receivers=several(
            record(("user", "count"), user={"type": "object"}, count=WHOLE, used=WHOLE, most=WHOLE)
        ),
        along=several(
            record(("kind", "count", "skipped"), kind=TEXT, count=WHOLE, skipped={"type": "object"})
        ),
        sample=several(
            record(("id", "field", "old", "new"), id=WHOLE, field=TEXT, old=ANYTHING, new=ANYTHING)
        ),
        download=TEXT,
    ),
}
"""What several parts of the API answer with; an outcome is of a dry run or of a run."""


def page_of(schema: Schema) -> Schema:
    """The answer of a list."""
    return record(
        ("count", "count_exact", "ids", "result"),
        count=WHOLE,
        count_exact=FLAG,
        ids=several(WHOLE),
        result=several(schema),
    )


def one_of(schema: Schema) -> Schema:
    """The answer about one record; only its id for a writer who may not read it."""
    return record(("id",), id=WHOLE, result=schema)
