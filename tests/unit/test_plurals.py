"""Counted sentences read as numbers do elsewhere (UI-8)."""

import pytest
from flask import Flask, render_template_string
from flask_babel import force_locale

from app.spec import words
from app.spec.plurals import ngettext


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [("en", 1, "1 record"), ("en", 8_501, "8,501 records"), ("zh", 8_501, "8,501 条记录")],
)
def test_thousands_stand_apart(app: Flask, language: str, number: int, said: str) -> None:
    with app.app_context(), force_locale(language):
        assert ngettext("%(num)s record", "%(num)s records", number) == said


@pytest.mark.parametrize(("language", "said"), [("en", "8,501 records"), ("zh", "8,501 条记录")])
def test_so_do_the_pages(app: Flask, language: str, said: str) -> None:
    asked = "{{ ngettext('%(num)s record', '%(num)s records', 8501) }}"
    with app.test_request_context():
        token = words.language.set(language)
        try:
            assert render_template_string(asked) == said
            marked = render_template_string("{{ ngettext('%(a)s', '%(a)s', 2, a='<b>') }}")
        finally:
            words.language.reset(token)
    assert marked == "&lt;b&gt;"
