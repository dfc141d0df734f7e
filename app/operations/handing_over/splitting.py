"""Who gets what of a leaver's book: by count, level, region or hand (XFER-6).

What hangs on a record goes with it: a contact to whoever gets its customer.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.operations.handing_over.places import LEVEL, REGION, Book, Held, places

COUNT, STAY = "count", "stay"
WAYS = (COUNT, LEVEL, REGION, STAY)
"""How a kind can be split, besides giving all of it to one: then that one's number is named."""


@dataclass(frozen=True)
class Split:
    """How what he has in one place is split."""

    how: str = COUNT
    """One of ``WAYS``, or the number of a receiver."""
    groups: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """What was decided by hand of those with that value in that field: a number, or ``STAY``."""

    def by_hand(self, one: Held) -> str:
        for key, value in one.groups.items():
            if (decided := self.groups.get((key, str(value or "")))) is not None:
                return decided
        return ""


@dataclass(frozen=True, slots=True)
class Share:
    """A record that goes to somebody; with ``follows`` because of what it hangs on."""

    place: str
    record: int
    receiver: int
    follows: bool = False


@dataclass
class Shares:
    """Everything that goes, in the order in which it is done, and what stays."""

    going: list[Share] = field(default_factory=list)
    staying: dict[str, int] = field(default_factory=dict)


def shares(book: Book, receivers: Sequence[int], splits: Mapping[str, Split]) -> Shares:
    """Who gets what. The same book, receivers and rules give the same answer."""
    found = Shares()
    given: dict[tuple[str, int], int] = {}
    for key in places():
        if key not in book.held:
            continue
        own: list[Held] = []
        mine: dict[int, Share] = {}
        for one in book.held[key]:
            ahead = (given.get(parent) for parent in one.hangs_on)
            receiver = next((person for person in ahead if person), None)
            if receiver is None:
                own.append(one)
            else:
                mine[one.id] = Share(key, one.id, receiver, follows=True)
        dealt = deal(own, receivers, splits.get(key, Split()))
        mine |= {i: Share(key, i, person) for i, person in dealt.items() if person}
        given |= {(key, i): share.receiver for i, share in mine.items()}
        found.going += [mine[i] for i in sorted(mine)]
        if stays := len(book.held[key]) - len(mine):
            found.staying[key] = stays
    return found


def deal(rows: Sequence[Held], receivers: Sequence[int], split: Split) -> dict[int, int | None]:
    """The receiver of each of these records, None for those that stay."""
    found: dict[int, int | None] = {}
    rest: list[Held] = []
    for one in rows:
        decided = split.by_hand(one) or (split.how if split.how not in WAYS else "")
        if decided or split.how == STAY:
            found[one.id] = int(decided) if decided.isdecimal() else None
        else:
            rest.append(one)
    if split.how == REGION:
        return found | _by_region(rest, receivers)
    if split.how == LEVEL:  # the turns go on from level to level: each is even, and so is the sum
        rest.sort(key=lambda one: str(one.groups.get(LEVEL) or "~"))
    return found | {one.id: receivers[n % len(receivers)] for n, one in enumerate(rest)}


def _by_region(rows: Iterable[Held], receivers: Sequence[int]) -> dict[int, int | None]:
    """A region stays together, the largest first to whoever has the fewest by then.

    Records without a region even out at the end.
    """
    regions: dict[str, list[int]] = defaultdict(list)
    for one in rows:
        regions[str(one.groups.get(REGION) or "")].append(one.id)
    loose = regions.pop("", [])
    groups = sorted(regions.values(), key=lambda ids: (-len(ids), ids[0]))
    loads = dict.fromkeys(receivers, 0)
    found: dict[int, int | None] = {}
    for ids in (*groups, *([one] for one in loose)):
        receiver = min(receivers, key=lambda person: loads[person])
        loads[receiver] += len(ids)
        found |= dict.fromkeys(ids, receiver)
    return found
