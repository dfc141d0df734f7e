"""The helpers that an entity's file declares its columns with.

Each returns a field; the model turns it into a typed column when the class is made. The names are
given in English and Chinese, in that order; facets by keyword.
"""

from typing import Any

from app.spec import kinds, likeness, relations, repeats, values
from app.spec.field import Derived, Field
from app.spec.options import Dictionary
from app.spec.text import company_key, fold, sort_key
from app.spec.words import Label

SORT = Derived("sort", sort_key, 80, sorts=True)
UNIQUE_NAME = Derived("key", fold, 120, is_unique=True)
UNIQUE_COMPANY = Derived(
    "key", company_key, 160, is_unique=True, may_repeat=True, alike=likeness.COMPANY
)
COMPANY = Derived("key", company_key, 160, alike=likeness.COMPANY)
MAIL_DOMAIN = Derived("domain", likeness.mail_domain, 120, alike=likeness.DOMAIN)


def text(en: str, zh: str, **facets: Any) -> Any:
    return kinds.TextField(label=Label(en, zh), **facets)


def name(en: str, zh: str, *, unique: Derived | None = None, **facets: Any) -> Any:
    """The field a record is called by: sorted by pinyin, searched, in the list (UI-8).

    ``unique`` says what of it two living records can't share: the name, or a company's name,
    which they may share after all where the installation only warns (``app/spec/namesakes.py``).
    """
    derived = (SORT, unique) if unique else (SORT,)
    also = ("公司", "公司名称", "单位", "单位名称", "Company") if unique is UNIQUE_COMPANY else ()
    defaults: dict[str, Any] = {
        "required": True,
        "listed": True,
        "sortable": True,
        "search": "text",
        "derived": derived,
        "also": also,
    }
    return kinds.TextField(label=Label(en, zh), **{**defaults, **facets})


def company(en: str, zh: str, **facets: Any) -> Any:
    """The name of a company that needn't be one of ours; compared with those that are (CUS-7)."""
    also = ("公司名称", "单位", "单位名称")
    return text(en, zh, **{"search": "text", "also": also, "derived": (COMPANY,), **facets})


def long_text(en: str, zh: str, **facets: Any) -> Any:
    return kinds.LongTextField(label=Label(en, zh), **facets)


def mobile(en: str, zh: str, **facets: Any) -> Any:
    return kinds.MobileField(label=Label(en, zh), search="phone", mask="phone", **facets)


def phone(en: str, zh: str, **facets: Any) -> Any:
    return kinds.PhoneField(label=Label(en, zh), search="phone", mask="phone", **facets)


def email(en: str, zh: str, **facets: Any) -> Any:
    return kinds.EmailField(label=Label(en, zh), mask="email", **facets)


def website(en: str, zh: str, **facets: Any) -> Any:
    return kinds.WebsiteField(label=Label(en, zh), **facets)


def credit_code(en: str, zh: str, **facets: Any) -> Any:
    return kinds.CreditCodeField(label=Label(en, zh), alike=likeness.CODE, **facets)


def integer(en: str, zh: str, **facets: Any) -> Any:
    return kinds.IntegerField(label=Label(en, zh), **facets)


def money(en: str, zh: str, **facets: Any) -> Any:
    return kinds.MoneyField(label=Label(en, zh), mask="money", **facets)


def date(en: str, zh: str, **facets: Any) -> Any:
    return kinds.DateField(label=Label(en, zh), **facets)


def time_zone(en: str, zh: str, **facets: Any) -> Any:
    return values.TimeZoneField(label=Label(en, zh), **facets)


def birthday(en: str, zh: str, **facets: Any) -> Any:
    return kinds.BirthdayField(label=Label(en, zh), **facets)


def moment(en: str, zh: str, **facets: Any) -> Any:
    return kinds.DateTimeField(label=Label(en, zh), **facets)


def repeat(en: str, zh: str, **facets: Any) -> Any:
    """How something repeats: a rule of days (``app/spec/recurrence.py``)."""
    return repeats.RepeatField(label=Label(en, zh), **facets)


def minutes_before(en: str, zh: str, **facets: Any) -> Any:
    """How long before it something reminds of itself."""
    return repeats.MinutesField(label=Label(en, zh), minimum=0, maximum=7 * 24 * 60, **facets)


def boolean(en: str, zh: str, *, default: bool = False, **facets: Any) -> Any:
    return kinds.BooleanField(label=Label(en, zh), default=default, **facets)


def choice(en: str, zh: str, choices: Dictionary, **facets: Any) -> Any:
    return kinds.OptionField(label=Label(en, zh), choices=choices, **facets)


def several(en: str, zh: str, choices: Dictionary, **facets: Any) -> Any:
    """Some of a list of choices."""
    return values.KeptChoicesField(label=Label(en, zh), choices=choices, **facets)


def link(en: str, zh: str, to: str, **facets: Any) -> Any:
    return relations.RelationField(label=Label(en, zh), to=to, **facets)


def links(en: str, zh: str, to: str, **facets: Any) -> Any:
    return relations.LinksField(label=Label(en, zh), to=to, **facets)


def tags(en: str = "Tags", zh: str = "标签", **facets: Any) -> Any:
    return relations.TagsField(label=Label(en, zh), **{"listed": True, **facets})


def checklist(en: str = "Checklist", zh: str = "检查清单", **facets: Any) -> Any:
    """How many steps of a record's checklist are done: "3/5"."""
    told = Label("How many of its steps are done.", "已完成的步骤数。")
    fixed: dict[str, Any] = {"max_length": 10, "system": True, "filterable": False, "help": told}
    return text(en, zh, **{"listed": True, **fixed, **facets})


def uses(en: str = "In use", zh: str = "使用数", **facets: Any) -> Any:
    """How many living records are linked with this one."""
    return kinds.CountField(label=Label(en, zh), system=True, filterable=False, **facets)


def person(en: str, zh: str, **facets: Any) -> Any:
    return relations.RelationField(label=Label(en, zh), to="user", **facets)


__all__ = [
    "COMPANY",
    "MAIL_DOMAIN",
    "UNIQUE_COMPANY",
    "UNIQUE_NAME",
    "Field",
    "birthday",
    "boolean",
    "checklist",
    "choice",
    "company",
    "credit_code",
    "date",
    "email",
    "integer",
    "link",
    "links",
    "long_text",
    "minutes_before",
    "mobile",
    "moment",
    "money",
    "name",
    "person",
    "phone",
    "repeat",
    "several",
    "tags",
    "text",
    "time_zone",
    "uses",
    "website",
]
