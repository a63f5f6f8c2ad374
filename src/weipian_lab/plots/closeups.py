"""Figure of single patches close up, before and after."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from weipian_lab.plots.base import PALETTE, scale_bar, source_text
from weipian_lab.plots.screening import rgb
from weipian_lab.screening import CloseUp
from weipian_lab.text import t

__all__ = ["close_ups"]


def close_ups(
    looks: Sequence[CloseUp],
    titles: Sequence[str],
    *,
    source: str,
    simulated: bool,
) -> Figure | None:
    """Show patches close up: a column each, before above and after below, both in the same colours.

    Parameters
    ----------
    looks
        From :func:`weipian_lab.screening.close_ups`; none gives no figure.
    titles
        Of the rows: before, after.
    """
    if not looks:
        return None
    size = (1.55 * max(len(looks), 3) + 0.5, 4.1)
    figure, axes = plt.subplots(2, len(looks), figsize=size, squeeze=False)
    for column, look in zip(axes.T, looks, strict=True):
        both = np.concatenate(look.images, axis=2)  # one stretch for both dates: colours can be compared
        seen = np.concatenate(look.valid, axis=1)
        pictures = np.split(rgb(both, look.bands, seen), 2, axis=1)
        west, south, east, north = look.grid.bounds
        rings = [np.asarray(line.coords) for line in shapely.get_parts(look.shape.boundary)]
        for ax, picture in zip(column, pictures, strict=True):
            ax.imshow(picture, extent=(west, east, south, north))
            for ring in rings:
                ax.plot(*ring.T, color="white", linewidth=2.2)
                ax.plot(*ring.T, color=PALETTE["vermilion"], linewidth=1.1)
            ax.set(xlim=(west, east), ylim=(south, north), xticks=[], yticks=[])
            if look.grid.is_geographic:
                ax.set_aspect(1 / np.cos(np.radians((south + north) / 2)))
            scale_bar(ax, look.grid.crs, share=0.5)
        area = f"{look.area_mu:.2f} {t('screening.mu')}"
        column[0].set_title(f"{look.patch_id}\n{area}", fontsize=6.5)
    for ax, title in zip(axes[:, 0], titles, strict=True):
        ax.set_ylabel(title, fontsize=8)
    note = source_text(looks[0].grid.crs, source, simulated)
    figure.supxlabel(note, x=0.01, ha="left", fontsize=7, color="#444444", wrap=True, parse_math=False)
    figure.suptitle(t("screening.close_ups_title", count=len(looks)), fontsize=11)
    return figure
