"""Customers and orders by file: read, checked, previewed, loaded in the background, and written out again."""
