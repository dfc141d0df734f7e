"""What the pages of an import show at each of its steps."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from app.admin import forms, lists
from app.admin.importing.work import page_of
from app.admin.job_pages import job_state
from app.admin.undo_pages import undo_state
from app.operations.importing import applying, headers, options, sheets
from app.operations.importing.applying import labels_of
from app.operations.importing.plan import ALIKE, told_reason
from app.operations.undoing import UNDO_DAYS
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import Refusal
from app.spec.plurals import ngettext
from app.spec.settings import value
from app.spec.words import listed
from app.store import imports, jobs, runs
from app.store.context import actor
from app.store.imports import Import
from app.store.policy import Policy

EXAMPLES, SHOWN = 3, 100
COLUMN, DEFAULT = "map-", "default-"
"""How the inputs of the mapping and of the values for all rows are named."""


def frame(entity: Entity, step: str, refusal: Refusal | None = None) -> dict[str, Any]:
    """What every step shows: where one is, what is wrong, the way back."""
    base = f"/{entity.plural}"
    wrong = [str(one) for some in refusal.fields.values() for one in some] if refusal else []
    errors = wrong or ([str(refusal.message)] if refusal else [])
    return {
        "entity": lists.head(entity),
        "title": _("Import %(kind)s", kind=entity.many),
        "step": step,
        "errors": errors,
        "back_url": f"{base}/list/",
        "import_url": f"{base}/import",
        "template_url": f"{base}/import/template",
        "hidden": [("csrf_token", generate_csrf()), ("form_nonce", forms.nonce())],
    }


def upload(entity: Entity, refusal: Refusal | None = None) -> dict[str, Any]:
    """Choosing a file."""
    return frame(entity, "upload", refusal) | {
        "accept": ",".join(f".{kind}" for kind in sheets.KINDS),
        "limits": _(
            "xlsx, xls or csv, at most %(rows)s rows and %(mb)s MB.",
            rows=f"{value(options.MOST_ROWS):,}",
            mb=value(options.MOST_MB),
        ),
        "most_mb": value(options.MOST_MB),
    }


def _about(file: Import) -> dict[str, Any]:
    return {
        "name": file.name,
        "rows": ngettext("%(num)s row", "%(num)s rows", file.total),
        "sheet": file.sheet,
    }


def _sheets(file: Import) -> dict[str, Any]:
    """The sheets of the workbook: those to choose from, and those that can't be."""
    found = imports.beside(file)
    there = {one.sheet for one in found}
    return {
        "sheets": [
            {
                "name": one.sheet,
                "rows": ngettext("%(num)s row", "%(num)s rows", one.total),
                "url": page_of(one),
                "here": one.id == file.id,
                "done": one.operation_id is not None,
            }
            for one in found
            if len(found) > 1
        ],
        "other_sheets": listed(name for name in file.sheets if name[:120] not in there),
    }


def settings(
    file: Import, raw: Mapping[str, Any] | None = None, refusal: Refusal | None = None
) -> dict[str, Any]:
    """Which column means what, and how the import is to be done."""
    entity = catalogue.get(file.entity)
    raw = file.options if raw is None else raw
    errors = refusal.fields if refusal else {}
    own = {f.key: f for f in options.params(entity)}
    defaults = raw.get(options.DEFAULTS) or {}
    others = {k: s for k, s in errors.items() if k not in own}
    shown = Refusal(refusal.message, fields=others) if refusal else None
    return frame(entity, "settings", shown) | {
        "file": _about(file) | _sheets(file),
        "action": f"/{entity.plural}/import/{file.id}",
        "columns": _columns(entity, file),
        "fields": [
            forms.control(entity, f, raw.get(key, f.initial()), errors=errors.get(key, ()))
            for key, f in own.items()
        ],
        "defaults": [
            forms.control(entity, f, defaults.get(key, "")) | {"key": DEFAULT + key, "required": 0}
            for key, f in options.defaultable(entity).items()
        ],
        "defaults_open": bool(defaults),
    }


def _columns(entity: Entity, file: Import) -> list[dict[str, Any]]:
    """Each column with what stands in its first rows and the fields it may mean."""
    fields = headers.importable(entity, Policy(actor(), entity, "import"))
    first = [cells for _line, cells in (imports.part(file.id, 0) or ())[:EXAMPLES]]
    choices = [
        {"code": key, "label": f"{f.label}*" if f.required else str(f.label)}
        for key, f in fields.items()
    ]
    readable = Policy(actor(), entity, "read").readable.values()
    names = headers.names_of(entity, {f.key: f for f in readable if f.key not in fields})
    return [
        {
            "name": f"{COLUMN}{place}",
            "heading": heading,
            "examples": [cells[place] for cells in first if len(cells) > place and cells[place]],
            "value": file.mapping.get(heading, ""),
            "choices": choices,
            "note": _("Written by the program: not imported.")
            if headers.plain(heading) in names
            else "",
        }
        for place, heading in enumerate(file.headings)
    ]


def preview(file: Import) -> dict[str, Any]:
    """What the dry run has said, or how far it is."""
    entity = catalogue.get(file.entity)
    job = jobs.own(file.job_id) if file.job_id and not file.rehearsal else None
    base = f"/{entity.plural}/import/{file.id}"
    return frame(entity, "preview") | {
        "file": _about(file),
        "action": base,
        "report_url": base,
        "job": job_state(job) if job else {},
        "run": _rehearsed(entity, file.rehearsal) if file.rehearsal else {},
        "undo_days": value(UNDO_DAYS),
        "settings_url": f"{base}?step=settings",
    }


def _rehearsed(entity: Entity, found: Mapping[str, Any]) -> dict[str, Any]:
    labels = applying.labels_of(entity)
    sample = [{**one, "field": labels.get(one["field"], one["field"])} for one in found["sample"]]
    return {
        **found,
        "sample": sample,
        "goes": found["created"] + found["updated"],
        "rows": [_row(one["line"], one["outcome"], one["reason"]) for one in found["rows"]],
        "more": max(found["skipped"] + found["failed"] - len(found["rows"]), 0),
    }


def _row(line: int, outcome: str, reason: str) -> dict[str, Any]:
    return {"line": line, "failed": outcome == "failed", "reason": reason}


def report(file: Import) -> dict[str, Any]:
    """What became of the rows, while it is done and afterwards."""
    entity = catalogue.get(file.entity)
    number = file.operation_id or 0
    job = jobs.of_runs([number]).get(number)
    left = imports.lines(file.id, limit=SHOWN)
    base = f"/{entity.plural}/import/{file.id}"
    reasons, labels = imports.reasons(file.id, ALIKE), labels_of(entity)
    counts = {key: getattr(file, key) for key in ("created", "updated", "skipped", "failed")}
    return frame(entity, "report") | {
        "file": _about(file) | _sheets(file),
        "report_url": base,
        "job": job_state(job) if job and job.state != "done" else {},
        "run": counts
        | {
            "reasons": [
                {"text": told_reason(code, kept, labels), "count": n} for code, kept, n in reasons
            ],
            "rows": [
                _row(one.line, one.outcome, told_reason(one.code, one.reason, labels))
                for one in left
            ],
            "more": max(file.skipped + file.failed - len(left), 0),
        },
        "undo": undo_state(runs.own(number)),
        "failed_url": f"{base}/failed" if file.failed and not file.is_forgotten else "",
    }
