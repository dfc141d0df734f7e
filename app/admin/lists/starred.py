"""The reader's stars on rows and records (LIST-5)."""

from typing import Any

from app.admin.lists.listed import Listed
from app.spec.entity import Entity
from app.store import stars
from app.store.context import actor


def starred(me: Listed, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with their stars, where the reader may open them."""
    if me.is_bin or not actor().rights.may(me.entity.key, "read"):
        return rows
    mine = stars.among(me.entity, [row["id"] for row in rows])
    return [{**row, **star_of(me.entity, row["id"], is_set=row["id"] in mine)} for row in rows]


def star_of(entity: Entity, record_id: int, *, is_set: bool) -> dict[str, Any]:
    """What the button that sets or takes a star needs to know."""
    return {"starred": is_set, "star_url": f"/{entity.plural}/star/{record_id}"}
