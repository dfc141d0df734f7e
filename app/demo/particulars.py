"""The particulars of a demo company: numbers, addresses, codes, words.

Numbers are unique per series and right: mobiles have eleven digits of a real range, credit codes
their check digit. Mail and web addresses lie in ``example.com``, which belongs to nobody.
"""

from decimal import Decimal
from random import Random
from types import MappingProxyType

from app.demo.names import Shuffle
from app.demo.places import ROADS, City
from app.spec.checks import CREDIT_CODE_ALPHABET, CREDIT_CODE_WEIGHTS

SOURCES = (
    "promotion", "search_engine", "advertisement", "referral", "online_sign_up",
    "online_inquiry", "appointment", "cold_visit", "phone_inquiry", "email_inquiry",
)  # fmt: skip
LEVELS = ("A", "A", "B", "B", "B", "B", "B", "C", "C", "C")
OBTAINED_WAYS = ("created", "created", "created", "imported", "assigned", "transferred", "claimed")
EMPLOYEE_RANGES = ("under_20", "20_to_99", "100_to_499", "500_to_999", "over_1000")
REVENUES = tuple(Decimal(amount * 50_000) for amount in range(10, 2000, 7))
TAGS: tuple[tuple[str, ...], ...] = (
    (), (), (), (), (), ("重点",), ("展会",), ("VIP",), ("老客户", "重点"), ("续约",),
)  # fmt: skip
TAG_COLOURS = MappingProxyType({"重点": "red", "VIP": "purple", "展会": "blue", "续约": "green"})
REMARKS = (
    None, None, None, None, "价格敏感，需要分期付款方案。", "对方正在比较三家供应商。",
    "Prefers to be contacted by e-mail.", "技术负责人已确认需求，等采购流程。",
    "下季度有扩容计划。", "Contract language must be English.",
)  # fmt: skip
FOLLOW_UPS = (
    "电话沟通了需求，客户希望看到演示。",
    "发送了报价单，等待反馈。",
    "拜访了采购部，约定下周再谈。",
    "客户询问交付周期，已答复。",
    "微信确认了会议时间。",
    "对合同条款还有两点疑问。",
    "Sent the quotation, waiting for feedback.",
    "Presented the product to the technical team.",
)
LOCK_REASONS = ("正在投标", "战略客户，总部直管", "Negotiating a frame contract")

_CUSTOMER_RANGES = ("130", "131", "132", "133", "135", "136", "137", "138", "139", "150")
_LEAD_RANGES = ("151", "152", "153", "155", "156", "157", "158", "159", "180", "181")
_CONTACT_RANGES = ("182", "183", "185", "186", "187", "188", "189", "176", "177", "178")
MOBILE_RANGES = MappingProxyType(
    {"customer": _CUSTOMER_RANGES, "lead": _LEAD_RANGES, "contact": _CONTACT_RANGES}
)
_TRIPLES = tuple(f"{number:03d}" for number in range(1000))


def _weigh(text: str, start: int) -> int:
    values = (CREDIT_CODE_ALPHABET.index(char) for char in text)
    return sum(value * CREDIT_CODE_WEIGHTS[start + at] for at, value in enumerate(values))


_WEIGHED_TRIPLES = tuple(
    tuple(_weigh(triple, start) for triple in _TRIPLES) for start in (8, 11, 14)
)


class Mobiles:
    """Mobile number → eleven digits, different for the first 100 million."""

    def __init__(self, series: str, seed: int) -> None:
        self._ranges = MOBILE_RANGES[series]
        self._shuffle = Shuffle(10**8, seed)

    def number(self, at: int) -> str:
        return f"{self._ranges[at % 10]}{self._shuffle(at):08d}"


class CreditCodes:
    """Credit codes of private companies (91…), different for the first 1,000 million."""

    def __init__(self, seed: int) -> None:
        self._shuffle = Shuffle(10**9, seed)
        self._regions: dict[str, tuple[str, int]] = {}

    def code(self, at: int, city: City) -> str:
        if (region := self._regions.get(city.region_code)) is None:
            prefix = f"91{city.region_code}"
            region = self._regions[city.region_code] = (prefix, _weigh(prefix, 0))
        rest, last = divmod(self._shuffle(at), 1000)
        first, middle = divmod(rest, 1000)
        one, two, three = _WEIGHED_TRIPLES
        total = region[1] + one[first] + two[middle] + three[last]
        body = _TRIPLES[first] + _TRIPLES[middle] + _TRIPLES[last]
        return f"{region[0]}{body}{CREDIT_CODE_ALPHABET[-total % 31]}"


def landline(rng: Random, city: City) -> str:
    """With the city's dialling code: eight digits where numbers are eight long, else seven."""
    if len(city.dialling_code) == 3:
        return f"{city.dialling_code}-{20000000 + int(69999999 * rng.random())}"
    return f"{city.dialling_code}-{2000000 + int(6999999 * rng.random())}"


def place_of(rng: Random, city: City) -> dict[str, str]:
    """Province, city, district and street address."""
    random = rng.random
    return {
        "province": city.province,
        "city": city.full_name,
        "district": city.districts[int(len(city.districts) * random())],
        "address": f"{ROADS[int(len(ROADS) * random())]}{1 + int(400 * random())}号",
    }
