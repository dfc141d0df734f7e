"""The way back to a list in every row's address says exactly where its reader was (LIST-5)."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from app.admin import state

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
VALUES = st.one_of(
    TEXTS,
    st.integers(-(10**9), 10**9),
    st.booleans(),
    st.sampled_from(
        ("1", "007", "@me", "2026-11-22", "true", "!t", "A&B=C", "100%", "a'b", "上海")
    ),
)
CONDITIONS = st.fixed_dictionaries(
    {"col": TEXTS, "opr": TEXTS, "value": st.one_of(VALUES, st.lists(VALUES, max_size=3))}
)


@given(some=st.lists(CONDITIONS, max_size=3), search=TEXTS, page=st.integers(1, 99))
def test_it_reads_as_it_was_written(some: list[Any], search: str, page: int) -> None:
    asked = state.ListState(
        "/x/list/", search.strip(), tuple(some), page=page, size=50, order="-name"
    )
    trail = dict(parse_qsl(urlsplit(f"/x/show/1?{asked.trail}").query))["from"]
    came = dict(parse_qsl(trail, keep_blank_values=True))
    assert state.conditions(came.get("filters", "")) == (some or ())
    assert (came.get("search", ""), came.get("page", "1")) == (asked.search, str(page))
    assert state.only(MultiDict(came), state.KEYS) is None
