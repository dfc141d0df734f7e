"""What a page of its own is made of, so that pages need not know the framework."""

from flask_appbuilder import AppBuilder as Builder
from flask_appbuilder import BaseView as Page
from flask_appbuilder import expose
from flask_appbuilder.views import IndexView as FirstPage

__all__ = ["Builder", "FirstPage", "Page", "expose"]
