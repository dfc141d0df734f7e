"""The company that runs this installation: its name, its currency, where it is at home (SET-1)."""

from datetime import date
from functools import cache
from zoneinfo import ZoneInfo

import phonenumbers
from babel import Locale
from babel.numbers import get_currency_name, get_currency_symbol

from app.spec import clock
from app.spec import columns as field
from app.spec.clock import DEFAULT_ZONE
from app.spec.options import Dictionary, Option, fixed, option
from app.spec.pictures import PictureField
from app.spec.settings import Chapter, Setting, declare, value
from app.spec.words import Label, either

CURRENCIES = (
    *("CNY", "HKD", "MOP", "TWD", "USD", "EUR", "GBP", "JPY", "KRW", "SGD", "MYR", "THB", "VND"),
    *("IDR", "PHP", "INR", "AUD", "NZD", "CAD", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "RUB"),
    *("KZT", "AED", "SAR", "TRY", "ZAR", "BRL", "MXN"),
)
LOGO_PATH = "/static/logo"
"""Among the files that browsers keep for good: another picture has another name."""
_LOCALES = {code: Locale(code) for code in ("zh", "en")}


def _named(code: str, en: str, zh: str) -> Option:
    return Option(code, Label(f"{code} {en}", f"{code} {zh}"))


CURRENCY_CHOICES = Dictionary(
    "currency",
    Label("Currency", "货币"),
    tuple(
        _named(code, *(get_currency_name(code, locale=_LOCALES[at]) for at in ("en", "zh")))
        for code in CURRENCIES
    ),
    is_editable=False,
)
COUNTRY_CHOICES = Dictionary(
    "country",
    Label("Country or region", "国家/地区"),
    tuple(
        _named(code, *(_LOCALES[at].territories[code] for at in ("en", "zh")))
        for code in sorted(phonenumbers.SUPPORTED_REGIONS)
        if all(code in locale.territories for locale in _LOCALES.values())
    ),
    is_editable=False,
)

LANGUAGES = fixed(
    "language", "Language", "语言", option("zh", "Chinese", "中文"), option("en", "English", "英文")
)

NAME: Setting[str] = declare(
    "company_name",
    field.text(
        "Company name",
        "企业名称",
        max_length=40,
        default="",
        help=Label("Shown in the navigation and on the login page.", "显示在导航栏和登录页。"),
    ),
    Chapter.COMPANY,
)
NAME_EN: Setting[str] = declare(
    "company_name_en",
    field.text("Company name in English", "企业英文名称", max_length=40, default=""),
    Chapter.COMPANY,
)
LOGO: Setting[str] = declare(
    "logo",
    PictureField(
        label=Label("Logo", "企业标志"),
        default="",
        help=Label(
            "PNG or JPEG, at most 200 KB; shown in the navigation and on the login page.",
            "PNG 或 JPEG，不超过 200 KB；显示在导航栏和登录页。",
        ),
    ),
    Chapter.COMPANY,
)
CURRENCY: Setting[str] = declare(
    "currency",
    field.choice(
        "Currency",
        "货币",
        CURRENCY_CHOICES,
        default="CNY",
        help=Label(
            "The one currency of all amounts. Changing it converts nothing.",
            "所有金额统一使用该货币；更改后不会换算已有金额。",
        ),
    ),
    Chapter.COMPANY,
)
COUNTRY: Setting[str] = declare(
    "country",
    field.choice(
        "Country or region",
        "国家/地区",
        COUNTRY_CHOICES,
        default="CN",
        help=Label(
            "Telephone numbers without a country code belong here.",
            "未写国家代码的电话号码按该国家/地区处理。",
        ),
    ),
    Chapter.COMPANY,
)
LANGUAGE: Setting[str] = declare(
    "language",
    field.choice(
        "Language",
        "语言",
        LANGUAGES,
        default="zh",
        help=Label("For new users; everybody changes his own.", "用于新建员工；每个人可自行更改。"),
    ),
    Chapter.COMPANY,
)
TIME_ZONE: Setting[str] = declare(
    "time_zone",
    field.time_zone(
        "Time zone",
        "时区",
        default=DEFAULT_ZONE,
        help=Label(
            "For new users, and wherever nobody's own time zone is known.",
            "用于新建员工，以及无法确定个人时区的地方。",
        ),
    ),
    Chapter.COMPANY,
)


def name() -> str:
    """The company's name in the reader's language; empty until somebody enters it."""
    return either(value(NAME), value(NAME_EN))


def logo() -> str:
    """The address of the company's picture; empty when there is none."""
    kept = value(LOGO)
    return f"{LOGO_PATH}/{kept}" if kept else ""


def language() -> str:
    """The language that new users begin with."""
    return value(LANGUAGE)


def time_zone() -> str:
    """The company's time zone."""
    return value(TIME_ZONE)


def today() -> date:
    """The company's calendar day."""
    return clock.now().astimezone(ZoneInfo(time_zone())).date()


def currency_symbol() -> str:
    """The sign of the company's currency, the same in both languages: ¥, $, HK$."""
    return _symbol(value(CURRENCY))


@cache
def _symbol(code: str) -> str:
    """There is one currency, so the shorter sign is clear enough: ¥ for CNY in English too."""
    return min((get_currency_symbol(code, locale=at) for at in _LOCALES.values()), key=len)
