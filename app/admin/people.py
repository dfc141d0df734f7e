"""Choosing a person on a page that no entity declares."""

from collections.abc import Sequence
from typing import Any

from app.admin import forms
from app.spec.catalogue import catalogue
from app.store.context import actor


def picker(
    key: str,
    label: str,
    chosen: Any,
    *,
    unset: str = "",
    required: bool = False,
    errors: Sequence[Any] = (),
) -> dict[str, Any]:
    """An input for one person, by being typed for; ``unset`` is what nobody is called."""
    owned = [one for one in catalogue if one.responsible]
    entity = next((one for one in owned if actor().rights.may(one.key, "list")), owned[0])
    whose = entity.fields[entity.responsible]
    made = forms.control(entity, whose, chosen, errors=errors, offers=False)
    named = {"key": key, "label": label, "unset": unset, "required": required, "help": ""}
    return {**made, **named}
