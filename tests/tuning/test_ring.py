"""What is tuned is what the screening then sends out: the same patches, by the whole scene or by blocks."""

import numpy as np

from weipian_lab import patches, rasters, screening, tuning
from weipian_lab.run.parameters.tuning import Tuning


def test_the_screening_sends_what_the_sweep_counted():
    p = Tuning()
    name, rules = "mad@B04,B08,B11,B12", tuning.CLEAN_UPS["close"]
    pair = rasters.read_pair(p.before, p.after)
    score = tuning.score_named(pair, name, p.seed)
    cut = tuning.candidate_thresholds(score, 3)[1]
    swept = patches.extract(score, pair.grid, threshold=cut, clean_up=rules)

    method, bands = tuning.split_name(name)
    view = screening.PairView(rasters.open_pair(p.before, p.after, bands=bands))
    fitted = screening.fit(view, method, random_state=p.seed)
    threshold = screening.choose_threshold(fitted, "fixed", cut, hysteresis=1.0)
    sent = screening.run(view, fitted.model, threshold, clean_up=rules)
    view.source.close()
    assert len(sent) == len(swept) > 100
    np.testing.assert_allclose(np.sort(sent["area_m2"]), np.sort(swept["area_m2"]), rtol=1e-9)
