"""From the catalogue to the framework: one set of pages and one API per declared entity."""

from flask_appbuilder import AppBuilder

from app.admin.api import EntityApi
from app.admin.checklists import ChecklistApi, ChecklistView
from app.admin.comments import CommentsApi, CommentsView
from app.admin.duplicates import DuplicatesView
from app.admin.exports_api import ExportsApi
from app.admin.files import FilesApi, FilesView
from app.admin.importing.api import ImportsApi
from app.admin.importing.pages import ImportView
from app.admin.jobs_api import JobsApi
from app.admin.openapi.document import OpenApi
from app.admin.operations_api import OperationsApi
from app.admin.opinions_api import OpinionsApi
from app.admin.rows import RowsView
from app.admin.search_api import SearchApi
from app.admin.todos_api import ToDosApi
from app.admin.views import EntityView
from app.admin.views_api import SavedViewsApi
from app.spec.catalogue import catalogue
from app.spec.entity import Entity


def register_all(builder: AppBuilder) -> None:
    """Register what is derived from every declaration, and the APIs about all of them."""
    for entity in catalogue:
        builder.add_view_no_menu(view_of(entity))
        builder.add_view_no_menu(rows_of(entity))
        builder.add_api(api_of(entity))
        if entity.has_files:
            builder.add_view_no_menu(files_of(entity))
            builder.add_api(files_api_of(entity))
        if entity.has_checklist:
            builder.add_view_no_menu(checklist_of(entity))
            builder.add_api(checklist_api_of(entity))
        if entity.has_comments:
            builder.add_view_no_menu(comments_of(entity))
            builder.add_api(comments_api_of(entity))
        if entity.judged:
            builder.add_api(opinions_of(entity))
        if "import" in entity.operations:
            builder.add_view_no_menu(importing_of(entity))
    builder.add_view_no_menu(DuplicatesView)
    builder.add_api(OperationsApi)
    builder.add_api(JobsApi)
    builder.add_api(ImportsApi)
    builder.add_api(ExportsApi)
    builder.add_api(SearchApi)
    builder.add_api(ToDosApi)
    builder.add_api(SavedViewsApi)
    builder.add_api(OpenApi)


def view_of(entity: Entity) -> type[EntityView]:
    """The pages of one entity."""
    name = f"{entity.model.__name__}View"
    return type(name, (EntityView,), {"entity": entity, "route_base": f"/{entity.plural}"})


def rows_of(entity: Entity) -> type[RowsView]:
    """The small requests about an entity's records."""
    name = f"{entity.model.__name__}Rows"
    return type(name, (RowsView,), {"entity": entity, "route_base": f"/{entity.plural}"})


def importing_of(entity: Entity) -> type[ImportView]:
    """The steps of an import of these records."""
    name = f"{entity.model.__name__}Import"
    return type(name, (ImportView,), {"entity": entity, "route_base": f"/{entity.plural}"})


def files_of(entity: Entity) -> type[FilesView]:
    """The files of these records."""
    name = f"{entity.model.__name__}Files"
    return type(name, (FilesView,), {"entity": entity, "route_base": f"/{entity.plural}"})


def files_api_of(entity: Entity) -> type[FilesApi]:
    """The same for programs."""
    name = f"{entity.model.__name__}FilesApi"
    return type(name, (FilesApi,), {"entity": entity, "resource_name": entity.plural})


def checklist_of(entity: Entity) -> type[ChecklistView]:
    """The small steps of these records."""
    name = f"{entity.model.__name__}Checklist"
    return type(name, (ChecklistView,), {"entity": entity, "route_base": f"/{entity.plural}"})


def checklist_api_of(entity: Entity) -> type[ChecklistApi]:
    """The same for programs."""
    name = f"{entity.model.__name__}ChecklistApi"
    return type(name, (ChecklistApi,), {"entity": entity, "resource_name": entity.plural})


def comments_of(entity: Entity) -> type[CommentsView]:
    """What is said about these records."""
    name = f"{entity.model.__name__}Comments"
    return type(name, (CommentsView,), {"entity": entity, "route_base": f"/{entity.plural}"})


def comments_api_of(entity: Entity) -> type[CommentsApi]:
    """The same for programs."""
    name = f"{entity.model.__name__}CommentsApi"
    return type(name, (CommentsApi,), {"entity": entity, "resource_name": entity.plural})


def opinions_of(entity: Entity) -> type[OpinionsApi]:
    """What departments think of these records, for programs."""
    name = f"{entity.model.__name__}OpinionsApi"
    return type(name, (OpinionsApi,), {"entity": entity, "resource_name": entity.plural})


def api_of(entity: Entity) -> type[EntityApi]:
    """The REST resource of one entity."""
    name = f"{entity.model.__name__}Api"
    return type(name, (EntityApi,), {"entity": entity, "resource_name": entity.plural})
