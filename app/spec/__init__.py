"""The vocabulary of a declaration: what a field, an option, a scope, an operation, an entity is.

Layer 0: knows neither the web nor a database session, names no business entity.
"""
