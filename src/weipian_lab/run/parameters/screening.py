"""Parameters of ``01_screening``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from weipian_lab.errors import ParameterError
from weipian_lab.run.bundle import bundled
from weipian_lab.run.parameters.base import Common, Day, ImageInput, InputPath, param
from weipian_lab.tuning import read_tuned

__all__ = ["Screening"]

Rule = Literal["usual", "null_fit", "otsu", "kmeans", "chi2", "top_share", "fixed", "tuned"]
# what a tuned.yaml sets besides the threshold itself
TUNED = (
    "method",
    "bands",
    "hysteresis",
    "opening_px",
    "closing_px",
    "clean_order",
    "min_px",
    "fill_px",
    "minimum_mu",
)
Source = Literal["SELF", "MNR_QUARTERLY", "NX_DAILY", "MNR_ANNUAL"]


class Screening(Common):
    """An image pair, a detector, a threshold rule, the clean-up, and what the patches are compared with."""

    notebook = "01_screening"
    ring: ClassVar[Mapping[str, str]] = {"tuned": "05_threshold_tuning/tuned.yaml"}

    out_dir: str = param("../reports/01_screening", "run.p_out_dir", min_length=1)
    before: ImageInput = param("", "screening.p_before", bundled="images/S2SIM_20230718.tif")
    after: ImageInput = param("", "screening.p_after", bundled="images/S2SIM_20240717.tif")
    bands: list[str] = param([], "screening.p_bands")
    scale: float | None = param(None, "screening.p_scale")
    offset: float | None = param(None, "screening.p_offset")
    cloud_mask: Literal["auto", "none"] = param("auto", "screening.p_cloud_mask")
    mask_before: InputPath = param("", "screening.p_mask_before")
    mask_after: InputPath = param("", "screening.p_mask_after")
    fix_baseline: bool = param(False, "screening.p_fix_baseline")
    fix_shift: bool = param(True, "screening.p_fix_shift")
    normalise: bool = param(False, "screening.p_normalise")
    method: str = param("construction", "screening.p_method", min_length=1)
    score: InputPath = param("", "screening.p_score")
    threshold_rule: Rule = param("usual", "screening.p_threshold_rule")
    threshold_number: float | None = param(None, "screening.p_threshold_number")
    hysteresis: float | None = param(None, "screening.p_hysteresis", ge=1, le=10)
    tuned: InputPath = param("", "screening.p_tuned")
    opening_px: int = param(0, "screening.p_opening_px", unit="px", ge=0, le=10)
    closing_px: int = param(0, "screening.p_closing_px", unit="px", ge=0, le=10)
    clean_order: Literal["open_close", "close_open"] = param("open_close", "screening.p_clean_order")
    min_px: int = param(20, "screening.p_min_px", unit="px", ge=1, le=100_000)
    fill_px: int = param(4, "screening.p_fill_px", unit="px", ge=0, le=100_000)
    minimum_mu: float = param(1.0, "screening.p_minimum_mu", unit="screening.mu", ge=0, le=10_000)
    source: Source = param("SELF", "screening.p_source")
    admin_code: str = param("", "screening.p_admin_code")
    manage_unit: str = param("", "screening.p_manage_unit")
    date_before: str = param("", "screening.p_date_before", pattern=r"^(\d{4}-\d{2}-\d{2})?$")
    date_after: str = param("", "screening.p_date_after", pattern=r"^(\d{4}-\d{2}-\d{2})?$")
    layers: InputPath = param("", "screening.p_layers", bundled="layers/county.gpkg")
    threshold_source: Source = param("MNR_QUARTERLY", "screening.p_threshold_source")
    rules_on: Day = param("2024-07-18", "screening.p_rules_on")
    series: InputPath = param("", "screening.p_series")
    labels: InputPath = param("", "screening.p_labels")
    exports: list[Literal["shp", "gdb", "gpkg"]] = param(["shp"], "screening.p_exports")

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> Self:
        """As :meth:`Common.check`; with the rule "tuned" the file's setting replaces that of `values`.

        Raises
        ------
        ParameterError, InputError
            As :meth:`Common.check`, if the file is not a ``tuned.yaml``, or a folder or list of band files is
            not one scene.
        """
        if values.get("threshold_rule") == "tuned" and Path(str(values.get("tuned") or "")).is_file():
            setting = read_tuned(str(values["tuned"]))
            values = {**values, **{name: setting[name] for name in TUNED if name in setting}}
        found = super().check(values)
        for _ in found.read_paths():  # band files are looked for before the kernel starts
            pass
        return found

    @model_validator(mode="after")
    def _known_method(self) -> Self:
        from weipian_lab.change import require_method  # loads SciPy, which only this check needs

        require_method(self.method)
        return self

    @model_validator(mode="after")
    def _tuned_needs_file(self) -> Self:
        if self.threshold_rule == "tuned" and not self.tuned:
            raise ParameterError("screening.tuned_missing")
        if self.threshold_rule == "fixed" and self.threshold_number is None:
            raise ParameterError("screening.fixed_missing")
        return self

    @model_validator(mode="after")
    def _bundled_series(self) -> Self:
        folder = bundled() / "images"
        images = (self.before, self.after)
        if not self.series and all(isinstance(i, str) and Path(i).parent == folder for i in images):
            self.series = str(folder)
        return self

    def read_paths(self) -> Iterator[tuple[str, Path]]:
        """Yield (parameter, path) of each file or folder that is read; of a scene, each of its band files.

        Raises
        ------
        InputError
            If a folder or list of band files is not one scene.
        """
        looked_at = set()
        for name, path in self.inputs():
            image = {"before": self.before, "after": self.after}.get(name)
            if image is None or (isinstance(image, str) and path.is_file()):
                yield name, path
            elif name not in looked_at:
                looked_at.add(name)
                yield from self._band_files(name, image)

    def _band_files(self, name: str, image: str | list[str]) -> Iterator[tuple[str, Path]]:
        from weipian_lab.rasters import read_files, scene_of  # loads rasterio, which only band files need

        yield from ((name, path) for path in read_files(image, self.bands or None))
        scene = scene_of(image)
        if scene is not None and scene.mask and self.masks[name == "after"] == "auto":
            yield f"mask_{name}", Path(scene.mask)

    @property
    def masks(self) -> tuple[str | None, str | None]:
        """Cloud rasters of both images, as :func:`weipian_lab.rasters.open_pair` takes them."""
        return self.mask_before or self._found, self.mask_after or self._found

    @property
    def series_masks(self) -> tuple[str | None, str | None]:
        """Cloud rasters of the image before and of each further date."""
        return self.mask_before or self._found, self._found

    @property
    def _found(self) -> str | None:
        return "auto" if self.cloud_mask == "auto" else None
