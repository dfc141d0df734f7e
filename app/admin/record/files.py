"""The files tab of a record: what is attached, what was removed, a place to drop more (R15)."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_wtf.csrf import generate_csrf

from app.admin import cells, forms
from app.admin.record.panels import Seen
from app.spec import files
from app.spec.catalogue import catalogue
from app.spec.settings import value
from app.store import attachments, titles
from app.store.attachments import Attachment


def screen(seen: Seen, offered: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The files, and to whoever may edit the record the way to add, remove and bring back."""
    entity, number = seen.entity, seen.record.id
    may_edit = any(one["slug"] == "edit" for one in offered)
    here = attachments.of(entity.key, number)
    gone = attachments.of(entity.key, number, removed=True) if may_edit else []
    people = [f.created_by_id for f in (*here, *gone) if f.created_by_id]
    names = titles.by_ids(catalogue.get("user"), people)
    base = f"/{entity.plural}/files/{number}"
    return {
        "action": base if may_edit else "",
        "hidden": [("csrf_token", generate_csrf()), ("form_nonce", forms.nonce())],
        "accept": ",".join(f".{kind}" for kind in files.taken()),
        "kinds": " ".join(files.taken()),
        "most_mb": value(files.MOST_MB),
        "kept_days": value(files.BIN_DAYS),
        "files": [_row(file, base, names) for file in here],
        "removed": [_row(file, base, names) for file in gone],
        "errors": [],
    }


def _row(file: Attachment, base: str, names: Mapping[int, str]) -> dict[str, Any]:
    return {
        **shown(file, base),
        "id": file.id,
        "who": names.get(file.created_by_id or 0, ""),
        "when": cells.moment(file.created_at),
    }


def shown(file: Attachment, base: str) -> dict[str, Any]:
    """A file and where to fetch it; a small copy to look at where it is a picture (C65)."""
    url = f"{base}/{file.id}"
    return {
        "name": file.name,
        "size": cells.file_size(file.size),
        "url": url,
        "preview_url": f"{url}/preview" if file.preview else "",
    }
