"""The framework's objects, unbound: ``create_app`` ties them to an application.

The naming convention is set before any model is imported, so that every constraint has a name that
a migration can refer to on both databases.
"""

from flask_appbuilder import Model
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

Model.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

db = SQLAlchemy(model_class=Model)
csrf = CSRFProtect()
