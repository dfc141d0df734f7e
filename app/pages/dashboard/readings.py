"""Metrics as one reader reads them through a lens: number, link to the rows, change, course."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from app.admin import cells
from app.admin.state import ListState
from app.pages.dashboard.lens import Lens
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.metrics import Metric
from app.store import figures, periods
from app.store.figures import Ask, Rows, Value
from app.store.listing import COUNT_CAP

WIDTH, HEIGHT = 96, 24
"""The box that a course is drawn in."""


@dataclass(frozen=True)
class Reading:
    """One metric in a period and, where that can be, in the period compared with."""

    entity: Entity
    metric: Metric
    rows: Rows
    value: Value
    rows_before: Rows | None = None
    before: Value = 0
    course: Sequence[Value] = ()
    """The number part by part, up to today."""


def available(lens: Lens, wanted: Callable[[Metric], object]) -> list[tuple[Entity, Metric]]:
    """The metrics that are true for this reader: he may list and filter all that they ask for."""
    return [
        (entity, metric)
        for entity, metric in catalogue.metrics()
        if wanted(metric) and lens.rows(entity, metric).are_readable(*_told(metric))
    ]


def _told(metric: Metric) -> tuple[str, ...]:
    """The fields that a metric tells something of besides those it filters by."""
    return (metric.sums, metric.person) if metric.is_ranked else (metric.sums,)


def read_all(
    lens: Lens, metrics: Iterable[tuple[Entity, Metric]], *, has_course: bool = False
) -> list[Reading]:
    """The readings of these metrics, in one statement for all; with their courses if wanted."""
    metrics = list(metrics)
    cut = periods.edges(*lens.days)[1] if has_course else ()
    asks = []
    for entity, metric in metrics:
        compared = is_compared(metric)
        by = metric.date if compared and cut else ""
        asks.append(Ask(lens.rows(entity, metric), metric.sums, by, cut if by else ()))
        if compared:
            asks.append(Ask(lens.rows(entity, metric, lens.days_before), metric.sums))
    found = iter(figures.measure(asks))
    asked = iter(asks)
    return [_reading(one, cut, asked, found) for one in metrics]


def is_compared(metric: Metric) -> bool:
    """Whether earlier periods still have their rows."""
    return bool(metric.date) and metric.is_lasting


def _reading(one: tuple[Entity, Metric], cut: Sequence[date], asked: Any, found: Any) -> Reading:
    entity, metric = one
    rows, parts = next(asked).rows, next(found)
    value = figures.whole(parts.values())
    if not is_compared(metric):
        return Reading(entity, metric, rows, value)
    past = [parts.get(at, 0) for at, start in enumerate(cut[:-1]) if start <= clock.today()]
    before = figures.whole(next(found).values())
    return Reading(entity, metric, rows, value, next(asked).rows, before, past)


def shown(reading: Reading) -> dict[str, Any]:
    """A reading as the templates take it."""
    metric = reading.metric
    found = {
        "key": metric.key,
        "label": str(metric.label),
        "meaning": str(metric.meaning),
        "icon": reading.entity.icon,
        **number(reading.rows, reading.value),
    }
    if reading.rows_before is not None:
        found["before"] = number(reading.rows_before, reading.before)
        found["change"] = change_text(reading.value, reading.before)
        found["tone"] = _tone(metric, reading.value - reading.before)
        found["course"] = drawn(reading.course)
    return found


def number(rows: Rows, value: Value) -> dict[str, Any]:
    """A number as text, in full, and the address of exactly its rows (REP-2)."""
    is_exact = isinstance(value, Decimal) or value > COUNT_CAP
    path = f"/{rows.entity.plural}/list/"
    return {
        "value": value,
        "text": cells.short(value),
        "exact": f"{value:,}",
        "url": ListState(path, conditions=tuple(rows.conditions), is_exact=is_exact).url(),
    }


def change_text(now: Value, before: Value) -> str:
    """REP-6 in words: a percentage, "new" when nothing was before, nothing when nothing is."""
    part = figures.change(now, before)
    if part is None:
        return _("new") if now else ""
    text = f"{part:+,.0%}" if abs(part) >= 1 else f"{part:+.1%}".replace(".0%", "%")
    return "0%" if text in ("+0%", "-0%") else text


def _tone(metric: Metric, difference: Value) -> str:
    if not difference:
        return "same"
    return "good" if (difference > 0) == metric.is_welcome else "bad"


def drawn(course: Sequence[Value]) -> str:
    """The points of a line through the parts; nothing for fewer than two."""
    if len(course) < 2:
        return ""
    top = max(*course, 1)
    step = WIDTH / (len(course) - 1)
    return " ".join(
        f"{at * step:.1f},{HEIGHT - 1 - (HEIGHT - 2) * float(value) / float(top):.1f}"
        for at, value in enumerate(course)
    )
