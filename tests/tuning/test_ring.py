"""What is tuned is what the screening then sends out: the same patches, by the whole scene or by blocks."""

from dataclasses import replace

import numpy as np
import pytest

from weipian_lab import patches, rasters, screening, tuning
from weipian_lab.grid import Block
from weipian_lab.run.parameters.tuning import Tuning


@pytest.mark.parametrize("name", ["mad@B04,B08,B11,B12", "construction"])
def test_the_screening_sends_what_the_sweep_counted(name):
    p, rules = Tuning(), tuning.CLEAN_UPS["open_close"]
    method, bands = tuning.split_name(name)
    source = rasters.open_pair(p.before, p.after)
    shift = screening.correction(screening.measure_shift(source)[0], True)
    assert shift is not None  # a tenth of a pixel is taken out, in 05 as in 01
    pair = rasters.read_pair(p.before, p.after)
    moved = screening.PairView(source, shift).read(Block(0, 0, *pair.grid.shape))
    pair = replace(pair, before=moved[0], after=moved[1], valid=moved[2])
    score = tuning.score_named(pair, name, p.seed, register=False)
    cut = tuning.candidate_thresholds(score, 3)[1]
    swept = patches.extract(score, pair.grid, threshold=cut, clean_up=rules)
    source.close()

    view = screening.PairView(rasters.open_pair(p.before, p.after, bands=bands or None), shift)
    fitted = screening.fit(view, method, random_state=p.seed)
    threshold = screening.choose_threshold(fitted, "fixed", cut, hysteresis=1.0)
    sent = screening.run(view, fitted.model, threshold, clean_up=rules)
    view.source.close()
    assert len(sent) == len(swept) > 100
    np.testing.assert_allclose(np.sort(sent["area_m2"]), np.sort(swept["area_m2"]), rtol=1e-9)
