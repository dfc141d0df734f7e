"""Arguments of commands that name something declared."""

import click

from app.spec.catalogue import catalogue
from app.spec.entity import Entity


class EntityName(click.ParamType[Entity]):
    """An entity by its key, plural or class, however it is capitalised."""

    name = "entity"

    def convert(
        self, value: str | Entity, param: click.Parameter | None, ctx: click.Context | None
    ) -> Entity:
        if isinstance(value, Entity):
            return value
        wanted = value.casefold().replace("_", "-")
        for entity in catalogue:
            names = (entity.key, entity.plural, entity.model.__name__)
            if wanted in {name.casefold().replace("_", "-") for name in names}:
                return entity
        known = ", ".join(entity.key for entity in catalogue)
        return self.fail(f"there is no entity {value!r}; there are {known}", param, ctx)


ENTITY = EntityName()
