"""Names of companies and people, put together from short word lists; no two companies alike.

A name is a number written in words: the same number and seed give the same name, and different
numbers different names (as long as the words last: about three million companies per language).
"""

from dataclasses import dataclass
from itertools import product
from math import gcd
from random import Random
from typing import NamedTuple

from app.demo.places import CITIES, City
from app.spec.pinyin import spoken

# trade, in English, industry code
_TRADES = """
科技|Technology|it
信息技术|Information Technology|it
软件|Software|it
网络科技|Network Technology|it
智能科技|Intelligent Systems|it
数据服务|Data Services|it
电子商务|E-Commerce|it
融资租赁|Leasing|finance
投资管理|Investment Management|finance
保险经纪|Insurance Brokers|finance
供应链金融|Supply Chain Finance|finance
房地产开发|Real Estate Development|real_estate
物业管理|Property Management|real_estate
建筑工程|Construction|real_estate
装饰设计|Interior Design|real_estate
企业管理咨询|Management Consulting|business_services
人力资源|Human Resources|business_services
会展服务|Exhibition Services|business_services
检测技术|Testing Services|business_services
国际贸易|International Trading|business_services
物流|Logistics|logistics
供应链管理|Supply Chain Management|logistics
国际货运|Freight Forwarding|logistics
机械制造|Machinery|manufacturing
精密仪器|Precision Instruments|manufacturing
电子元件|Electronic Components|manufacturing
新材料|Advanced Materials|manufacturing
食品|Foods|manufacturing
医疗器械|Medical Devices|manufacturing
纺织|Textiles|manufacturing
环保设备|Environmental Equipment|manufacturing
城市建设服务|Municipal Services|government
公共资源服务|Public Resources|government
文化传媒|Culture and Media|media
广告|Advertising|media
影视制作|Film Production|media
"""
_BRAND_FIRST = """
海华天中金瑞恒德鑫宏博远东盛安泰嘉国佳信永顺新联创智云星凯龙润正益康明达聚和诚锐启卓越科宇景丰
""".strip()
_BRAND_SECOND = """
纳宇利泰隆辉通达源邦力成兴业诺捷图腾康悦思特润阳光宝尔翔飞峰凌诚晟晖昊淼森帆航舟川原野桥舜
""".strip()
_ENGLISH_FIRST = """
Amber Anchor Apex Arbor Atlas Aurora Beacon Birch Blue Bright Canyon Cedar Clear Compass Copper
Coral Crest Crown Delta Eagle East Ember Evergreen Falcon Fern First Garnet Golden Granite Green
Harbor Hazel High Horizon Iron Ivory Jade Juniper Keystone Lake Laurel Liberty Linden Lotus Maple
Meridian North Oak Ocean Onyx Orchid Pacific Pearl Pine Pioneer Quartz Red River Royal Sage
Silver Sterling Summit Union Vector West Willow
"""
_ENGLISH_SECOND = """
Bay Bridge Brook Castle Cliff Cove Dale Field Ford Forest Gate Glen Grove Haven Heights Hill
Island Key Lane Leaf Light Line Mark Meadow Mill Peak Point Port Ridge Rock Shore Spring Star
Stone Stream Tower Valley View Water Wood
"""
_SUFFIXES = ("有限公司",) * 7 + ("股份有限公司",) * 2 + ("有限责任公司",)
_ENGLISH_SUFFIXES = ("Co., Ltd.", "Ltd.", "Inc.", "Co., Ltd.", "Limited")

_SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏"
    "薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常"
    "武乔贺赖龚文"
)
_MEN = """
伟 强 磊 军 勇 杰 涛 斌 浩 鹏 俊 峰 志强 建国 文博 子轩 浩然 家豪 明哲 晓东 国栋 海涛 少华 立新 永康
"""
_WOMEN = """
芳 娜 敏 静 丽 艳 娟 霞 婷 雪 慧 颖 雅静 欣怡 美玲 晓燕 思琪 诗涵 佳慧 玉兰 春梅 秀英 梦洁 若曦 婉秋
"""
_ENGLISH_MEN = """
James Robert John Michael David William Thomas Daniel Matthew Anthony Andrew Paul Kevin Brian
George Edward Eric Stephen Peter Oliver Lucas Henry Simon Martin Felix
"""
_ENGLISH_WOMEN = """
Mary Linda Susan Jessica Sarah Karen Emily Laura Helen Anna Grace Alice Julia Emma Sophie Claire
Hannah Olivia Rachel Megan Nora Diana Irene Chloe Zoë
"""
_ENGLISH_SURNAMES = """
Smith Johnson Brown Taylor Wilson Davies Evans Thomas Roberts Walker Wright Hughes Green Hall Wood
Clarke Turner Hill Cooper Ward Morris Bailey Parker Bennett Foster Gray Murphy Kelly Kim Nguyễn
Müller Schmidt Fischer Weber Rossi Silva Santos García López Martín Dubois Moreau Jensen Larsen
Novák Kowalski Tanaka Suzuki Singh Patel
"""


class Shuffle:
    """The numbers below ``size`` in another order, without storing it: a seeded bijection."""

    def __init__(self, size: int, seed: int) -> None:
        rng = Random(f"{size}/{seed}")  # noqa: S311 - demo data, nothing secret
        step = int(size * (0.55 + rng.random() / 10)) or 1
        while gcd(step, size) != 1:
            step += 1
        self.size, self.step, self.start = size, step, rng.randrange(size)

    def __call__(self, number: int) -> int:
        return (number * self.step + self.start) % self.size


@dataclass(frozen=True, slots=True)
class Trade:
    name: str
    name_en: str
    industry: str


class CompanyName(NamedTuple):
    name: str
    name_en: str
    short_name: str
    domain_word: str
    city: City
    trade: Trade


class PersonName(NamedTuple):
    name: str
    name_en: str
    sex: str
    mail_word: str


def _pinyin(text: str) -> str:
    return "".join(spoken(text).split()).replace("v", "u")


TRADES = tuple(Trade(*line.split("|")) for line in _TRADES.strip().splitlines())
_BRANDS = tuple(
    (first + second, (_pinyin(first) + _pinyin(second)).capitalize())
    for first, second in product(_BRAND_FIRST, _BRAND_SECOND)
    if first != second
)
_ENGLISH_BRANDS = tuple(
    f"{first}{second.lower()}"
    for first, second in product(_ENGLISH_FIRST.split(), _ENGLISH_SECOND.split())
)
_COMPANIES_ZH = len(_BRANDS) * len(TRADES) * len(CITIES)
_COMPANIES_EN = len(_ENGLISH_BRANDS) * len(TRADES) * len(CITIES)
_GIVEN = tuple(
    (name, _pinyin(name).capitalize(), sex)
    for names, sex in ((_MEN, "male"), (_WOMEN, "female"))
    for name in names.split()
)
# With a given name behind it, a character is read as the family name that it is.
_FAMILY = tuple((name, _pinyin(f"{name}一").removesuffix("yi").capitalize()) for name in _SURNAMES)
_ENGLISH_GIVEN = tuple(
    (name, sex)
    for names, sex in ((_ENGLISH_MEN, "male"), (_ENGLISH_WOMEN, "female"))
    for name in names.split()
)
_ENGLISH_FAMILY = tuple(_ENGLISH_SURNAMES.split())


class CompanyNames:
    """Company number → name; negative numbers count from the other end of the list."""

    def __init__(self, seed: int) -> None:
        self._chinese = Shuffle(_COMPANIES_ZH, seed)
        self._english = Shuffle(_COMPANIES_EN, seed)

    def chinese(self, number: int) -> CompanyName:
        rest, city_at = divmod(self._chinese(number), len(CITIES))
        brand_at, trade_at = divmod(rest, len(TRADES))
        city, trade = CITIES[city_at], TRADES[trade_at]
        brand, brand_en = _BRANDS[brand_at]
        suffix = _SUFFIXES[number % len(_SUFFIXES)]
        return CompanyName(
            f"{city.name}{brand}{trade.name}{suffix}",
            f"{city.name_en} {brand_en} {trade.name_en} Co., Ltd.",
            f"{brand}{trade.name}",
            brand_en.lower(),
            city,
            trade,
        )

    def english(self, number: int) -> CompanyName:
        rest, city_at = divmod(self._english(number), len(CITIES))
        brand_at, trade_at = divmod(rest, len(TRADES))
        city, trade, brand = CITIES[city_at], TRADES[trade_at], _ENGLISH_BRANDS[brand_at]
        suffix = _ENGLISH_SUFFIXES[number % len(_ENGLISH_SUFFIXES)]
        name = f"{brand} {trade.name_en} ({city.name_en}) {suffix}"
        return CompanyName(name, name, brand, brand.lower(), city, trade)


class PersonNames:
    """Person number → name, 5,000 different ones in Chinese before they repeat."""

    def __init__(self, seed: int) -> None:
        self._chinese = Shuffle(len(_FAMILY) * len(_GIVEN), seed)
        self._english = Shuffle(len(_ENGLISH_FAMILY) * len(_ENGLISH_GIVEN), seed)

    def chinese(self, number: int) -> PersonName:
        family_at, given_at = divmod(self._chinese(number), len(_GIVEN))
        (family, family_en), (given, given_en, sex) = _FAMILY[family_at], _GIVEN[given_at]
        mail_word = f"{given_en}.{family_en}".lower()
        return PersonName(family + given, f"{family_en} {given_en}", sex, mail_word)

    def english(self, number: int) -> PersonName:
        family_at, given_at = divmod(self._english(number), len(_ENGLISH_GIVEN))
        given, sex = _ENGLISH_GIVEN[given_at]
        name = f"{given} {_ENGLISH_FAMILY[family_at]}"
        return PersonName(name, name, sex, given.lower().replace("ë", "e"))
