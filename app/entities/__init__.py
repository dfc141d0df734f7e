"""The business entities, one file each. A new file here is a new entity: nothing else names it.

Importing this package fills the catalogue and checks the declarations against each other.
"""

from importlib import import_module
from pkgutil import iter_modules

from app.spec.catalogue import catalogue
from app.store.indexes import index_comparisons
from app.store.record import count_links

for module in iter_modules(__path__):
    import_module(f"{__name__}.{module.name}")
catalogue.validate()
count_links()
index_comparisons()
