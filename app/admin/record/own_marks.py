"""One's own marks on a record: private notes and private tags, each in a panel (CUS-8).

Notes are plain text; the page makes links of the web addresses in them and keeps their lines.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from flask import request
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape

from app.admin import cells, forms, state
from app.admin.once import once
from app.admin.record import panels
from app.admin.record.panels import Panel, Seen
from app.spec.entity import Entity
from app.spec.errors import WrongVerb
from app.spec.private import MY_TAGS, parted
from app.spec.words import Label
from app.store import door, private
from app.store.idempotency import Replay

_ADDRESS = re.compile(r"https?://[^\s<>\"'，。；、）)]+")


def put_note(entity: Entity, pk: int) -> str:
    """Write, change or remove a note from what was posted; answers where to go on."""
    _demand_readable(entity, pk)
    text = "" if request.form.get("then") == "remove" else request.form.get("text", "")
    note = state.whole(request.form.get("note"), 0)
    return _done(entity, pk, lambda: private.write_note(entity.key, pk, text, note))


def put_tags(entity: Entity, pk: int) -> str:
    """Make the posted words, separated by commas, one's own tags on the record."""
    _demand_readable(entity, pk)
    words = parted(request.form.get("tags", ""))
    return _done(entity, pk, lambda: private.put_tags(entity.key, pk, words))


def _demand_readable(entity: Entity, pk: int) -> None:
    """405 for records that nobody works on, 403 and 404 as for reading them."""
    if not entity.is_owned:
        raise WrongVerb
    door.fetch(entity, pk, "read", [entity.fields[entity.title]])


def _done(entity: Entity, pk: int, effect: Callable[[], object]) -> str:
    page = f"/{entity.plural}/show/{pk}"

    def written() -> Replay:
        effect()
        return Replay(302, {"Location": page}, {})

    once(request.form.get("form_nonce"), written)
    return page


def linked(text: str) -> Markup:
    """Plain text for a page: its lines kept, web addresses made links, everything else escaped."""
    parts, at = [], 0
    for found in _ADDRESS.finditer(text):
        parts += [escape(text[at : found.start()]), _link(found[0])]
        at = found.end()
    whole = Markup("").join([*parts, escape(text[at:])])
    return Markup("<br>").join(whole.split("\n"))


def _link(address: str) -> Markup:
    return Markup('<a href="{}" rel="noopener noreferrer nofollow" target="_blank">{}</a>').format(
        address, address
    )


def _notes(seen: Seen) -> Mapping[str, Any] | None:
    """What the reader alone noted about the record."""
    if not seen.entity.is_owned:
        return None
    notes = seen.own.notes
    return {
        "action": f"/{seen.entity.plural}/note/{seen.record.id}",
        "csrf_token": generate_csrf(),
        "nonce": forms.nonce(),
        "longest": private.LONGEST_NOTE,
        "notes": [
            {
                "id": note.number,
                "text": note.text,
                "html": linked(note.text),
                "when": cells.moment(note.written_at),
                "nonce": forms.nonce(),
            }
            for note in notes
        ],
    }


def _tags(seen: Seen) -> Mapping[str, Any] | None:
    """The reader's own tags on the record, each leading to all records that bear it."""
    if not seen.entity.is_owned:
        return None
    mine = seen.own.tags
    return {
        "action": f"/{seen.entity.plural}/mark/{seen.record.id}",
        "csrf_token": generate_csrf(),
        "nonce": forms.nonce(),
        "tags": [{"text": tag, "url": _bearing(seen, tag)} for tag in mine if mine[tag]],
        "known": [tag for tag in mine if not mine[tag]],
    }


def _bearing(seen: Seen, tag: str) -> str:
    condition = {"col": MY_TAGS.key, "opr": "any", "value": [tag]}
    listed = state.ListState(f"/{seen.entity.plural}/list/", conditions=(condition,))
    return listed.url()


panels.declare(
    Panel(
        "private_notes",
        Label("Private notes", "私人笔记"),
        "note",
        "panels/private_notes.html",
        _notes,
        rank=80,
    )
)
panels.declare(
    Panel(
        "private_tags",
        Label("Private tags", "私人标签"),
        "tag",
        "panels/private_tags.html",
        _tags,
        rank=70,
    )
)
