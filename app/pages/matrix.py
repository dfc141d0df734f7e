"""The permission matrix (MATRIX-1): what each role may do with each entity, on which rows."""

from flask_appbuilder import BaseView

from app.spec.catalogue import catalogue
from app.spec.entity import PageRight
from app.spec.roles import SYSTEM_ADMIN, grant
from app.spec.scopes import Scope
from app.spec.words import Label

MATRIX = catalogue.declare_page(
    PageRight(
        key="matrix",
        label=Label("Permission matrix", "权限矩阵"),
        operations=("list", "edit"),
        grants={SYSTEM_ADMIN: grant(Scope.ALL, "list edit")},
    )
)


class MatrixView(BaseView):
    route_base = "/matrix"
