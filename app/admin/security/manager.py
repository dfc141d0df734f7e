"""Our security manager: the framework asks it who may do what; it has no tables of its own.

The framework's accounts, roles and permission tables (``ab_*``) are not used and its pages are not
registered: accounts live in ``app.store``, rights come from the scope gate (PERM-4). What remains
of the framework is its shape, so that its views, its APIs and its menu find what they expect.
"""

from typing import Any

from flask import Flask, Request
from flask_appbuilder.security.manager import BaseSecurityManager
from flask_jwt_extended import JWTManager
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager

from app.admin.security import api, login, sessions, views
from app.store import accounts
from app.store.accounts import Credentials, Login


class Person:
    """Whoever is logged in, as Flask-Login wants to see him."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, found: Login) -> None:
        self.login = found
        self.id = found.user_id
        self.username = found.username

    def get_id(self) -> str:
        return str(self.id)


class CrmSecurityManager(BaseSecurityManager):
    """Accounts of our own behind the framework's interface. Everything not granted is refused."""

    user_model = None
    role_model = None

    def create_login_manager(self, app: Flask) -> LoginManager:
        """Who is logged in comes from the session row, never from the cookie itself (R11)."""
        manager = LoginManager(app)
        manager.session_protection = None
        manager.request_loader(self._load_person)
        return manager

    def create_jwt_manager(self, app: Flask) -> JWTManager:
        manager = JWTManager(app)
        manager.user_lookup_loader(self.load_user_jwt)
        return manager

    def create_limiter(self, app: Flask) -> Limiter:
        """Off: its counters live in one process. Ours are in the database (R12)."""
        return Limiter(key_func=get_remote_address, enabled=False, storage_uri="memory://")

    def register_views(self) -> None:
        """Our own pages and none of the framework's."""
        self.auth_view = self.appbuilder.add_view_no_menu(views.LoginView)
        for view in (
            views.LogoutView,
            views.LanguageView,
            views.PasswordView,
            views.SessionsView,
            views.HealthView,
        ):
            self.appbuilder.add_view_no_menu(view)
        self.appbuilder.add_api(api.TokenApi)

    @staticmethod
    def _load_person(request: Request) -> Person | None:
        found = sessions.current()
        return Person(found) if found else None

    def load_user(self, pk: Any) -> Person | None:
        """The person of this request, if that is his id."""
        found = sessions.current()
        return Person(found) if found and str(found.user_id) == str(pk) else None

    def load_user_jwt(self, _header: Any, claims: Any) -> Person | None:
        return self.load_user(claims["sub"])

    def auth_user_db(self, username: str | None, password: str | None) -> Credentials | None:
        """The one check behind every door (C2): throttled, argon2id, equal time."""
        return login.check(username or "", password or "")

    def has_access(self, permission_name: str, view_name: str) -> bool:
        """Nothing that the framework protects by itself is granted: our views ask the gate."""
        return False

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        return False

    def get_user_menu_access(self, menu_names: list[str] | None = None) -> set[str]:
        """The framework's menu stays empty: ours comes from the catalogue and the rights."""
        return set()

    def get_public_role(self) -> None:
        return None

    def get_public_permissions(self) -> list[Any]:
        return []

    def get_user_roles(self, user: Any) -> list[Any]:
        return []

    def find_user(self, username: str | None = None, email: str | None = None) -> Any:
        return accounts.find_credentials(username) if username else None

    def reset_password(self, userid: int, password: str) -> None:
        """Passwords are set through our own pages, which know the policy and end sessions."""
        raise NotImplementedError

    def add_permissions_view(self, base_permissions: Any, view_menu: Any) -> None:
        """Nothing to store: grants are per entity and operation (PERM)."""

    def add_permissions_menu(self, view_menu_name: Any) -> None:
        """Nothing to store."""

    def security_cleanup(self, baseviews: Any, menus: Any) -> None:
        """Nothing to clean."""

    def create_db(self) -> None:
        """Tables and roles come from ``flask crm upgrade``."""
        raise NotImplementedError
