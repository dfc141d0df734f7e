"""The Flask-AppBuilder adapter: pages, REST, forms and theme, derived from the catalogue.

Layer 3, and the only package that knows the framework's views. It names no entity.
"""
