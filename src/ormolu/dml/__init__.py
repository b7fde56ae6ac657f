"""INSERT, UPDATE and DELETE of many rows, and what they mean for loaded objects."""
