"""Filling a form from a block of text: a business card, an e-mail signature, a chat (UI-15).

Lines that name a field, in either language, fill it; what is left is searched for what can be told
by its looks: telephone numbers, e-mail and web addresses, credit codes, companies, addresses. The
reader looks through the form and saves it himself.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.spec.calling import names_of
from app.spec.field import Field
from app.spec.kinds import (
    BooleanField,
    CreditCodeField,
    EmailField,
    LongTextField,
    MobileField,
    OptionField,
    PhoneField,
    TextField,
    WebsiteField,
)
from app.spec.relations import LinksField, RelationField
from app.spec.text import is_storable

NAME = "pasted"
LONGEST = 5_000

_LABELLED = re.compile(r"\s*([^:：=\t]{1,30}?)\s*(?:[:：=]|\t)\s*(\S.*)")
_SEPARATORS = re.compile(
    r"[\r\n]+|\s*[|｜;；]\s*|\s{3,}"
    r"|\s+(?=(?:[\u4e00-\u9fff]{2,8}|tel|phone|mobile|fax|e-?mail|web|[mtew])\s*[:：])",
    re.I,
)
_LOOKS: tuple[tuple[type[Field], re.Pattern[str]], ...] = (
    (EmailField, re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")),
    (WebsiteField, re.compile(r"(?:https?://|www\.)[^\s<>\"'，。；、（）()]+", re.I)),
    (CreditCodeField, re.compile(r"(?<![0-9A-Z])[0-9A-HJ-NPQRTUWXY]{18}(?![0-9A-Z])")),
    (MobileField, re.compile(r"(?<!\d)(?:\+?86[\s-]?)?1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?!\d)")),
    (PhoneField, re.compile(r"(?<![\d-])(?:\+?\d{1,3}[\s-]?)?\(?0?\d{2,4}\)?[\s-]\d{3,4}[\s-]?"
                            r"\d{3,5}(?:\s*(?:转|ext\.?|x|-)\s*\d{1,6})?(?!\d)", re.I)),
)  # fmt: skip
_COMPANY = re.compile(
    r"(?:公司|集团|事务所|工作室|合伙企业|株式会社)$"
    r"|\b(?:ltd|inc|llc|gmbh|corp|corporation|company|limited|s\.?r\.?l|s\.?a|b\.?v|plc|ag)\.?$",
    re.I,
)
_PLACE = re.compile(r"[省市区县镇乡村路街道巷弄号楼室座层]")
_ADDRESS = re.compile(rf"(?:{_PLACE.pattern}.*){{2}}|\b(?:street|road|avenue|st\.|rd\.)", re.I)
_HAN = re.compile(r"[\u4e00-\u9fff]")
_PERSON = re.compile(r"[\u4e00-\u9fff]{2,4}|[A-ZÀ-Þ][\w'’-]+(?: [A-ZÀ-Þ][\w.'’-]*){1,3}")


@dataclass(frozen=True)
class Asked:
    """What a form asks for: its fields, and every word that may stand for one of them."""

    fields: Mapping[str, Field]
    names: Mapping[str, Field]


def is_of_use(fields: Mapping[str, Field]) -> bool:
    """Whether a form asks for what stands on a business card."""
    kinds = {kind for kind, _pattern in _LOOKS}
    return any(type(field) in kinds for field in fields.values())


def read(fields: Mapping[str, Field], text: str) -> tuple[dict[str, Any], str]:
    """What the text says of these fields, as inputs hold it, and the lines nothing was made of."""
    if not is_storable(text):
        return {}, ""
    names = {word: fields[key] for word, key in names_of(fields, _plain).items()}
    asked = Asked(fields, names)
    found: dict[str, Any] = {}
    rest = list(_labelled(asked.names, _parts(text), found))
    rest = [left for part in rest if (left := _looking(asked, part, found))]
    rest = [piece for part in rest for piece in _pieces(part)]
    for take in (_company, _address, _person):
        rest = [left for part in rest if (left := take(asked, part, found))]
    return found, "\n".join(rest)


def _parts(text: str) -> Iterator[str]:
    """The pieces of a text that may each be about something else."""
    for part in _SEPARATORS.split(unicodedata.normalize("NFC", text)):
        if part and part.strip(" ,，、*•·-—_"):
            yield part.strip()


def _labelled(
    names: Mapping[str, Field], parts: Iterator[str], found: dict[str, Any]
) -> Iterator[str]:
    """Take what comes after a field's name; a field that has a value keeps its first one."""
    for part in parts:
        match = _LABELLED.match(part)
        field = names.get(_plain(match[1])) if match else None
        value = _input(field, match[2]) if match and field and field.key not in found else None
        if value is None or field is None:
            yield part
        else:
            found[field.key] = value


def _plain(word: str) -> str:
    return re.sub(r"[\s._*-]+", "", unicodedata.normalize("NFKC", word)).casefold()


def _input(field: Field, text: str) -> Any:
    """The text as the field's input holds it; None when it can't be one of its values."""
    if isinstance(field, RelationField | LinksField | BooleanField):
        return None
    text = text.strip(" ,，;；。")
    try:
        value = field.parse(text)
    except ValueError:
        return text if type(field) is TextField else None
    return value if isinstance(field, OptionField | TextField) else text


def _empty(
    fields: Mapping[str, Field], found: Mapping[str, Any], fits: Callable[[Field], bool]
) -> Field | None:
    """The first field of that sort that has nothing yet."""
    return next((f for f in fields.values() if fits(f) and f.key not in found), None)


def _of_kind(kind: type[Field]) -> Callable[[Field], bool]:
    return lambda field: type(field) is kind


def _looking(asked: Asked, part: str, found: dict[str, Any]) -> str:
    """Take what can be told by its looks out of a part; the rest of it is left."""
    for kind, pattern in _LOOKS:
        for match in pattern.finditer(part):
            field = _empty(asked.fields, found, _of_kind(kind))
            if field is None:
                break
            value = _input(field, match[0])
            if value is not None:
                found[field.key] = value
                part = part.replace(match[0], " ", 1)
    left = part.strip(" ,，:：/()（）")
    words = (_plain(word) for word in re.split(r"[\s:：]+", left) if word)
    return "" if all(word in asked.names for word in words) else left


def _pieces(part: str) -> Iterator[str]:
    """A Chinese line that says who, where from and where in one, as chats do, piece by piece."""
    words = part.split() if _HAN.search(part) else [part]
    companies = [word for word in words if _COMPANY.search(word) and _HAN.search(word)]
    others = [word for word in words if word not in companies]
    where = " ".join(word for word in others if _PLACE.search(word))
    if not (len(where) >= 8 and _ADDRESS.search(where)):
        where = ""
    who = " ".join(word for word in others if not (where and _PLACE.search(word)))
    yield from (piece for piece in (who, *companies, where) if piece)


def _company(asked: Asked, part: str, found: dict[str, Any]) -> str:
    """Take a company's name for the field that is called so."""
    field = asked.names.get("公司")
    return _take(field, part, found) if _COMPANY.search(part) else part


def _address(asked: Asked, part: str, found: dict[str, Any]) -> str:
    field = _empty(asked.fields, found, lambda f: f.mask == "address")
    return _take(field, part, found) if len(part) >= 8 and _ADDRESS.search(part) else part


def _person(asked: Asked, part: str, found: dict[str, Any]) -> str:
    """Take a person's name, and what he does after it, where the form asks for them."""
    names = asked.names
    match = _PERSON.match(part)
    if not match or names.get("姓名") is None or names["姓名"].key in found:
        return part
    rest = part[match.end() :]
    if rest and not re.match(r"[\s,，/]", rest):
        return part
    rest = rest.strip(" ,，/")
    if _take(names["姓名"], match[0], found):
        return part
    return _take(names.get("职务"), rest, found) if rest else ""


def _take(field: Field | None, text: str, found: dict[str, Any]) -> str:
    """Fill a field that is still empty; answers what is left of the text."""
    if field is None or field.key in found or isinstance(field, LongTextField):
        return text
    value = _input(field, text)
    if value is None:
        return text
    found[field.key] = value
    return ""
