"""The generator with none of its own pages: no stock language, menu, back or documentation page."""

from flask import current_app
from flask_appbuilder import AppBuilder

from app.spec import clock, words


class Generator(AppBuilder):
    """Registers the home page and our account pages; everything else is registered by us.

    Words and times follow the reader as the door has found him, not the generator's own cookie
    entry (which it would write into every session).
    """

    def _add_admin_views(self) -> None:
        babel = current_app.extensions["babel"]
        babel.locale_selector = words.language.get
        babel.timezone_selector = clock.zone.get
        self._indexview = self.add_view_no_menu(self.indexview)
        self.sm.register_views()
