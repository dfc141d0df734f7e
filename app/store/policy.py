"""Which fields of an entity somebody sees, how, and which he may write (PERM-6).

One policy is asked by lists, detail pages, forms, filters, sorting, search, exports, the API and
the history. A hidden or masked field can be neither filtered nor sorted by (C43).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask_babel import lazy_gettext as _l

from app.spec import masks
from app.spec.entity import STARRED, Entity
from app.spec.errors import BadRequest
from app.spec.field import Field, Level, Masking
from app.spec.kinds import OptionField
from app.spec.opinions import DISPUTED
from app.spec.private import OWN
from app.store.context import Actor
from app.store.rights import PoolSeat


@dataclass(frozen=True)
class Policy:
    """One person's view of one entity's fields while doing ``operation``.

    ``in_list`` tells rows of many records from a single record's page: some masks hold in lists
    only.
    """

    actor: Actor
    entity: Entity
    operation: str = "read"
    in_list: bool = False
    in_pools: bool = False
    """Rows in pools are looked at: only what a pool shows its members can be filtered by."""

    @cached_property
    def levels(self) -> dict[str, Level]:
        return self.actor.rights.levels(self.entity.key, self.entity.fields, self.operation)

    @cached_property
    def masked(self) -> frozenset[str]:
        """The fields shown as a mask."""
        rights, least = self.actor.rights, Masking.LIST if self.in_list else Masking.ALL
        return frozenset(
            key
            for key, field in self.entity.fields.items()
            if field.mask and rights.masking(self.entity.key, key, self.operation) >= least
        )

    @cached_property
    def readable(self) -> dict[str, Field]:
        """The fields that exist for this reader; hidden ones are absent everywhere."""
        return {
            key: field
            for key, field in self.entity.fields.items()
            if self.levels[key] >= Level.READ
        }

    @cached_property
    def plain(self) -> dict[str, Field]:
        """The fields he reads unmasked: the only ones to filter, sort and search by."""
        limit = self._pool_limit() if self.in_pools else None
        return {
            key: field
            for key, field in self.readable.items()
            if key not in self.masked and (limit is None or key in limit)
        }

    def _pool_limit(self) -> frozenset[str] | None:
        """The columns that every pool shows to this reader; None when he sees them all."""
        rights = self.actor.rights
        limits = [self._seat_columns(s) for s in self._seats() if not s.is_admin]
        if rights.is_super or not limits:
            return None
        return frozenset.intersection(*limits)

    def _seats(self) -> list[PoolSeat]:
        """The reader's places in pools that hold this entity."""
        seats = self.actor.rights.pools.values()
        return [seat for seat in seats if seat.kind == self.entity.plural]

    def _seat_columns(self, seat: PoolSeat | None) -> frozenset[str]:
        listed = frozenset(f.key for f in self.entity.fields.values() if f.listed)
        chosen = seat.columns if seat is not None and seat.columns else listed
        return chosen | {self.entity.title, "pool", "pooled_at"}

    def writable(self, *, creating: bool) -> dict[str, Field]:
        """The fields of his form: editable for his roles, not the system's own."""
        return {
            key: field
            for key, field in self.entity.fields.items()
            if self.levels[key] >= Level.EDIT and not field.system and (creating or field.editable)
        }

    @cached_property
    def conditions(self) -> dict[str, Field]:
        """What he may filter by: fields he reads unmasked, his stars, tags and notes (CUS-8), and
        whether departments differ (CUS-5)."""
        plain = {key: field for key, field in self.plain.items() if field.filterable}
        own: Mapping[str, Field] = OWN if self.entity.is_owned else {}
        disputed = {DISPUTED.key: DISPUTED} if self.aspects else {}
        return {**plain, STARRED.key: STARRED, **own, **disputed}

    @cached_property
    def aspects(self) -> dict[str, OptionField]:
        """What departments judge that he may know (CUS-5): a pool shows its members columns."""
        if self.in_pools and self._pool_limit() is not None:
            return {}
        fields, found = self.entity.fields, self.entity.aspects
        return {key: f for key, f in found.items() if key not in fields or key in self.plain}

    def filterable(self, key: str) -> Field:
        """The field to filter by; 400 for unknown, hidden, masked or unfilterable ones."""
        field = self.conditions.get(key)
        if field is None:
            raise BadRequest(_l("There is no column %(name)s to filter by.", name=key))
        return field

    def sortable(self, key: str) -> Field:
        """The field to order by; 400 for everything else."""
        field = self.plain.get(key)
        if field is None or not field.sortable:
            raise BadRequest(_l("There is no column %(name)s to sort by.", name=key))
        return field

    @property
    def searched(self) -> list[Field]:
        """The fields his searches look into: those he reads in full, the title first."""
        return [f for f in self.entity.searched if f.key in self.plain]

    def visible(self, record: Any, fields: Iterable[Field]) -> list[Field]:
        """Those of ``fields`` that this record shows: a pool shows its members fewer (POOL-1)."""
        columns = self.pool_columns(record)
        return [f for f in fields if columns is None or f.key in columns]

    def pool_columns(self, record: Any) -> frozenset[str] | None:
        """The columns a mere pool member sees of a record in a pool; None: no such limit."""
        return self.columns_in(getattr(record, "pool_id", None) if self.entity.is_pooled else None)

    def columns_in(self, pool_id: int | None) -> frozenset[str] | None:
        """The columns a mere member sees of records in that pool; None: no such limit."""
        if pool_id is None or self.actor.rights.is_super:
            return None
        seat = self.actor.rights.pools.get(pool_id)
        return None if seat is not None and seat.is_admin else self._seat_columns(seat)

    def shown(self, field: Field, value: Any) -> Any:
        """The value as this reader gets it: itself, or its mask as text."""
        if value is None or field.mask is None or field.key not in self.masked:
            return value
        return masks.mask(field.mask, field.to_text(value))
