"""Evaluation of SQL expressions in Python; see ``sqlalchemy.orm.evaluator``."""

from __future__ import annotations

from .dml.evaluator import EvaluatorCompiler, UnevaluatableError

_EvaluatorCompiler = EvaluatorCompiler

__all__ = ["EvaluatorCompiler", "UnevaluatableError"]
