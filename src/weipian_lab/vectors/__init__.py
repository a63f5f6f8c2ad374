"""The only module that opens vector files."""

from weipian_lab.vectors.model import Layer, LayerMeta, ReadReport, Repair
from weipian_lab.vectors.reading import read
from weipian_lab.vectors.writing import write

__all__ = ["Layer", "LayerMeta", "ReadReport", "Repair", "read", "write"]
