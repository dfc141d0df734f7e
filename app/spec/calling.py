"""What people and other programs call a field: in pasted text (UI-15), as headings (IMP)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from app.spec.field import Field
from app.spec.kinds import CreditCodeField, EmailField, MobileField, PhoneField, WebsiteField

_KINDS: Mapping[type[Field], tuple[str, ...]] = {
    MobileField: ("手机", "手机号", "手机号码", "移动电话", "mobile", "mobile phone", "cell", "m"),
    PhoneField: ("电话", "座机", "固话", "固定电话", "tel", "telephone", "phone", "t", "p"),
    EmailField: ("邮箱", "邮件", "电子邮箱", "电子邮件", "e-mail", "email", "mail", "e"),
    WebsiteField: ("网址", "网站", "官网", "主页", "web", "website", "homepage", "url", "w"),
    CreditCodeField: ("信用代码", "税号", "纳税人识别号", "credit code", "tax number", "uscc"),
}
"""What people write before a value of that kind, besides the field's own label."""
_MASKED = {"address": ("地址", "公司地址", "address")}
"""The same where no kind of its own tells what a text is, but its mask."""

_elsewhere: dict[str, Mapping[str, tuple[str, ...]]] = {}


def declare(entity: str, words: Mapping[str, tuple[str, ...]]) -> None:
    """Say what other programs call the fields of an entity, while the program loads."""
    _elsewhere[entity] = MappingProxyType(dict(words))


def elsewhere(entity: str) -> Mapping[str, tuple[str, ...]]:
    """What other programs call the fields of that entity, by field."""
    return _elsewhere.get(entity, MappingProxyType({}))


def names_of(
    fields: Mapping[str, Field],
    plain: Callable[[str], str],
    called: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> dict[str, str]:
    """Every word for every field, made ``plain``; a field's own come before those of its kind.

    ``called`` are words for single fields that come in between.
    """
    tiers: tuple[Callable[[Field], tuple[str, ...]], ...] = (
        lambda f: (f.label.zh, f.label.en),
        lambda f: (f.key, *f.also),
        lambda f: called.get(f.key, ()),
        lambda f: _MASKED.get(f.mask or "", ()),
        lambda f: _KINDS.get(type(f), ()),
    )
    names: dict[str, str] = {}
    for words_of in tiers:
        for key, field in fields.items():
            for word in words_of(field):
                names.setdefault(plain(word), key)
    return names
