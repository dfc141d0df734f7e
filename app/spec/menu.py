"""The groups of the left navigation, in their order; an entity or page names the one it is in."""

from collections.abc import Mapping
from types import MappingProxyType

from app.spec.errors import DeclarationError
from app.spec.words import Label

GROUPS: Mapping[str, Label] = MappingProxyType(
    {
        "workbench": Label("Workbench", "工作台"),
        "customers": Label("Leads & customers", "线索与客户"),
        "sales": Label("Sales", "销售"),
        "finance": Label("Finance", "财务"),
        "marketing": Label("Marketing", "市场"),
        "service": Label("Service", "服务"),
        "reports": Label("Reports", "报表"),
        "organisation": Label("Organisation", "组织"),
        "settings": Label("Settings", "设置"),
    }
)


def check(of: str, group: str) -> None:
    """Raise :class:`DeclarationError` for a group that nobody would ever see."""
    if group not in GROUPS:
        raise DeclarationError(of, "menu", f"there is no group {group!r}: take one of {[*GROUPS]}")
