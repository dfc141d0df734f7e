"""Each person's own arrangement of the cards: order and what is hidden, kept as a preference."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.pages.dashboard.cards import CARDS
from app.spec.errors import BadRequest

KEY = "dashboard.layout"


@dataclass(frozen=True)
class Layout:
    """All cards in order, and the hidden ones among them."""

    order: tuple[str, ...] = tuple(CARDS)
    hidden: frozenset[str] = frozenset()

    def ordered(self, keys: Iterable[str]) -> "Layout":
        """These cards first, in this order; those not named keep their places behind."""
        first = tuple(dict.fromkeys(_known(key) for key in keys))
        return replace(self, order=(*first, *(key for key in self.order if key not in first)))

    def moved(self, key: str, step: int, among: Sequence[str]) -> "Layout":
        """That card one place up (-1) or down (1) among those that are shown."""
        if key not in among:
            raise BadRequest
        line = [other for other in among if other != key]
        line.insert(max(0, among.index(key) + step), key)
        return self.ordered(line)

    def without(self, key: str) -> "Layout":
        return replace(self, hidden=self.hidden | {_known(key)})

    def showing(self, key: str) -> "Layout":
        return replace(self, hidden=self.hidden - {_known(key)})

    def to_json(self) -> dict[str, Any]:
        return {"order": list(self.order), "hidden": sorted(self.hidden)}


def stored(kept: Any) -> Layout:
    """The arrangement that was remembered; cards that are gone drop out, new ones come last."""
    if not isinstance(kept, dict):
        return Layout()
    order = [key for key in kept.get("order", ()) if key in CARDS]
    hidden = frozenset(key for key in kept.get("hidden", ()) if key in CARDS)
    return replace(Layout().ordered(order), hidden=hidden)


def _known(key: str) -> str:
    if key not in CARDS:
        raise BadRequest
    return key
