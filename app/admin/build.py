"""From the catalogue to the framework: one view and one API per declared entity."""

from flask_appbuilder import AppBuilder


def register_all(builder: AppBuilder) -> None:
    """Register what is derived from every declaration."""
