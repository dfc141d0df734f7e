"""Every address is known: open with a reason, or for people who are logged in and tried (C17, C49).

A new route that nobody thought about fails here; so does a reason for a route that is gone.
"""

import json
import re

import pytest
from werkzeug.routing import Rule

from app.admin.security.requests import OPEN
from app.spec.catalogue import catalogue
from tests.generated.stage import Stage
from tests.support.worlds import World

ENTITY_ENDPOINTS = frozenset(
    {"add", "bulk", "delete", "edit", "list_page", "options", "report", "show",
     "get", "get_list", "info", "post", "put", "cell", "star", "sums", "count", "viewed",
     "note", "mark", "duplicates", "layers", "leave", "primary",
     "compose",  # tests/contract/test_follow_ups.py
     "attach", "file", "files", "remove",  # tests/contract/test_files.py
     "opinions",  # tests/contract/test_opinions.py
     "preview",  # tests/contract/test_previews.py
     *("check", "checklist", "add_lines", "change_line", "remove_line"),  # …/test_checklists.py
     "comment", "comments", "mentions", "say", "reword", "take_back",  # …/test_comments.py
     "import_file", "upload", "template", "steps", "failed"}
)  # fmt: skip
"""What the access, scope, related, row and own marks tests go through for every entity."""

OWN_TESTS = {
    "ChangedHandsView.show": "whoever leads people: tests/contract/test_changed_hands.py",
    "SubmittedLogsView.show": "authors within the scope of the list: test_work_logs",
    "PhrasesView.show": "everybody's own phrases: tests/contract/test_phrases.py",
    "PhrasesView.menu": "the same for text areas: tests/contract/test_phrases.py",
    "EventFileView.ics": "whoever may read the event: tests/contract/test_ics.py",
    "CalendarFeedView.show": "one's own address: tests/contract/test_ics.py",
    "HomeView.index": "everybody's; what it shows is scoped (test_fields looks at it)",
    "DashboardView.card": "one's own numbers, by the scope of their lists: test_dashboard",
    "DashboardView.file": "the same as a file: test_dashboard",
    "DashboardView.options": "people within reach of one's lists: test_dashboard",
    "DashboardView.remember": "one's own filters: test_dashboard",
    "DashboardView.choose": "one's own metric of a card: test_dashboard",
    "DashboardView.arrange": "one's own arrangement: test_dashboard",
    "DuplicatesView.ask": "what its reader was shown: tests/contract/test_duplicates.py",
    "LogoutView.logout": "everybody may leave",
    "PasswordView.change": "one's own password",
    "SessionsView.list": "one's own sessions",
    "TokenApi.logout": "one's own tokens",
    "OperationsApi.get": "one's own runs: test_related",
    "OperationsApi.undo": "one's own runs, every answer: tests/contract/test_undo",
    "ImportsApi.get": "one's own imports: tests/contract/test_imports.py",
    "ImportsApi.report": "one's own imports: tests/contract/test_imports.py",
    "ImportsApi.run": "one's own imports: tests/contract/test_imports.py",
    "ExportsApi.get": "one's own exports: tests/contract/test_exports.py",
    "ExportsApi.get_list": "one's own exports: tests/contract/test_exports.py",
    "ExportsApi.waiting": "what one is asked about: tests/contract/test_exports.py",
    "ExportsApi.approve": "whoever is asked: tests/contract/test_exports.py",
    "ExportsApi.reject": "whoever is asked: tests/contract/test_exports.py",
    "ExportsView.approve": "whoever is asked: tests/contract/test_exports.py",
    "ExportsView.reject": "whoever is asked: tests/contract/test_exports.py",
    "ExportsView.show": "one's own exports: tests/contract/test_exports.py",
    "ImportsView.show": "one's own imports: tests/contract/test_imports.py",
    "JobsApi.get": "one's own jobs: tests/contract/test_jobs.py",
    "JobsApi.cancel": "one's own jobs: tests/contract/test_jobs.py",
    "JobsApi.retry": "one's own jobs: tests/contract/test_jobs.py",
    "JobsView.show": "leads to one's own runs: tests/contract/test_jobs.py",
    "JobsView.tray": "one's own jobs: tests/contract/test_jobs.py",
    "JobsView.progress": "one's own jobs: tests/contract/test_jobs.py",
    "JobsView.cancel": "one's own jobs: tests/contract/test_jobs.py",
    "JobsView.retry": "one's own jobs: tests/contract/test_jobs.py",
    "OperationsView.show": "one's own runs: tests/contract/test_undo",
    "OperationsView.undo": "one's own runs: tests/contract/test_undo",
    "OperationsApi.report": "one's own runs: test_related",
    "OperationsApi.file": "one's own runs: test_related",
    "DataQualityView.first": "what one may list: tests/contract/test_data_quality.py",
    "DataQualityView.show": "what one may list: tests/contract/test_data_quality.py",
    "DataQualityView.counts": "what one may list: tests/contract/test_data_quality.py",
    "ToDosView.show": "what one may list: tests/contract/test_todos.py",
    "ToDosView.waiting": "what one may list: tests/contract/test_todos.py",
    "ToDosView.tab": "what one may list: tests/contract/test_todos.py",
    "ToDosApi.get_list": "what one may list: tests/contract/test_todos.py",
    "ToDosApi.get_rows": "what one may list: tests/contract/test_todos.py",
    "ToDosApi.mark": "what one may list: tests/contract/test_todos.py",
    "ToDosApi.unmark": "what one may list: tests/contract/test_todos.py",
    "ToDosView.counts": "what one may list: tests/contract/test_todos.py",
    "FirstRunView.dismiss": "one's own preference: tests/contract/test_first_run.py",
    "HelpView.show": "says nothing of records: tests/contract/test_help.py",
    "SearchView.show": "what one may list: test_search",
    "SearchView.panel": "what one may list: test_search",
    "SearchApi.get_list": "what one may list: test_search",
    "OpenApi.describe": "the addresses only, for anybody logged in",
    "ColumnsView.choose": "one's own columns: test_arranging",
    "ColumnsView.density": "one's own density: test_arranging",
    "ColumnsView.widths": "one's own widths: test_arranging",
    "MatrixView.first": "a right of its own: test_pages_are_rights_of_their_own",
    "MatrixView.show": "a right of its own: test_pages_are_rights_of_their_own",
    "MatrixView.line": "a right of its own: test_pages_are_rights_of_their_own",
    "MatrixView.save": "a right of its own: test_pages_are_rights_of_their_own",
    "MatrixView.compare": "a right of its own: test_pages_are_rights_of_their_own",
    "MatrixView.copy": "a right of its own: test_pages_are_rights_of_their_own",
    "MatrixView.spread": "a right of its own: test_pages_are_rights_of_their_own",
    "TreeView.show": "the right of the departments' list: test_people",
    "TreeView.move": "the right to edit departments: test_people",
    "RecyclingView.show": "whoever reads the pool; rows by their scope: contract/test_forecasts.py",
    "DeputiesView.show": "one's own deputies: tests/contract/test_deputies.py",
    "DeputiesView.end": "one's own deputies: tests/contract/test_deputies.py",
    "CalendarView.show": "what one may list of one's people: tests/contract/test_calendar.py",
    "CalendarView.entries": "what one may list of one's people: tests/contract/test_calendar.py",
    "CalendarView.entry": "what one may list, and edit: tests/contract/test_calendar.py",
    "CalendarView.new": "forms that one may fill in: tests/contract/test_calendar.py",
    "CalendarView.kinds": "one's own choice: tests/contract/test_calendar.py",
    "TaskGanttView.show": "what one may list of one's people: tests/contract/test_task_gantt.py",
    "TaskBoardView.show": "what one may list of one's people: tests/contract/test_task_board.py",
    "TaskBoardView.move": "the right to edit the task: tests/contract/test_task_board.py",
    "TaskBoardView.done": "the right to mark it done: tests/contract/test_task_board.py",
    "AddressBookView.show": "everybody's: test_people",
    "AnnouncementsView.show": "everybody's, each his audience's: test_people",
    "SettingsView.show": "a right of its own: test_pages_are_rights_of_their_own",
    "ClockView.show": "the right to the settings: tests/contract/test_clock.py",
    "ClockView.ask": "the right to change them: tests/contract/test_clock.py",
    "SettingsView.history": "the same right: test_pages_are_rights_of_their_own",
    "DictionariesView.index": "a right of its own: test_pages_are_rights_of_their_own",
    "DictionariesView.edit": "the same right: test_pages_are_rights_of_their_own",
    "NotificationsView.show": "one's own messages",
    "NotificationsView.unread": "one's own messages",
    "NotificationsView.settings": "one's own choices: tests/contract/test_notices.py",
    "MailView.show": "the right to the settings: tests/contract/test_mail.py",
    "MailView.test": "the right to change them: tests/contract/test_mail.py",
    "MailView.settle": "the right to change them: tests/contract/test_mail.py",
    "RecentView.show": "one's own trail, scoped: test_rows",
    "RecentView.menu": "one's own trail, scoped: test_rows",
    "RecycleBinView.show": "what one may restore or purge: tests/contract/test_recycle_bin.py",
    "HandOverView.show": "a right, and superiors: tests/contract/test_hand_over.py",
    "HandOverView.report": "one's own hand-overs: tests/contract/test_hand_over.py",
    "HandOverView.rows": "one's own hand-overs: tests/contract/test_hand_over.py",
    "HandOverView.undo": "one's own hand-overs: tests/contract/test_hand_over.py",
    "ResetPasswordView.reset": "test_access: the operation reset_password",
    **{
        f"SavedViewsApi.{method}": "one's own views and shared ones: tests/contract/test_views_api"
        for method in ("delete", "get", "get_list", "post", "put")
    },
    "SavedViewsView.add": "one's own views; sharing is a right of its own: test_views",
    "SavedViewsView.delete": "one's own views: test_views",
    "SavedViewsView.edit": "one's own views: test_views",
    "SavedViewsView.manage": "one's own tabs: test_views",
    "SavedViewsView.options": "those who may share: test_views",
    "SavedViewsView.update": "one's own views: test_views",
    "appbuilder.static": "the framework's files",
}
"""Routes that belong to no entity, each with who may come and where that is tested."""

PAGES = {
    "matrix": ("/matrix/3", {"row_version": "99"}),
    "matrix line": ("/matrix/3/customer", {"row_version": "99"}),
    "matrix compare": ("/matrix/compare", None),
    "settings": ("/settings/", {}),
    "settings history": ("/settings/history", None),
    "dictionaries": ("/dictionaries/", None),
    "dictionaries edit": ("/dictionaries/source", {}),
}
"""Pages with a right of their own (the first word): the address, and what an empty save posts."""

PARAMETERS = {"pk": "1", "slug": "export", "key": "owner", "number": "1", "role_id": "2",
              "language": "en", "file": "x.css", "filename": "x.css"}  # fmt: skip


def rules(world: World) -> list[Rule]:
    return list(world.app.url_map.iter_rules())


def address(rule: Rule) -> str:
    return re.sub(r"<(?:[^<>:]+:)?(\w+)>", lambda found: PARAMETERS.get(found[1], "1"), rule.rule)


def views_of_entities() -> set[str]:
    names = (entity.model.__name__ for entity in catalogue)
    return {
        f"{name}{kind}"
        for name in names
        for kind in (
            *("View", "Rows", "Api", "Import", "Files", "FilesApi", "OpinionsApi"),
            *("Comments", "CommentsApi", "Checklist", "ChecklistApi"),
        )
    }


def test_every_route_is_tried_or_has_a_reason(world: World) -> None:
    views = views_of_entities()
    unknown = set()
    for rule in rules(world):
        view, _dot, method = rule.endpoint.rpartition(".")
        is_derived = view in views and method in ENTITY_ENDPOINTS
        if not is_derived and rule.endpoint not in OPEN and rule.endpoint not in OWN_TESTS:
            unknown.add(f"{rule.endpoint} {rule.rule}")
    assert not unknown, "routes that nobody has thought about:\n" + "\n".join(sorted(unknown))


def test_no_reason_outlives_its_route(world: World) -> None:
    known = {rule.endpoint for rule in rules(world)}
    gone = (set(OPEN) | set(OWN_TESTS)) - known - {"static"}  # the unbuilt files of development
    assert not gone, f"routes that are gone: {sorted(gone)}"


def test_nobody_comes_in_without_login(world: World) -> None:
    """C17: pages lead to the login, the API says 401; 200 only where there is a reason."""
    client, tried = world.app.test_client(), 0
    for rule in rules(world):
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            path = address(rule)
            answer = client.open(path, method=method, json={} if method != "GET" else None)
            label = f"{method} {path}"
            tried += 1
            if rule.endpoint in OPEN:
                assert answer.status_code < 500, label
            elif path.startswith("/api/"):
                assert answer.status_code == 401, f"{label}: {answer.status}"
                assert json.loads(answer.text)["code"] == "not_logged_in", label
            else:
                assert answer.status_code == 302, f"{label}: {answer.status}"
                assert answer.location.startswith("/login/"), f"{label}: {answer.location}"
    assert tried > 150


def test_the_icon_is_there_for_whoever_asks(world: World) -> None:
    """Browsers ask for it by themselves where an answer is no page, as a file or JSON."""
    answer = world.app.test_client().get("/favicon.ico")
    assert answer.status_code == 302
    assert answer.location.startswith("/static/build/mark.")


def test_verbs_that_nobody_offers_are_405(stage: Stage) -> None:
    """Contract §1: the wrong verb is 405 with the right ones, as a page or as JSON."""
    person = stage.person("admin")
    token = {"X-CSRFToken": person.csrf()}
    for rule in rules(stage.world):
        if rule.endpoint in OPEN or (rule.methods or set()) & {"POST"} or "static" in rule.rule:
            continue
        others = [r for r in rules(stage.world) if r.rule == rule.rule]
        allowed = {method for other in others for method in other.methods or ()}
        for method in sorted({"POST", "PUT", "PATCH", "DELETE"} - allowed):
            answer = person.client.open(address(rule), method=method, headers=token)
            assert answer.status_code == 405, f"{method} {address(rule)}: {answer.status}"
            if rule.rule.startswith("/api/"):
                assert json.loads(answer.text)["code"] == "method_not_allowed"


def test_reading_twice_writes_nothing(stage: Stage) -> None:
    """C49b: GET never changes anything, whoever asks for whatever."""
    person = stage.person("admin")
    person.csrf()
    person.get("/readyz")  # the first one ever leaves the fingerprint of the session key (C110)
    stage.base()
    for rule in rules(stage.world):
        if "GET" in (rule.methods or ()) and rule.endpoint not in ("LogoutView.logout",):
            for _turn in range(2):
                answer = person.client.get(address(rule), buffered=True)
                assert answer.status_code < 500, f"{address(rule)}: {answer.status}"
    assert stage.differing() == []


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("actor", ["admin", "system", "people", "manager", "sales1a", "audit"])
def test_pages_are_rights_of_their_own(stage: Stage, actor: str, page: str) -> None:
    """PERM: pages are permissions too; the table's line for each is obeyed."""
    person, (path, saved) = stage.person(actor), PAGES[page]
    answers = {"list": person.get(path)}
    if saved is not None:
        answers["edit"] = person.post(path, saved)
    for operation, answer in answers.items():
        may = stage.oracle.may(actor, page.split()[0], operation)
        assert (answer.status_code == 403) != may or answer.status_code == 409, (actor, operation)
    assert stage.differing() == []
