"""The customers of the demo company, one dictionary of column values after the other."""

from collections.abc import Iterator, Sequence
from datetime import date
from random import Random
from typing import Any

from app.demo.company import UserRow
from app.demo.history import Historian, lock, seats
from app.demo.names import CompanyName, CompanyNames
from app.demo.particulars import (
    EMPLOYEE_RANGES,
    LEVELS,
    REMARKS,
    REVENUES,
    SOURCES,
    TAGS,
    CreditCodes,
    Mobiles,
    landline,
    place_of,
)
from app.demo.spread import Moments, Place, Spread

_WON = 0.3
Row = dict[str, Any]


def customers(n: int, seed: int, today: date, users: Sequence[UserRow]) -> Iterator[Row]:
    """``n`` customers with the columns of contract §4, and two keys that are no columns.

    ``key`` numbers them from 1, ``team`` lists the seats; people are usernames; ``pool`` is True
    in the default pool, else None. ``primary_contact`` is left to whoever stores the contacts.
    One in five has an English name.
    """
    maker = _Customers(n, seed, today, users)
    return (maker.row(number) for number in range(n))


class _Customers:
    def __init__(self, n: int, seed: int, today: date, users: Sequence[UserRow]) -> None:
        self._rng = Random(f"customers/{seed}")  # noqa: S311 - demo data, nothing secret
        self._today = today
        self._names = CompanyNames(seed)
        self._mobiles = Mobiles("customer", seed)
        self._codes = CreditCodes(seed)
        self._spread = Spread(n, seed, users)
        self._moments = Moments(today, self._rng)
        self._historian = Historian(self._spread, self._moments, self._rng)

    def row(self, number: int) -> Row:
        is_english = number % 5 == 2
        company = (self._names.english if is_english else self._names.chinese)(number)
        place = self._spread.place(number)
        past, obtained = self._historian.tell(place)
        return {
            "key": number + 1,
            **self._identity(number, company),
            **self._business(number, company),
            **self._ownership(place),
            **past,
            **self._sale(place, obtained),
        }

    def _identity(self, number: int, company: CompanyName) -> Row:
        rng = self._rng
        random, city = rng.random, company.city
        domain = f"{company.domain_word}{number + 1}.example.com"
        return {
            "name": company.name,
            "name_en": company.name_en,
            "short_name": company.short_name,
            "mobile": self._mobiles.number(number),
            "phone": landline(rng, city) if random() < 0.6 else None,
            "email": f"info@{domain}" if random() < 0.7 else None,
            "website": f"https://www.{domain}" if random() < 0.5 else None,
            **place_of(rng, city),
            "country": "CN",
            "credit_code": self._codes.code(number, city) if random() < 0.92 else None,
        }

    def _business(self, number: int, company: CompanyName) -> Row:
        random = self._rng.random
        return {
            "level": LEVELS[int(10 * random())],
            "source": SOURCES[int(10 * random())],
            "industry": company.trade.industry,
            "main_business": company.trade.name,
            "employee_range": EMPLOYEE_RANGES[int(5 * random() * random())],
            "annual_revenue": REVENUES[int(len(REVENUES) * random() * random())],
            "social_accounts": f"微信公众号：{company.short_name}" if number % 3 == 0 else None,
            "tags": TAGS[int(10 * random())],
            "remark": REMARKS[int(10 * random())],
        }

    def _ownership(self, place: Place) -> Row:
        return {
            "owner": place.owner,
            "pool": None if place.owner else True,
            **lock(place, self._today, self._rng),
            "team": seats(place, self._today, self._rng),
        }

    def _sale(self, place: Place, obtained: int) -> Row:
        is_won = bool(place.owner) and self._rng.random() < _WON
        return {
            "deal_status": "won" if is_won else "not_won",
            "won_at": self._moments.later(obtained) if is_won else None,
        }
