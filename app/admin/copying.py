"""A new record that starts as a copy of another (UI-15)."""

from collections.abc import Mapping
from typing import Any

from app.admin import forms
from app.spec.field import Field
from app.store import door
from app.store.policy import Policy


def values(creating: Policy, fields: Mapping[str, Field], source_id: int) -> dict[str, Any]:
    """What the form of a new record takes over from a record that its reader may read.

    Only what he reads in full; nothing that must be unique. NotPermitted, NotFound.
    """
    entity = creating.entity
    policy = Policy(creating.actor, entity, "read")
    source = door.fetch(entity, source_id, "read", policy.readable.values())
    plain = [f for f in policy.readable.values() if f.key in fields and f.key not in policy.masked]
    taken = [f for f in policy.visible(source, plain) if not f.is_unique]
    stored = door.values_of(entity, source, taken)
    return forms.stored_values(policy, taken, stored)
