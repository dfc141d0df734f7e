"""Everything that the file of an entity needs, by one import."""

from app.spec import columns as field
from app.spec import quality, roles
from app.spec.calendar import CalendarKind
from app.spec.catalogue import catalogue
from app.spec.conditions import all_of, any_of, condition, field_of
from app.spec.conversion import Beside, Conversion
from app.spec.entity import Child, Entity
from app.spec.field import Section
from app.spec.metrics import Card, metric
from app.spec.operations import BINNED, LOCKS, PLAIN, POOLED, SHARED, TAGGED, TAGS
from app.spec.opinions import aspect
from app.spec.options import dictionary, fixed, option
from app.spec.roles import grant
from app.spec.scopes import Scope
from app.spec.todos import Tab, ToDo
from app.spec.views import View, view
from app.spec.words import Label

__all__ = [
    "BINNED",
    "LOCKS",
    "PLAIN",
    "POOLED",
    "SHARED",
    "TAGGED",
    "TAGS",
    "Beside",
    "CalendarKind",
    "Card",
    "Child",
    "Conversion",
    "Entity",
    "Label",
    "Scope",
    "Section",
    "Tab",
    "ToDo",
    "View",
    "all_of",
    "any_of",
    "aspect",
    "catalogue",
    "condition",
    "dictionary",
    "field",
    "field_of",
    "fixed",
    "grant",
    "metric",
    "option",
    "quality",
    "roles",
    "view",
]
