"""Land, layers, changes, images of a small simulated county."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import shapely

from weipian_lab import simulate
from weipian_lab.area import ellipsoidal_area
from weipian_lab.grid import Block
from weipian_lab.simulate.batches import BATCHES, _drawn, make_batch
from weipian_lab.simulate.cropmap import crop_map, season_cause
from weipian_lab.simulate.cutting import Feature, cut
from weipian_lab.simulate.events import Part
from weipian_lab.simulate.history import make_history
from weipian_lab.simulate.land import KINDS, make_land
from weipian_lab.simulate.lattice import noded_rings
from weipian_lab.simulate.layers import Base
from weipian_lab.simulate.names import DLMC
from weipian_lab.simulate.protection import basic_farmland
from weipian_lab.simulate.pseudo import PSEUDO, make_pseudo
from weipian_lab.simulate.scene import Renderer, _with_parts
from weipian_lab.simulate.season import CURVES, curve
from weipian_lab.simulate.sites import Sites
from weipian_lab.simulate.sky import Sky
from weipian_lab.simulate.spectra import reflectance
from weipian_lab.simulate.streams import stream
from weipian_lab.simulate.surface import Surface
from weipian_lab.simulate.works import ILLEGAL, LAWFUL


def test_streams_are_named_and_independent() -> None:
    first = stream(1, "a", 2).random(3)
    assert (first == stream(1, "a", 2).random(3)).all()
    assert not (first == stream(1, "a", 3).random(3)).any()
    assert not (first == stream(2, "a", 2).random(3)).any()


def test_corner_of_one_rectangle_becomes_a_vertex_of_its_neighbour() -> None:
    rects = np.array([[0, 0, 10, 20], [10, 0, 20, 10], [10, 10, 20, 20]])
    u, v, owner = noded_rings(rects)
    assert list(zip(u[owner == 0].tolist(), v[owner == 0].tolist(), strict=True)) == [
        (0, 0), (10, 0), (10, 10), (10, 20), (0, 20),
    ]  # fmt: skip
    assert (owner == 1).sum() == 4


def test_a_cut_keeps_the_coverage_and_its_area() -> None:
    boxes = np.array(
        [shapely.box(i * 100, j * 100, i * 100 + 100, j * 100 + 100) for i in range(4) for j in range(4)]
    )
    pond = shapely.Point(210.0, 190.0).buffer(80.0)
    done = cut(boxes, np.zeros(16, np.int64), Feature(pond, "lake"))
    assert shapely.coverage_is_valid(done.polygon)
    assert shapely.area(done.polygon).sum() == pytest.approx(160_000.0, abs=0.01)
    lake = done.polygon[done.kind == "lake"]
    assert len(lake) == 1
    assert lake[0].area == pytest.approx(pond.area, rel=0.02)


def test_land_is_a_coverage_and_areas_add_up(tiny: simulate.County, right: Base) -> None:
    dltb = right.frames["DLTB"]
    shapes = dltb.geometry.to_numpy()
    assert shapely.coverage_is_valid(tiny.land.polygon)
    assert shapely.coverage_is_valid(shapes)
    assert shapely.is_valid(shapes).all()
    outline = shapely.coverage_union_all(shapes)
    total = ellipsoidal_area(shapes, dltb.crs).sum()
    assert abs(total - ellipsoidal_area(outline, dltb.crs)[0]) < 1.0
    assert abs(dltb["TBMJ"].sum() - total) < 1.0 + 0.005 * len(dltb)


def test_layers_have_the_fields_of_the_survey(tiny: simulate.County) -> None:
    assert {"BSM", "DLBM", "DLMC", "ZZSXDM", "KCXS", "TBMJ", "SJNF"} <= set(tiny.layers["DLTB"].columns)
    assert {"PZWH", "PZRQ", "PZMJ", "XMMC"} <= set(tiny.layers["YDSP"].columns)
    assert {"BAH", "BARQ", "BAMJ", "YT"} <= set(tiny.layers["SSNYD"].columns)
    assert all(frame.crs == "EPSG:4523" for frame in tiny.layers.values())
    assert {k.dlbm for k in KINDS.values()} <= set(DLMC)


def test_parts_are_independent(tiny: simulate.County, tiny_size: simulate.Size) -> None:
    """More cloud and another date leave land and true changes as they were."""
    other = replace(tiny_size, scenes=(*tiny_size.scenes[:1], simulate.Scene(date(2024, 8, 26), cloud=0.5)))
    land = make_land(7, other)
    assert (land.polygon == tiny.land.polygon).all()
    assert (land.crop == tiny.land.crop).all()
    true = [e for e in tiny.events if e.change_id[0] in "TL"]
    again = make_history(7, land, other.busy)
    assert [(e.change_id, e.start, e.geometry.wkb) for e in again] == [
        (e.change_id, e.start, e.geometry.wkb) for e in true
    ]


def test_every_kind_of_work_and_its_stages(tiny: simulate.County) -> None:
    kinds = {e.kind for e in tiny.events if e.parts}
    assert len({w.kind for w in (*ILLEGAL, *LAWFUL)} & kinds) >= 0.7 * len((*ILLEGAL, *LAWFUL))
    for event in tiny.events:
        days = [day for part in event.parts for day, _ in part.stages]
        assert days == sorted(days)
        assert event.geometry.is_valid
        assert event.geometry.area > 0
    for work in (*ILLEGAL, *LAWFUL):
        for _, cover in work.stages:
            assert cover == "" or cover in CURVES or reflectance(cover).shape == (6,)


def test_pseudo_changes_name_their_cause(tiny: simulate.County) -> None:
    pseudo = [e for e in tiny.events if e.change_id[0] == "P"]
    assert pseudo
    assert all(not e.is_true and e.cause in {look.kind for look in PSEUDO} for e in pseudo)


def test_errors_are_planted_where_the_answer_says(tiny: simulate.County, right: Base) -> None:
    dltb = tiny.layers["DLTB"].set_index("BSM")
    without = right.frames["DLTB"].set_index("BSM")
    listed = {r["feature"]: r["was"] for r in tiny.errors if r["kind"] == "class_out_of_date"}
    differs = dltb.index[(dltb["DLBM"] != without["DLBM"]).to_numpy()]
    assert set(differs) == set(listed)
    assert all(without.loc[b, "DLBM"] == was for b, was in listed.items())
    assert {"pbf_over_built", "pbf_overlap", "slivers", "approval_shifted", "number_missing"} <= {
        r["kind"] for r in tiny.errors
    }


def test_a_tile_is_the_same_alone_and_whatever_was_made_before(tiny: simulate.County) -> None:
    parts = [p for e in tiny.events for p in e.parts]
    scene = tiny.size.scenes[1]
    block = Block(250, 0, 250, 250)
    first = Renderer(tiny.seed, tiny.size, scene, tiny.land, parts)
    first.tile(Block(0, 0, 250, 250))
    image, scl = first.tile(block)
    again, _ = Renderer(tiny.seed, tiny.size, scene, tiny.land, parts).tile(block)
    assert (image == again).all()
    assert image.dtype == np.uint16
    assert image.min() > 0
    assert set(np.unique(scl).tolist()) <= {3, 4, 5, 6, 7, 8, 9, 10, 11}


def test_summer_is_green_and_rice_is_flooded_in_may() -> None:
    maize = curve("maize", np.array([30.0, 210.0, 300.0]))
    ndvi = (maize[:, 3] - maize[:, 2]) / (maize[:, 3] + maize[:, 2])
    assert ndvi[1] > 0.85
    assert ndvi[0] < 0.2
    assert ndvi[2] < 0.35
    rice = curve("rice", np.array([140.0]))[0]
    assert (rice[1] - rice[4]) / (rice[1] + rice[4]) > 0.3  # MNDWI


def test_batches_have_parents_and_parts(tiny: simulate.County) -> None:
    frame = make_batch(tiny.seed, BATCHES[-1], tiny.land, tiny.events)
    assert frame["JCBH"].is_unique
    split = frame[frame["JCBH"].str.contains("_")]
    assert len(split) == 4
    part, kept = split["MJ"].iloc[0], split["MJ"].iloc[1]
    assert kept > part  # the second still carries its parent's area
    assert set(frame["SFYN"]) <= {"是", "否"}


def test_a_narrow_road_does_not_vanish_when_drawn() -> None:
    road = shapely.box(0.0, 0.0, 300.0, 5.0)
    rng = stream(1, "drawn")
    assert all(_drawn(rng, road).area > 0.0 for _ in range(400))


def test_season_causes() -> None:
    assert season_cause(1, 1, "20240717", "20241015") == "crop_harvest"
    assert season_cause(1, 2, "20230718", "20240717") == "crop_rotation"
    assert season_cause(4, 4, "20240423", "20240612") == "flooded_paddy"
    assert season_cause(0, 0, "20240423", "20240612") == "mixed_or_unexplained"


def test_crop_map_has_a_band_for_each_year(tiny: simulate.County) -> None:
    crops = crop_map(tiny.size, tiny.land)
    assert crops.shape == (2, 500, 500)
    assert (crops > 0).mean() > 0.2


def _digest(county: simulate.County) -> str:
    sha = hashlib.sha256()
    for frame in (county.layers["DLTB"], county.layers["YJJBNTTB"], county.layers["YDSP"]):
        sha.update(b"".join(g.wkb for g in frame.geometry))
        sha.update(frame.drop(columns="geometry").to_csv(index=False, float_format="%.4f").encode())
    parts = [p for e in county.events for p in e.parts]
    for scene in county.size.scenes:
        image, scl = Renderer(county.seed, county.size, scene, county.land, parts).tile(Block(0, 0, 250, 250))
        sha.update(image.tobytes() + scl.tobytes())
    return sha.hexdigest()


_ELSEWHERE = """
import sys
sys.path[:0] = [{src!r}, {here!r}]
from test_county import _digest, _three_km
print(_digest(_three_km()))
"""


def _three_km() -> simulate.County:
    scenes = (
        simulate.Scene(date(2023, 7, 18)),
        simulate.Scene(date(2024, 7, 17), cloud=0.2, shift_px=(0.4, 0.0)),
    )
    size = replace(simulate.SIZES["small"], name="three", width_m=3_000, height_m=3_000, scenes=scenes)
    return simulate.make_county(7, size)


@pytest.fixture(scope="module")
def here() -> str:
    return _digest(_three_km())


def _start(python: str, root: Path, **environment: str) -> subprocess.Popen[str]:
    code = _ELSEWHERE.format(src=str(root / "src"), here=str(Path(__file__).parent))
    return subprocess.Popen(
        [python, "-c", code], stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_other_pythons_make_the_same_county(here: str, version: str, root: Path) -> None:
    """Run by hand where those interpreters are; the figures stand in ``benchmarks/simulate.md``."""
    pythons = Path(os.environ.get("WEIPIAN_PYTHONS", Path.home() / ".weipian-pythons"))
    python = pythons / version / "bin" / "python"
    if not python.exists():
        pytest.skip(f"no Python {version} with the project's packages in {pythons} (WEIPIAN_PYTHONS)")
    run = _start(str(python), root)
    assert run.communicate()[0].strip() == here
    assert run.returncode == 0


def test_neither_another_process_nor_the_number_of_cores_changes_the_county(here: str, root: Path) -> None:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GDAL_NUM_THREADS")
    runs = [
        _start(sys.executable, root, **dict.fromkeys(names, cores), PYTHONHASHSEED=cores)
        for cores in ("1", "2")
    ]
    assert [run.communicate()[0].strip() for run in runs] == [here, here]
    assert [run.returncode for run in runs] == [0, 0]


def test_more_cells_are_no_reason_to_look_longer_for_a_site(tiny: simulate.County) -> None:
    """The first unused cell with room is taken, as a plain search through all cells would."""
    kinds, used = ("field", "paddy"), set()
    sites, land = Sites(tiny.land, stream(7, "t"), basic_farmland(7, tiny.land)), tiny.land
    for minimum in (2_000.0, 30_000.0, 4_000.0, 1e9):
        wanted = None
        for place, rows in enumerate(sites.rows):
            fit = rows[np.isin(land.kind[rows], kinds)]
            if place not in used and shapely.area(land.polygon[fit]).sum() >= 1.25 * minimum:
                wanted = fit
                used.add(place)
                break
        taken = sites.take(kinds, minimum)
        assert (taken is None) == (wanted is None)
        if wanted is not None:
            assert (taken == wanted).all()


def test_a_busy_county_begins_more_works_and_leaves_its_land_alone(tiny: simulate.County) -> None:
    calm = make_history(7, tiny.land, 1.0)
    busy = make_history(7, tiny.land, 3.0)
    assert 2 * len(calm) < len(busy)
    places = shapely.STRtree([e.geometry for e in busy])
    met = places.query([e.geometry for e in busy], predicate="overlaps")
    assert not met.size, "two works on one piece of ground"


def test_some_works_lie_across_the_border_of_basic_farmland() -> None:
    land = make_land(11, simulate.SIZES["small"])
    protected = shapely.union_all(land.polygon[basic_farmland(11, land)])
    works = [e for e in make_history(11, land, 3.0) if e.verdict == "ILLEGAL_NONAG"]
    inside = np.array([e.geometry.intersection(protected).area / e.geometry.area for e in works])
    assert 0.08 < ((inside > 0.3) & (inside < 0.7)).mean() < 0.3


def test_no_two_works_look_alike_and_dust_lets_the_soil_through() -> None:
    plain = Part(shapely.box(0, 0, 1, 1), ((date(2024, 1, 1), "concrete"),))
    day, soil = date(2024, 7, 17), reflectance("soil_dry")
    base = Surface(
        *(np.zeros((0, 6), np.float32) for _ in range(2)), *(np.zeros(0, np.float32) for _ in range(2))
    )

    def seen(part: Part) -> np.ndarray:
        return _with_parts(base, [part], day).first[0]

    assert seen(plain) == pytest.approx(reflectance("concrete"), rel=1e-6)
    assert seen(replace(plain, dust=1.0)) == pytest.approx(soil, rel=1e-6)
    assert seen(replace(plain, tone=(2.0,) * 6)) == pytest.approx(2 * reflectance("concrete"), rel=1e-6)
    works = make_history(3, make_land(3, simulate.SIZES["small"]), 1.0)
    tones = {e.parts[0].tone for e in works if e.parts}
    assert len(tones) == sum(bool(e.parts) for e in works)
    assert all(0.0 <= e.parts[0].dust <= 0.6 for e in works if e.parts)


def test_the_river_bars_that_a_low_river_bares_are_pseudo_changes() -> None:
    scenes = (simulate.Scene(date(2023, 7, 18)), simulate.Scene(date(2023, 10, 21)))
    small = replace(simulate.SIZES["small"], scenes=scenes)
    land = make_land(20240313, small)
    found = [e for e in make_pseudo(20240313, small, land, np.array([])) if e.kind == "river_bar"]
    assert found
    assert all(not e.is_true and not e.parts for e in found)
    july, october = curve("bar", np.array([199.0, 294.0]))
    assert october[4] > july[4] + 0.05  # short-wave infrared rises as the water leaves


def test_snow_is_the_cause_where_a_winter_scene_is_made(tiny_size: simulate.Size) -> None:
    scenes = (simulate.Scene(date(2023, 10, 21)), simulate.Scene(date(2024, 1, 14), snow=0.6))
    size = replace(tiny_size, scenes=scenes)
    found = make_pseudo(7, size, make_land(7, size), np.array([]))
    snowy = [e for e in found if e.kind == "snow"]
    assert snowy
    sky = Sky(7, scenes[1], size)
    for event in snowy:
        x, y = shapely.get_coordinates(event.geometry.centroid)[0]
        assert sky.snow(np.array([x]), np.array([y]))[0, 0] > 0.6


def test_every_kind_of_pseudo_change_shows_in_the_large_county_and_all_but_two_in_the_small() -> None:
    shown = {
        name: {p.kind for p in PSEUDO if {p.before, p.after} <= {s.day for s in size.scenes}}
        for name, size in simulate.SIZES.items()
    }
    assert shown["county"] == {p.kind for p in PSEUDO}
    assert shown["county"] - shown["small"] == {"river_bar", "snow"}
