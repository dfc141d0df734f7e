"""The description of the API for programs and their makers: OpenAPI, derived for its reader."""
