"""The cards of the dashboard (DASH): each is asked for by itself, as a screen and as a table."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.admin.navigation import has_to_dos
from app.pages.dashboard import readings
from app.pages.dashboard.lens import Lens
from app.pages.dashboard.readings import Reading
from app.pages.dashboard.tables import Cell, Table
from app.pages.todos import overview
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.conditions import condition
from app.spec.entity import Entity
from app.spec.errors import BadRequest
from app.spec.metrics import Card, Metric
from app.store import figures, periods, titles
from app.store.context import actor
from app.store.figures import Ask, Rows
from app.store.todos import Who

TOP = 10
"""So many places a leaderboard shows, besides one's own."""

Screen = tuple[dict[str, Any], Table]


@dataclass(frozen=True)
class DashboardCard:
    """A card: which metrics it is about, and how it is made for a reader."""

    key: str
    label: Any
    icon: str
    wants: Callable[[Metric], object]
    make: Callable[[Lens, str], Screen]
    is_wide: bool = False
    is_charted: bool = False
    has_choice: bool = False
    """It is about one metric, of several that its reader may choose from."""

    def is_for(self, lens: Lens) -> bool:
        """Whether there is anything true to show to this reader."""
        return bool(readings.available(lens, self.wants))

    def has(self, lens: Lens, metric: str) -> bool:
        """Whether this reader may choose that metric for this card."""
        return self.has_choice and any(
            one.key == metric for _entity, one in readings.available(lens, self.wants)
        )


@dataclass(frozen=True)
class ToDoCard(DashboardCard):
    """What waits for the reader: no metrics, and the same whatever the lens."""

    def is_for(self, lens: Lens) -> bool:
        return has_to_dos(actor())


def _listed_on(card: Card) -> Callable[[Metric], bool]:
    return lambda metric: card in metric.cards


def _is_ranked(metric: Metric) -> bool:
    return metric.is_ranked


def _is_followed(metric: Metric) -> bool:
    return metric.is_ranked and readings.is_compared(metric)


def _briefing(lens: Lens, _chosen: str) -> Screen:
    found = _read(lens, Card.BRIEFING, has_course=True)
    return {"items": [readings.shown(one) for one in found]}, _compared(_l("Sales briefing"), found)


def _summary(lens: Lens, _chosen: str) -> Screen:
    """The same numbers and more, one group per kind of record."""
    found = _read(lens, Card.SUMMARY)
    groups = [
        {
            "label": str(entity.many),
            "icon": entity.icon,
            "rows": [readings.shown(one) for one in found if one.entity is entity],
        }
        for entity in dict.fromkeys(one.entity for one in found)
    ]
    return {"groups": groups}, _compared(_l("Data summary"), found)


def _forgotten(lens: Lens, _chosen: str) -> Screen:
    found = _read(lens, Card.FORGOTTEN)
    rows = [(str(one.metric.label), one.value) for one in found]
    table = Table(_("Forgotten customers"), (_("Metric"), _("Number")), rows)
    return {"rows": [readings.shown(one) for one in found]}, table


def _to_dos(_lens: Lens, _chosen: str) -> Screen:
    lists = overview(Who.MINE)
    rows = [
        (one["label"], tab["label"], tab["count"])
        for one in lists
        for tab in one["tabs"]
        if tab["waits"]
    ]
    table = Table(_("To-dos"), (_("List"), _("Part"), _("Number")), rows)
    return {"lists": lists, "people": bool(actor().rights.people)}, table


def _read(lens: Lens, card: Card, *, has_course: bool = False) -> list[Reading]:
    metrics = readings.available(lens, _listed_on(card))
    return readings.read_all(lens, metrics, has_course=has_course)


def _compared(title: Any, found: Iterable[Reading]) -> Table:
    rows = [_compared_row(one) for one in found]
    return Table(str(title), (_("Metric"), _("Number"), _("Before"), _("Change, %")), rows)


def _compared_row(one: Reading) -> Sequence[Cell]:
    label = str(one.metric.label)
    if one.rows_before is None:
        return label, one.value, None, None
    return label, one.value, one.before, _percent(one.value, one.before)


def _percent(now: figures.Value, before: figures.Value) -> Cell:
    """The change as a number to go on calculating with."""
    part = figures.change(now, before)
    if part is None:
        return _("new") if now else None
    return round(100 * part, 1)


def _picked(
    lens: Lens, chosen: str, wanted: Callable[[Metric], object]
) -> tuple[Entity, Metric, dict[str, Any]]:
    """The metric that is asked for, else the first; and the choice for the card's head."""
    known = {one.key: (entity, one) for entity, one in readings.available(lens, wanted)}
    if not known or (chosen and chosen not in known):
        raise BadRequest(_l("There is no choice %(name)s.", name=chosen))
    entity, metric = known[chosen or next(iter(known))]
    options = [{"code": key, "label": str(one.label)} for key, (_e, one) in known.items()]
    choice = {"options": options, "chosen": metric.key, "meaning": str(metric.meaning)}
    return entity, metric, choice


def _leaderboard(lens: Lens, chosen: str) -> Screen:
    """Who has how many, the most first; equal numbers share a place. Only people within reach."""
    entity, metric, choice = _picked(lens, chosen, _is_ranked)
    rows = lens.rows(entity, metric)
    [found] = figures.measure([Ask(rows, metric.sums, by=metric.person)])
    reach, me = actor().rights.reach(entity.key, "list"), actor().user_id
    numbers = {person: value for person, value in found.items() if reach.covers(person) and value}
    names = titles.by_ids(catalogue.get("user"), numbers)
    ordered = sorted(numbers, key=lambda person: (-numbers[person], names.get(person, "")))
    values = [numbers[person] for person in ordered]
    first = dict(reversed([(number, at) for at, number in enumerate(values, start=1)]))
    lines = [(first[numbers[one]], names.get(one, ""), numbers[one]) for one in ordered]
    own = ordered.index(me) if me in ordered else None
    screen = {
        "choice": choice,
        "top": max(values, default=0),
        "own": lines[own][0] if own is not None else None,
        "people": len(lines),
        "places": [
            {
                "place": place,
                "name": name,
                "is_me": person == me,
                **readings.number(_of_person(rows, metric, person), value),
            }
            for at, (person, (place, name, value)) in enumerate(zip(ordered, lines, strict=True))
            if at < TOP or person == me
        ],
    }
    head = (_("Place"), _("Person"), str(metric.label))
    return screen, Table(str(metric.label), head, lines)


def _of_person(rows: Rows, metric: Metric, person: int) -> Rows:
    return Rows(rows.entity, rows.conditions, (condition(metric.person, "eq", person),))


def _trend(lens: Lens, chosen: str) -> Screen:
    """New records day by day, week by week or month by month, against the year before."""
    entity, metric, choice = _picked(lens, chosen, _is_followed)
    unit, now = periods.edges(*lens.days)
    ago = (
        *(periods.year_before(lens.when, day) for day in now[:-1]),
        periods.last_year(lens.when, *lens.days)[1],
    )
    this_year, last_year = _courses(lens, entity, metric, (now, ago))
    days = [_named(unit, start, now) for start in now[:-1]]
    dated = [_dated(unit, start) for start in now[:-1]]
    past = [one if day <= clock.today() else None for day, one in zip(now, this_year, strict=False)]
    rows = list(zip(days, past, last_year, strict=True))
    head = (_("Date"), str(metric.label), _("A year before"))
    lines = [
        (day, one["value"] if one else None, ago["value"])
        for day, one, ago in zip(dated, past, last_year, strict=True)
    ]
    return {"choice": choice, "rows": rows}, Table(str(metric.label), head, lines)


def _courses(
    lens: Lens, entity: Entity, metric: Metric, cuts: Sequence[Sequence[date]]
) -> Iterator[list[dict[str, Any]]]:
    """The metric between one cut's edges and the next, for each of the cuts: one statement."""
    asks = [
        Ask(lens.rows(entity, metric, (cut[0], cut[-1])), metric.sums, metric.date, tuple(cut))
        for cut in cuts
    ]
    for cut, parts in zip(cuts, figures.measure(asks), strict=True):
        yield [
            readings.number(lens.rows(entity, metric, days), parts.get(at, 0))
            for at, days in enumerate(pairwise(cut))
        ]


def _named(unit: str, start: date, edges: tuple[date, ...]) -> str:
    """A part of the period by its first day, as short as it stays clear."""
    is_day = unit not in ("year", "month")
    is_short = is_day and edges[0].year == edges[-2].year
    return f"{start:%m-%d}" if is_short else _dated(unit, start)


def _dated(unit: str, start: date) -> str:
    """The same for a file, which is read without its period beside it."""
    return start.strftime({"year": "%Y", "month": "%Y-%m"}.get(unit, "%Y-%m-%d"))


CARDS = {
    card.key: card
    for card in (
        DashboardCard(
            "briefing",
            _l("Sales briefing"),
            "report-analytics",
            _listed_on(Card.BRIEFING),
            _briefing,
            is_wide=True,
        ),
        DashboardCard(
            "trend",
            _l("Trend"),
            "chart-line",
            _is_followed,
            _trend,
            is_wide=True,
            is_charted=True,
            has_choice=True,
        ),
        ToDoCard(
            "to_dos",
            _l("To-dos"),
            "checklist",
            lambda _metric: False,
            _to_dos,
        ),
        DashboardCard(
            "forgotten",
            _l("Forgotten customers"),
            "alarm",
            _listed_on(Card.FORGOTTEN),
            _forgotten,
        ),
        DashboardCard(
            "leaderboard",
            _l("Leaderboard"),
            "trophy",
            _is_ranked,
            _leaderboard,
            has_choice=True,
        ),
        DashboardCard(
            "summary",
            _l("Data summary"),
            "table",
            _listed_on(Card.SUMMARY),
            _summary,
            is_wide=True,
        ),
    )
}
