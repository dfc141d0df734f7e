"""Counted sentences read as numbers do elsewhere (UI-8)."""

import pytest
from flask import Flask
from flask_babel import force_locale

from app.spec.plurals import ngettext


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [("en", 1, "1 record"), ("en", 8_501, "8,501 records"), ("zh", 8_501, "8,501 条记录")],
)
def test_thousands_stand_apart(app: Flask, language: str, number: int, said: str) -> None:
    with app.app_context(), force_locale(language):
        assert ngettext("%(num)s record", "%(num)s records", number) == said
