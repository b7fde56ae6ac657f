"""Benchmarks of Ormolu beside the driver, SQLAlchemy Core and sqlalchemy.orm.

Run them with ``python -m bench`` (or ``make bench``); ``bench/README.md`` says
what is measured, how, and what the figures do not say.
"""
