"""The leads of the demo company: people who asked, and where they work."""

from collections.abc import Iterator, Sequence
from datetime import date
from random import Random
from typing import Any

from app.demo.company import UserRow
from app.demo.history import Historian, lock, seats
from app.demo.names import CompanyName, CompanyNames, PersonName, PersonNames
from app.demo.particulars import LEVELS, REMARKS, SOURCES, TAGS, Mobiles, landline, place_of
from app.demo.spread import Moments, Spread

_KNOWN_EVERY = 33
Row = dict[str, Any]


def leads(n: int, seed: int, today: date, users: Sequence[UserRow]) -> Iterator[Row]:
    """``n`` leads with the columns of contract §4, spread like the customers of that seed.

    ``key``, ``team``, people and ``pool`` as in ``customers``. Three in a hundred work at a
    company that is a customer already, so that duplicates can be seen (CUS-7).
    """
    maker = _Leads(n, seed, today, users)
    return (maker.row(number) for number in range(n))


class _Leads:
    def __init__(self, n: int, seed: int, today: date, users: Sequence[UserRow]) -> None:
        self._rng = Random(f"leads/{seed}")  # noqa: S311 - demo data, nothing secret
        self._today = today
        self._companies = CompanyNames(seed)
        self._people = PersonNames(seed + 1)
        self._mobiles = Mobiles("lead", seed)
        self._spread = Spread(n, seed + 1, users)
        self._historian = Historian(self._spread, Moments(today, self._rng), self._rng)

    def row(self, number: int) -> Row:
        is_english = number % 5 == 2
        # From the other end of the list of names, where no customer is.
        which = number if number % _KNOWN_EVERY == 0 else -1 - number
        company = (self._companies.english if is_english else self._companies.chinese)(which)
        person = (self._people.english if is_english else self._people.chinese)(number)
        place = self._spread.place(number)
        past, _ = self._historian.tell(place)
        return {
            "key": number + 1,
            **self._identity(number, person, company),
            "owner": place.owner,
            "pool": None if place.owner else True,
            **lock(place, self._today, self._rng),
            "team": seats(place, self._today, self._rng),
            "is_converted": False,
            **past,
        }

    def _identity(self, number: int, person: PersonName, company: CompanyName) -> Row:
        rng = self._rng
        random = rng.random
        address = f"{person.mail_word}@{company.domain_word}.example.com"
        return {
            "name": person.name,
            "company": company.name,
            "mobile": self._mobiles.number(number),
            "phone": landline(rng, company.city) if random() < 0.3 else None,
            "email": address if random() < 0.6 else None,
            "source": SOURCES[int(10 * random())],
            "industry": company.trade.industry,
            "level": LEVELS[int(10 * random())],
            **place_of(rng, company.city),
            "remark": REMARKS[int(10 * random())],
            "tags": TAGS[int(10 * random())],
        }
