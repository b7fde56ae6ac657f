"""The operations of each contender.

A module has a class ``Cases`` whose methods, named like the operations, return a
:class:`~bench.cases.case.Case`. All of them do the same work on the same rows and
are held to the same expected results.
"""
