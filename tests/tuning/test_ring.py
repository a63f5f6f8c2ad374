"""What is tuned is what the screening then sends out: the same patches, by the whole scene or by blocks."""

import numpy as np
import pytest

from weipian_lab import patches, rasters, screening, tuning
from weipian_lab.run.parameters.tuning import Tuning


@pytest.mark.parametrize(
    ("name", "cleaning"), [("mad@B04,B08,B11,B12", "open_close"), ("construction", "close_open")]
)
def test_the_screening_sends_what_the_sweep_counted(name, cleaning):
    p, rules = Tuning(), tuning.CLEAN_UPS[cleaning]
    method, bands = tuning.split_name(name)
    pair = screening.read_aligned(p.before, p.after)
    shift = pair.report["shift"]
    assert shift is not None  # a tenth of a pixel is taken out, in 05 as in 01
    score = tuning.score_named(pair, name, p.seed, register=False)
    cut = tuning.candidate_thresholds(score, 3)[1]
    swept = patches.extract(score, pair.grid, threshold=cut, clean_up=rules)

    source = rasters.open_pair(p.before, p.after, bands=bands or None, masks=("auto", "auto"))
    view = screening.PairView(source, shift)
    fitted = screening.fit(view, method, random_state=p.seed)
    threshold = screening.choose_threshold(fitted, "fixed", cut, hysteresis=1.0)
    sent = screening.run(view, fitted.model, threshold, clean_up=rules, block_side=384)
    view.source.close()
    assert len(sent) == len(swept) > 100
    np.testing.assert_allclose(np.sort(sent["area_m2"]), np.sort(swept["area_m2"]), rtol=1e-9)
