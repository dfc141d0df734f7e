"""All declared entities: what general code asks instead of knowing names."""

from collections.abc import Iterator

from app.spec import menu
from app.spec.calendar import CalendarKind
from app.spec.entity import Entity, OpenPage, PageRight
from app.spec.errors import DeclarationError, NotFound
from app.spec.metrics import Metric
from app.spec.todos import ToDo


class Catalogue:
    """The entities by key; walked by rank."""

    def __init__(self) -> None:
        self._entities: dict[str, Entity] = {}
        self._by_model: dict[type, Entity] = {}
        self._metrics: dict[str, tuple[str, Metric]] = {}
        self._to_dos: dict[str, tuple[str, ToDo]] = {}
        self._calendar: dict[str, tuple[str, CalendarKind]] = {}
        self.pages: dict[str, PageRight] = {}
        self.open_pages: list[OpenPage] = []

    def declare(self, entity: Entity) -> Entity:
        """Take an entity in; a second one of the same key, plural or model is refused."""
        for other in self._entities.values():
            if other.key == entity.key or other.plural == entity.plural:
                raise DeclarationError(entity.key, "key", "another entity has this name")
        if entity.model in self._by_model:
            raise DeclarationError(entity.key, "model", "another entity has this model")
        self._entities[entity.key] = entity
        self._by_model[entity.model] = entity
        return entity

    def declare_page(self, page: PageRight) -> PageRight:
        """Take in the right to a page; it shares the keys' space with the entities."""
        if page.key in self._entities or page.key in self.pages:
            raise DeclarationError(page.key, "key", "another entity or page has this name")
        menu.check(page.key, page.menu)
        self.pages[page.key] = page
        return page

    def declare_open_page(self, page: OpenPage) -> OpenPage:
        """Take in a page that needs no right of its own."""
        menu.check(page.url, page.menu)
        self.open_pages.append(page)
        return page

    def validate(self) -> None:
        """Check all declarations against each other; called once when everything is loaded."""
        for entity in self:
            entity.validate(self._entities)
        for key, metric in self._metrics.values():
            if key not in self:
                raise DeclarationError(metric.key, "metrics", f"there is no entity {key!r}")
            metric.validate(self.get(key).fields)
        for key, to_do in self._to_dos.values():
            if key not in self or not self.get(key).is_owned:
                raise DeclarationError(to_do.key, "to_dos", f"there is no owned entity {key!r}")
            to_do.validate(self.get(key).fields)
        for key, kind in self._calendar.values():
            if key not in self or not self.get(key).is_owned:
                raise DeclarationError(kind.key, "calendar", f"there is no owned entity {key!r}")
            if kind.to_do and self._to_dos.get(kind.to_do, ("", None))[0] != key:
                raise DeclarationError(kind.key, "to_do", f"{key} has no list {kind.to_do!r}")
            kind.validate(self.get(key).fields)

    def __iter__(self) -> Iterator[Entity]:
        return iter(sorted(self._entities.values(), key=lambda entity: entity.rank))

    def measure(self, key: str, *metrics: Metric) -> None:
        """Take in numbers about the entity of that key, from a file beside its own (REP-1)."""
        for metric in metrics:
            if metric.key in self._metrics:
                raise DeclarationError(metric.key, "metrics", "another metric has this name")
            self._metrics[metric.key] = (key, metric)

    def metrics(self) -> Iterator[tuple[Entity, Metric]]:
        """Every number with its entity, in the order of the entities."""
        of = [(self.get(key), metric) for key, metric in self._metrics.values()]
        return iter(sorted(of, key=lambda one: one[0].rank))

    def list_to_dos(self, key: str, *to_dos: ToDo) -> None:
        """Take in lists in which records of the entity of that key wait for somebody (TODO)."""
        for to_do in to_dos:
            if to_do.key in self._to_dos:
                raise DeclarationError(to_do.key, "to_dos", "another to-do list has this name")
            self._to_dos[to_do.key] = (key, to_do)

    def to_dos(self) -> Iterator[tuple[Entity, ToDo]]:
        """Every to-do list with its entity, in the order of the entities (TODO)."""
        of = [(self.get(key), to_do) for key, to_do in self._to_dos.values()]
        return iter(sorted(of, key=lambda one: one[0].rank))

    def list_in_calendar(self, key: str, *kinds: CalendarKind) -> None:
        """Take in what records of the entity of that key stand in calendars (TASK)."""
        for kind in kinds:
            if kind.key in self._calendar:
                raise DeclarationError(kind.key, "calendar", "another kind has this name")
            self._calendar[kind.key] = (key, kind)

    def calendar(self) -> Iterator[tuple[Entity, CalendarKind]]:
        """Every kind of entry with its entity, in the order of the entities (TASK)."""
        of = [(self.get(key), kind) for key, kind in self._calendar.values()]
        return iter(sorted(of, key=lambda one: one[0].rank))

    def to_do(self, key: str) -> ToDo:
        """The to-do list of that key; NotFound for an unknown one."""
        try:
            return self._to_dos[key][1]
        except KeyError:
            raise NotFound from None

    def __len__(self) -> int:
        return len(self._entities)

    def __contains__(self, key: object) -> bool:
        return key in self._entities

    def get(self, key: str) -> Entity:
        """The entity of that key; NotFound for an unknown one."""
        try:
            return self._entities[key]
        except KeyError:
            raise NotFound from None

    def of(self, model: type) -> Entity | None:
        """The entity that a model class belongs to."""
        return self._by_model.get(model)

    def declares(self, key: str, operation: str) -> bool:
        """Whether the entity or page of that key has the operation at all."""
        thing = self._entities.get(key) or self.pages.get(key)
        return thing is not None and operation in thing.operations

    @property
    def things(self) -> dict[str, Entity | PageRight]:
        """Everything that has a line in the permission matrix: entities by rank, then pages."""
        return {entity.key: entity for entity in self} | self.pages

    def forget(self, key: str) -> None:
        """Take a declaration out again: for tests with synthetic entities only."""
        entity = self._entities.pop(key)
        del self._by_model[entity.model]


catalogue = Catalogue()
"""The one catalogue of the program, filled when ``app.entities`` is imported."""
