"""The contacts of the demo customers: one to three people each, the first decides."""

from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import Any

from app.demo.names import PersonNames
from app.demo.particulars import REMARKS, Mobiles

_POSITIONS = (
    ("总经理", "采购总监", "副总经理", "厂长", "市场总监"),
    ("采购经理", "财务经理", "技术主管", "项目经理", "信息部经理"),
    ("行政助理", "工程师", "采购专员", "前台", "运营专员"),
)
_POSITIONS_EN = (
    ("General Manager", "Head of Purchasing", "Managing Director", "Plant Manager", "CFO"),
    ("Purchasing Manager", "Finance Manager", "Technical Lead", "Project Manager", "IT Manager"),
    ("Office Assistant", "Engineer", "Buyer", "Receptionist", "Operations Specialist"),
)
_BUYING_ROLES = ("decision_maker", "influencer", "user", "gatekeeper")
_HOW_MANY = (1, 1, 1, 1, 2, 2, 2, 2, 3, 3)
_MOST = 3
Row = dict[str, Any]


def contacts(customers: Iterable[Mapping[str, Any]], seed: int) -> Iterator[Row]:
    """The contacts of these customers (rows of ``customers``), in their order.

    A customer's contacts depend on its ``key`` and the seed alone, so that any chunk of customers
    gets the same ones. ``customer`` is that key, ``is_primary`` marks the first (CUS-6); the
    owner is the customer's, None in the pool. ``birthday`` is ``MM-DD`` or ``YYYY-MM-DD``.
    """
    maker = _Contacts(seed)
    for customer in customers:
        for place in range(maker.count(customer["key"])):
            yield maker.row(customer, place)


class _Contacts:
    def __init__(self, seed: int) -> None:
        self._names = PersonNames(seed)
        self._mobiles = Mobiles("contact", seed)
        self._offset = Random(f"contacts/{seed}").getrandbits(60)  # noqa: S311 - nothing secret

    def _mix(self, number: int) -> int:
        """48 well-mixed bits of a number: cheaper than seeding a generator for each contact."""
        mixed = (number + self._offset) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
        mixed = (mixed ^ mixed >> 29) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
        return mixed >> 16

    def count(self, customer_key: int) -> int:
        return _HOW_MANY[self._mix(-customer_key) % len(_HOW_MANY)]

    def row(self, customer: Mapping[str, Any], place: int) -> Row:
        number = customer["key"] * _MOST + place
        chance = self._mix(number)
        is_english = customer["name"].isascii()
        person = (self._names.english if is_english else self._names.chinese)(number)
        positions = (_POSITIONS_EN if is_english else _POSITIONS)[place]
        has_own_phone = place == 0 and customer["phone"]
        return {
            "customer": customer["key"],
            "is_primary": place == 0,
            "name": person.name,
            "name_en": person.name_en,
            "mobile": self._mobiles.number(number),
            "phone": f"{customer['phone']}-{8000 + chance % 900}" if has_own_phone else None,
            "email": f"{person.mail_word}.{number}@mail.example.com" if chance & 3 else None,
            "position": positions[chance % 5],
            "buying_role": _BUYING_ROLES[place if place < 2 else 2 + chance % 2],
            "sex": person.sex,
            "birthday": _birthday(chance >> 8) if chance & 12 else None,
            "address": customer["address"] if chance & 16 else None,
            "next_contact_at": None,
            "remark": REMARKS[(chance >> 4) % len(REMARKS)] if place == 0 else None,
            "owner": customer["owner"],
            "created_at": customer["created_at"],
            "created_by": customer["created_by"],
        }


def _birthday(chance: int) -> str:
    rest, day = divmod(chance, 28)
    rest, month = divmod(rest, 12)
    year = f"{1962 + rest % 40}-" if rest % 3 else ""
    return f"{year}{month + 1:02d}-{day + 1:02d}"
