"""weipian-lab: research and training environment for 卫片执法.

The machine says 疑似 (suspected); people decide.
Modules import in one direction only, from left to right::

    yamlio <- text <- errors <- outputs <- area, grid <- rasters, vectors, rulebook <- change, features
         <- patches, classify, overlay, accuracy, tuning, cases, simulate <- plots, maps, widgets
         <- run, cli
"""

from importlib.metadata import version

__version__ = version("weipian-lab")
