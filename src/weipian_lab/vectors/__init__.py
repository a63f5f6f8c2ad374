"""The only module that opens vector files."""

from weipian_lab.vectors.features import Features
from weipian_lab.vectors.model import Layer, LayerMeta, ReadReport, Repair
from weipian_lab.vectors.opening import layer_names
from weipian_lab.vectors.outlines import Outlines, runs
from weipian_lab.vectors.reading import read
from weipian_lab.vectors.schemas import layer_title, schema_of
from weipian_lab.vectors.sources import Source, source
from weipian_lab.vectors.writing import write

__all__ = [
    "Features",
    "Layer",
    "LayerMeta",
    "Outlines",
    "ReadReport",
    "Repair",
    "Source",
    "layer_names",
    "layer_title",
    "read",
    "runs",
    "schema_of",
    "source",
    "write",
]
