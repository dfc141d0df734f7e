"""The checklist of a record: a panel of its steps, ticked by one click (TASK)."""

from collections.abc import Mapping
from typing import Any

from flask_wtf.csrf import generate_csrf

from app.admin import cells, forms
from app.admin.record import panels
from app.admin.record.panels import Panel, Seen
from app.operations.checking import LONGEST, MOST, WRITING
from app.spec.words import Label, either
from app.store import checklists
from app.store.checklists import Line

TEMPLATE = "panels/checklist.html"
TICKED_BY = frozenset({"complete", "resume"})
"""Whoever is offered one of these may tick."""


def _content(seen: Seen) -> Mapping[str, Any] | None:
    """The steps; nothing where there are none and the reader may add none."""
    may_write = WRITING in seen.offered
    if not seen.entity.has_checklist:
        return None
    lines = checklists.of(seen.entity.key, seen.record.id)
    if not lines and not may_write:
        return None
    done = sum(line.is_done for line in lines)
    return {
        "action": f"/{seen.entity.plural}/checklist/{seen.record.id}",
        "hidden": [("csrf_token", generate_csrf())],
        "nonce": forms.nonce,
        "longest": LONGEST,
        "has_room": may_write and len(lines) < MOST,
        "may_write": may_write,
        "may_tick": bool(TICKED_BY & seen.offered),
        "progress": f"{done}/{len(lines)}" if lines else "",
        "share": 100 * done // len(lines) if lines else 0,
        "lines": [_line(line, n, len(lines)) for n, line in enumerate(lines, start=1)],
        "typed": "",
        "error": "",
    }


def _line(line: Line, at: int, last: int) -> dict[str, Any]:
    return {
        "id": line.id,
        "text": line.text,
        "is_done": line.is_done,
        "who": either(*line.done_by[2:]) if line.done_by else "",
        "when": cells.moment(line.done_at) if line.done_at else "",
        "is_first": at == 1,
        "is_last": at == last,
    }


panels.declare(
    Panel("checklist", Label("Checklist", "检查清单"), "list-check", TEMPLATE, _content, rank=5)
)
