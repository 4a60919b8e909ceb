"""Exports: a classifier as files for elsewhere, with the proof that they answer as it does."""

from clfcore.export import Exported, export, missing_packages

__all__ = ["Exported", "export", "missing_packages"]
