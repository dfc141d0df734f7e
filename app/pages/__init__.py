"""The pages that can't be derived from a declaration: dashboard, matrix, notifications."""

import app.pages.pools  # noqa: F401 - declares a panel of the page of a pool
from app.admin.page import Builder
from app.pages.address_book import AddressBookView
from app.pages.announcements import AnnouncementsView
from app.pages.calendar.views import CalendarView
from app.pages.changed_hands import ChangedHandsView
from app.pages.clock import ClockView
from app.pages.columns import ColumnsView
from app.pages.dashboard import DashboardView
from app.pages.data_quality import DataQualityView
from app.pages.deputies import DeputiesView
from app.pages.dictionaries import DictionariesView
from app.pages.exports import ExportsView
from app.pages.first_run import FirstRunView
from app.pages.hand_over import HandOverView
from app.pages.help import HelpView
from app.pages.home import HomeView
from app.pages.ics.views import CalendarFeedView, EventFileView, FeedView
from app.pages.imports import ImportsView
from app.pages.jobs import JobsView
from app.pages.mail import MailView
from app.pages.matrix.views import MatrixView
from app.pages.notifications import NotificationsView
from app.pages.operations import OperationsView
from app.pages.passwords import ResetPasswordView
from app.pages.phrases import PhrasesView
from app.pages.recent import RecentView
from app.pages.recycle_bin import RecycleBinView
from app.pages.recycling import RecyclingView
from app.pages.search import SearchView
from app.pages.settings import LogoView, SettingsView
from app.pages.task_board import TaskBoardView
from app.pages.task_gantt import TaskGanttView
from app.pages.todos import ToDosView
from app.pages.tree import TreeView
from app.pages.views import SavedViewsView
from app.pages.work_logs import SubmittedLogsView

__all__ = ["HomeView", "register_all"]

VIEWS = (
    CalendarFeedView,
    CalendarView,
    EventFileView,
    FeedView,
    DashboardView,
    DataQualityView,
    FirstRunView,
    ColumnsView,
    SavedViewsView,
    HelpView,
    MatrixView,
    NotificationsView,
    OperationsView,
    ImportsView,
    ExportsView,
    JobsView,
    MailView,
    PhrasesView,
    RecycleBinView,
    RecyclingView,
    ResetPasswordView,
    HandOverView,
    RecentView,
    SearchView,
    SettingsView,
    LogoView,
    ChangedHandsView,
    ClockView,
    DeputiesView,
    DictionariesView,
    AddressBookView,
    AnnouncementsView,
    TaskBoardView,
    TaskGanttView,
    ToDosView,
    TreeView,
    SubmittedLogsView,
)
"""Every page but the home page, which the generator takes by itself."""


def register_all(builder: Builder) -> None:
    """Register them."""
    for view in VIEWS:
        builder.add_view_no_menu(view)
