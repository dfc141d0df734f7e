"""What the rules of an entity tell of each row of its list, behind the columns of its fields."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup, escape

from app.admin.lists.listed import Listed
from app.admin.page import here
from app.operations.rules import Beside, Place, rules_of


def columns(me: Listed, ids: Sequence[int]) -> Sequence[Beside]:
    """What is told of these rows; nothing of deleted ones."""
    return rules_of(me.entity).beside_rows(me.entity, ids) if ids and not me.is_bin else ()


def heads(beside: Sequence[Beside]) -> list[dict[str, Any]]:
    return [{"key": one.key, "label": str(one.label), "numeric": one.is_number} for one in beside]


def filled(beside: Sequence[Beside], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with a cell for each."""
    if not beside:
        return rows
    return [
        {**row, "cells": [*row["cells"], *(_cell(one, row["id"]) for one in beside)]}
        for row in rows
    ]


def _cell(one: Beside, number: int) -> Markup:
    text, place = escape(one.texts.get(number, "")), one.places.get(number)
    if place is None:
        return text
    return Markup('<a href="{}">{}</a>').format(here(address(place)), text)


def address(place: Place) -> str:
    """The list of that place."""
    condition = {"col": place.column, "opr": place.operator, "value": place.value}
    filters = json.dumps([condition], separators=(",", ":"))
    return f"/{place.entity.plural}/list/?{urlencode({'filters': filters})}"
