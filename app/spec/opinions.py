"""What departments may judge each for itself (CUS-5): aspects of a record.

An aspect is a choice of a list. It is one of the entity's own fields, as its level, or is asked of
departments only, as how willing a customer is to buy.
"""

from app.spec.kinds import BooleanField, OptionField
from app.spec.options import Dictionary
from app.spec.words import Label

LONGEST_NOTE = 500
DISPUTED = BooleanField(
    key="is_disputed",
    label=Label("Opinions conflict", "部门意见不一"),
    also=("部门意见冲突",),
)
"""What no record stores: whether two departments judge one of its aspects differently."""


def aspect(key: str, en: str, zh: str, choices: Dictionary) -> OptionField:
    """An aspect that isn't a field of the records."""
    return OptionField(key=key, label=Label(en, zh), choices=choices)
