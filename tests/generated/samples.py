"""Good and bad values for every kind of field, and requests that carry them."""

from typing import Any

from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.kinds import (
    BirthdayField,
    ChoicesField,
    CreditCodeField,
    DateTimeField,
    OptionField,
    TextField,
)
from tests.generated.stage import UNKNOWN, Stage
from tests.generated.surfaces import new_values

GOOD: dict[str, Any] = {
    "phone": "13600136000",
    "email": "someone@else.example",
    "url": "https://else.example/",
    "integer": "42",
    "money": "1234.50",
    "date": "2026-11-21",
    "datetime": "2026-11-21T08:00:00Z",
    "boolean": True,
    "birthday": "1990-11-21",
    "repeat": "FREQ=DAILY;COUNT=3",
    "days": "A=7, *=30",
}

BAD: dict[str, list[Any]] = {
    "phone": ["abc", "12", "1" * 60, "138 0013 80x0", "<b>1</b>"],
    "email": ["nobody", "a@b@c", "@x.example", "a@x.example\nBcc: b@x.example", "x" * 300],
    "url": ["javascript:alert(1)", "ftp://x.example", "https://", "http://a b.example", "x y"],
    "integer": ["abc", "1.5", "9" * 30, "1e5", "--1"],
    "money": ["abc", "1.234", "1e400", "NaN", "Infinity", "9" * 30],
    "date": ["abc", "2026-13-01", "2026-02-30", "99999-01-01"],
    "datetime": ["abc", "2026-13-01T00:00:00Z", "99999-01-01", "2026-11-21T25:00:00"],
    "boolean": ["perhaps", "2"],
    "birthday": ["abc", "13-40", "2026-02-30", "2998-01-01"],
    "repeat": ["abc", "FREQ=SECONDLY", "FREQ=DAILY;COUNT=1000000000", "FREQ=WEEKLY;BYDAY=XX"],
    "days": ["abc", "0", "-3", "1.5"],
    "option": ["nonsense", "", "<b>"],
    "relation": [str(UNKNOWN), "-1", "abc", "1.5", "0"],
    "relations": [[UNKNOWN], ["abc"], [-1]],
    "tags": [["x" * 41]],
}

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}${7*7}",
    "=1+2",
    "@SUM(A1)",
    "１３８００",
    "a'b\"c\\d%e_f",
    "\u202eabc\u200b",
)
"""Text that must come back as text wherever it is shown."""


def good(field: Field) -> Any:
    """A valid value of that field; None where only the company could tell."""
    if isinstance(field, CreditCodeField):
        return "91330106MA2CFG2H1" + _check("91330106MA2CFG2H1")
    if isinstance(field, ChoicesField):
        return [field.choices.current()[0].code]
    if isinstance(field, OptionField):
        return field.choices.current()[0].code
    if field.kind in ("text", "long_text"):
        return field.initial() or "Some text"
    if isinstance(field, DateTimeField) and field.is_ahead:
        return "2998-11-21T08:00:00Z"
    return GOOD.get(field.kind)


def _check(first: str) -> str:
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(alphabet.index(c) * pow(3, i, 31) for i, c in enumerate(first))
    return alphabet[-total % 31]


def bad(field: Field) -> list[Any]:
    """Values that break the field's rule; empty where everything goes."""
    wrong = [one for one in BAD.get(field.kind, []) if one != "" or field.required]
    if isinstance(field, TextField) and not isinstance(field, BirthdayField):
        wrong.append("x" * (field.max_length + 1))
    if isinstance(field, DateTimeField) and field.is_ahead:
        wrong.append("2026-11-21T08:00:00Z")
    if isinstance(field, CreditCodeField):
        wrong += ["91330106MA2CFG2H1O", "123"]
    return wrong


def is_plain_text(field: Field) -> bool:
    return field.kind in ("text", "long_text") and not isinstance(field, CreditCodeField)


def record(stage: Stage, entity: Entity, actor: str, **changed: Any) -> dict[str, Any]:
    """A new record of the entity as somebody would send it, with some values changed."""
    return {**new_values(stage, actor, entity.key), **changed}
