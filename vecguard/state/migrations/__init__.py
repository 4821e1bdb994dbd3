"""The steps from each version of the schema to the next, for Alembic. A step that was released is never changed."""
