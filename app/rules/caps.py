"""Rules of caps: what is limited can happen, and everybody obeys on his next request (POOL-9)."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l

from app.operations.rules import Rules
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import Invalid
from app.store import access
from app.store.cap_rules import LOCKED

NO_LOCKS = _l("Records of this kind are never locked.")


class CapRules(Rules):
    looks_at = ("kind", "counted")

    def before_create(self, entity: Entity, values: dict[str, Any]) -> None:
        _check(values)

    def before_change(
        self, entity: Entity, record_id: int, before: Mapping[str, Any], values: dict[str, Any]
    ) -> None:
        _check({**before, **values})

    def after_write(self, entity: Entity, ids: Sequence[int]) -> None:
        access.touch()


def _check(values: Mapping[str, Any]) -> None:
    """Invalid for a limit on locks of what has none."""
    kind = next((one for one in catalogue if one.plural == values.get("kind")), None)
    if kind and values.get("counted") == LOCKED and "lock" not in kind.operations:
        raise Invalid(fields={"counted": [NO_LOCKS]})
