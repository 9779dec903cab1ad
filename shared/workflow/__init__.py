"""How a release goes its way: orchestrators drive, activities read and write the store."""
