"""Worked examples of papers, textbooks and a course of the World Bank; results of other software.

Numbers are taken as printed; where a source prints a rounded value the tolerance is its last digit.
"""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from weipian_lab import accuracy
from weipian_lab.accuracy import design

Z = 1.959963984540054
PIXELS = {"1": 22_353, "2": 1_122_543, "3": 610_228}
HECTARES = {1: 145_078.56, 2: 5_703.75, 5: 64_029.69}
SCP_COUNTS = ((5, 0, 2, 0), (0, 15, 3, 0), (0, 4, 21, 0), (0, 0, 2, 5))
SCP_MAPPED = {1: 976_500, 2: 111_267_000, 3: 187_018_200, 4: 438_300}
TINIGUA = [[325, 0, 15], [0, 17, 0], [7, 1, 135]]
MEMBERS = dict(zip("lcphgos", [9100, 1950, 5500, 10850, 2100, 5500, 9000], strict=True))
RETURNED = dict(zip("lcphgos", [636, 451, 481, 611, 493, 575, 588], strict=True))
WOMEN = dict(zip("lcphgos", [0.38, 0.27, 0.18, 0.19, 0.36, 0.13, 0.26], strict=True))
LEVELS = {
    637: (8, 1, 2), 437: (2, 1, 1), 778: (1, 0, 1), 197: (10, 0, 3), 406: (2, 0, 0), 815: (2, 1, 1),
    178: (2, 1, 1), 255: (13, 0, 3), 568: (4, 4, 1), 135: (34, 0, 0), 510: (16, 2, 3), 716: (30, 3, 4),
    61: (10, 0, 3), 413: (1, 0, 0), 448: (9, 1, 2),
}  # fmt: skip
MISSED = {
    637: (0, 11), 437: (0, 4), 778: (1, 2), 197: (3, 13), 406: (0, 2), 815: (2, 4), 178: (1, 4),
    255: (1, 16), 568: (2, 9), 135: (0, 12), 510: (3, 21), 716: (5, 35), 61: (2, 11), 413: (0, 1),
    448: (0, 12),
}  # fmt: skip


def units(classes, counts):
    """Return a row a unit from counts, rows map and columns reference; strata are the map classes."""
    return accuracy.from_matrix(pd.DataFrame(counts, classes, classes))


def share(hits, n):
    """Return a sample of `n` units of one map class of which `hits` are right."""
    return pd.DataFrame({"mapped": "yes", "reference": ["yes"] * hits + ["no"] * (n - hits)})


class TestOlofsson2013:
    """Olofsson, Foody, Stehman and Woodcock (2013), doi:10.1016/j.rse.2012.10.031, examples 1 and 2.

    Digits beyond the paper's: R package mapaccuracy and its port PyMapAccuracy (tests/test_olofsson.py).
    """

    def test_example_1(self):
        result = accuracy.stratified(
            units(["1", "2", "3"], [[97, 0, 3], [3, 279, 18], [2, 1, 97]]), PIXELS, interval="normal"
        )
        area = result.area.loc["1"]
        assert area["estimate"] == pytest.approx(45_112.4, abs=1)  # eq. 10
        assert area["se"] == pytest.approx(10_751.88, abs=1)  # eq. 12
        assert (area["lower"], area["upper"]) == pytest.approx(
            (45_112.4 - 21_072.4, 45_112.4 + 21_072.4), abs=2
        )
        assert result.overall.loc["overall", "estimate"] == pytest.approx(0.9444168, abs=1e-7)  # eq. 16
        np.testing.assert_allclose(result.users["estimate"], [0.97, 0.93, 0.97])
        np.testing.assert_allclose(result.producers["estimate"], [0.4806308, 0.9941887, 0.8969259], atol=1e-7)
        np.testing.assert_allclose(result.users["se"] * Z, [0.0336029, 0.0289203, 0.0336029], atol=1e-7)
        np.testing.assert_allclose(result.producers["se"] * Z, [0.2245305, 0.0113252, 0.0412054], atol=1e-7)
        printed = [[0.012, 0, 0.0004], [0.006, 0.595, 0.038], [0.007, 0.003, 0.337]]
        np.testing.assert_allclose(result.matrix, printed, atol=6e-4)

    def test_example_2_with_weights_that_sum_to_one(self):
        counts = [[127, 66, 54], [2, 322, 17], [0, 15, 540]]
        weights = {"1": 0.007, "2": 0.295, "3": 0.698}
        result = accuracy.stratified(units(["1", "2", "3"], counts), weights, interval="normal")
        assert result.overall.loc["overall", "estimate"] == pytest.approx(0.96, abs=0.005)
        np.testing.assert_allclose(result.users["estimate"], [0.51417, 0.94428, 0.97297], atol=1e-5)
        np.testing.assert_allclose(result.producers["estimate"], [0.67535, 0.93072, 0.97664], atol=1e-5)
        np.testing.assert_allclose(result.users["se"] * Z, [0.06246, 0.02438, 0.01350], atol=1e-5)
        np.testing.assert_allclose(result.producers["se"] * Z, [0.30458, 0.02938, 0.00960], atol=1e-5)

    def test_a_reference_class_that_the_map_lacks(self):
        counts = pd.DataFrame([[97, 0, 3, 0], [3, 279, 18, 0], [2, 1, 95, 2]], list("123"), list("1234"))
        result = accuracy.stratified(accuracy.from_matrix(counts), {**PIXELS, "9": 0})
        total = sum(PIXELS.values())
        assert result.area.loc["4", "estimate"] / total == pytest.approx(0.006953674, abs=1e-8)
        assert result.area.loc["4", "se"] / total == pytest.approx(0.004892094, abs=1e-8)
        assert tuple(result.producers.loc["4", ["estimate", "se"]]) == (0, 0)
        assert np.isnan(result.users.loc["4", "estimate"])

    def test_a_map_class_that_the_reference_lacks(self):
        counts = pd.DataFrame([[97, 0, 3], [3, 279, 18], [2, 1, 95], [0, 0, 2]], list("1234"), list("123"))
        result = accuracy.stratified(accuracy.from_matrix(counts), {**PIXELS, "4": 10})
        assert result.users.loc["4", "estimate"] == 0
        assert np.isnan(result.producers.loc["4", "estimate"])
        assert tuple(result.area.loc["4", ["estimate", "se"]]) == (0, 0)


class TestAcATaMa:
    """QGIS plugin AcATaMa, tests/data/analysis/*_revised.html: Tinigua 2019-2020, areas in ha, five digits.

    Its post-stratified standard errors are those given the numbers that came; ours have Cochran's second
    term, so only the estimates are compared there.
    """

    def test_simple_random(self):
        result = accuracy.simple_random(units([1, 2, 5], TINIGUA), 214_812.0, interval="normal")
        assert tuple(result.overall.loc["overall", ["estimate", "se"]]) == pytest.approx(
            (0.954, 0.00938), abs=5e-6
        )
        np.testing.assert_allclose(result.users["estimate"], [0.95588, 1.0, 0.94406], atol=5e-6)
        np.testing.assert_allclose(result.producers["estimate"], [0.97892, 0.94444, 0.9], atol=5e-6)
        # theirs divides by n_i - 1, ours, linearised, by n_i (n - 1) / n: far apart only where n_i is 18
        np.testing.assert_allclose(result.users["se"], [0.01115, 0, 0.01929], atol=6e-5)
        np.testing.assert_allclose(result.producers["se"], [0.0079, 0.05556, 0.02458], rtol=0.03)
        np.testing.assert_allclose(result.area["estimate"], [142_635.168, 7_733.232, 64_443.6], atol=1e-3)
        # theirs has the divisor n and a finite population of 2,386,800 pixels of 0.09 ha
        theirs = np.sqrt(499 / 500 * (1 - 500 / 2_386_800))
        np.testing.assert_allclose(
            result.area["se"] * theirs, [4_537.13615, 1_789.44313, 4_401.87576], rtol=1e-6
        )

    def test_stratified(self):
        counts = [[287, 1, 25], [3, 43, 4], [11, 1, 127]]
        result = accuracy.stratified(units([1, 2, 5], counts), HECTARES)
        assert tuple(result.overall.loc["overall", ["estimate", "se"]]) == pytest.approx(
            (0.91445, 0.0128), abs=6e-6
        )
        np.testing.assert_allclose(result.users["estimate"], [0.91693, 0.86, 0.91367], atol=5e-6)
        np.testing.assert_allclose(result.users["se"], [0.01562, 0.04957, 0.02391], atol=5e-6)
        np.testing.assert_allclose(result.producers["estimate"], [0.96093, 0.84147, 0.82927], atol=5e-6)
        # printed 0.01056, 0.09383, 0.02542, which are not those of eq. 7 of Olofsson et al. (2014):
        # for class 1 it gives sqrt(7844 + 0.96093² (37446 + 2165060)) / 138436.6
        assert result.producers.loc[1, "se"] == pytest.approx(0.010321, abs=1e-6)
        np.testing.assert_allclose(result.producers["se"], [0.01056, 0.09383, 0.02542], rtol=0.05)
        np.testing.assert_allclose(
            result.area["estimate"], [138_436.62858, 5_829.38003, 70_545.99139], atol=1e-4
        )
        np.testing.assert_allclose(result.area["se"], [2_709.37784, 712.02037, 2_711.10722], atol=1e-4)

    def test_poststratified(self):
        result = accuracy.poststratified(units([1, 2, 5], TINIGUA).drop(columns="stratum"), HECTARES)
        assert result.overall.loc["overall", "estimate"] == pytest.approx(0.95353, abs=5e-6)
        np.testing.assert_allclose(result.producers["estimate"], [0.9779, 0.92721, 0.90425], atol=5e-6)
        np.testing.assert_allclose(
            result.area["estimate"], [141_812.35578, 6_151.51007, 66_848.13415], atol=1e-4
        )


class TestOpenMRV:
    """OpenMRV (World Bank 2021), Modules_3/4_analysis_STR.md and 4_analysis_SRS_SYS.md."""

    def test_stratified_with_a_buffer_stratum(self):
        names = ["forest", "other", "disturbance", "buffer"]
        counts = [[271, 3, 1, 0], [6, 193, 1, 0], [2, 1, 27, 0], [23, 0, 7, 0]]
        # the buffer is part of the forest on the map: strata differ from map classes
        table = units(names, counts)
        table["mapped"] = table["mapped"].replace("buffer", "forest")
        result = accuracy.stratified(table, dict(zip(names, [0.551, 0.407, 0.0137, 0.0287], strict=True)))
        area = result.area.loc[["forest", "other", "disturbance"]]
        np.testing.assert_allclose(area["estimate"], [0.57811, 0.39922, 0.02307], atol=6e-6)
        # the sheet's last digits come of cells rounded before
        np.testing.assert_allclose(area["se"], [0.0067520, 0.0063466, 0.0037174], atol=3e-5)
        pure = accuracy.stratified(
            units(names, counts), dict(zip(names, [0.551, 0.407, 0.0137, 0.0287], strict=True))
        )
        np.testing.assert_allclose(pure.users["estimate"].iloc[:3], [0.985, 0.965, 0.9], atol=6e-4)
        np.testing.assert_allclose(pure.producers["estimate"].iloc[:3], [0.939, 0.984, 0.535], atol=6e-4)
        assert pure.overall.loc["overall", "estimate"] == pytest.approx(0.948, abs=6e-4)

    def test_simple_random(self):
        table = pd.DataFrame({"mapped": ["d"] * 100, "reference": ["d"] * 14 + ["f"] * 86})
        area = accuracy.simple_random(table).area.loc["d"]
        assert area["estimate"] == pytest.approx(0.14)
        # printed 0.001414 = 14 / (100 · 99): the sheet subtracts an empty cell in place of the mean;
        # Cochran (1977) p. 26, which it cites, gives 0.14 · 0.86 / 99
        assert area["se"] ** 2 == pytest.approx(0.001216, abs=5e-7)

    def test_sample_size(self):
        """1_sampling_design_SRS_SYS.md: 80 % expected, margin 5 % of it, z = 2."""
        assert accuracy.sample_size({"all": 1}, {"all": 0.8}, 0.05 * 0.8 / 2) == pytest.approx(400)


class TestLohr:
    """Lohr (1999), Sampling: Design and Analysis, example 4.3: women in seven learned societies.

    Digits: E. Slud, University of Maryland, Stat 440, handout "Strat.Intro".
    The book prints whole per cents; the numbers of women are rounded from them.
    """

    def test_stratified_share_with_finite_population(self):
        parts = [share(round(WOMEN[k] * n), n).assign(stratum=k, mapped="yes") for k, n in RETURNED.items()]
        result = accuracy.stratified(pd.concat(parts), MEMBERS, finite_population=True)
        assert result.overall.loc["overall", "estimate"] == pytest.approx(0.2465, abs=5e-4)
        assert result.overall.loc["overall", "se"] == pytest.approx(0.0071186, abs=5e-6)

    def test_allocations(self):
        n = sum(RETURNED.values())
        proportional = design.allocate(MEMBERS, n, "proportional")
        neyman = design.allocate(MEMBERS, n, "neyman", shares=WOMEN)
        np.testing.assert_allclose(list(proportional.values()), [793, 170, 479, 946, 183, 479, 784], atol=1)
        np.testing.assert_allclose(list(neyman.values()), [918, 180, 439, 884, 209, 384, 820], atol=1)


@pytest.mark.parametrize(
    ("hits", "n", "size", "se"),
    [  # Kauermann and Küchenhoff (2011), Stichproben, pp. 53-54; R package samplingbook, tests_ch2.r
        (45, 100, 300, 0.0408),
        (2, 100, 300, 0.0115),
        (50, 60, 61, 0.00621),
        (302, 1206, np.inf, 0.0125),
        (133, 1206, np.inf, 0.0090),
    ],
)
def test_a_share_of_a_finite_population(hits, n, size, se):
    finite = np.isfinite(size)
    result = accuracy.simple_random(share(hits, n), size if finite else 1.0, finite_population=finite)
    assert result.overall.loc["overall", "estimate"] == pytest.approx(hits / n)
    assert result.overall.loc["overall", "se"] == pytest.approx(se, abs=6e-5 if n > 60 else 6e-6)


@pytest.mark.parametrize(
    ("hits", "n", "interval", "limits", "digits"),
    [
        # samplingbook, tests_ch2.r ("bin", "cp")
        (302, 1206, "normal", (0.226, 0.275), 3),
        (302, 1206, "conservative", (0.226, 0.276), 3),
        (133, 1206, "normal", (0.0926, 0.1280), 4),
        (133, 1206, "conservative", (0.0932, 0.1293), 4),
        # Fagerland, Lydersen and Laake (2017), Statistical Analysis of Contingency Tables, chapter 2;
        # R package contingencytables, test-ch2.R (Ligarden et al. 2010)
        (13, 16, "wilson_strata", (0.5699, 0.9341), 4),
        (13, 16, "conservative", (0.5435, 0.9595), 4),
        (13, 16, "midp", (0.5699, 0.9500), 4),
        # Conover (1999), table, as worked at influentialpoints.com
        (5, 25, "conservative", (0.068, 0.407), 3),
    ],
)
def test_limits_of_a_share_in_other_software(hits, n, interval, limits, digits):
    found = accuracy.simple_random(share(hits, n), interval=interval).overall.loc["overall"]
    # those who print estimate ± z se take the divisor n, ours n - 1: less than a unit of the last digit here
    assert (found["lower"], found["upper"]) == pytest.approx(limits, abs=0.51 * 10**-digits)


class TestSemiAutomaticClassification:
    """SCP for QGIS, manual, tutorial 3 (semiautomaticgit/SemiAutomaticClassificationManual), areas in m².

    Counts are not printed; 5 of 7, 15 of 18, 21 of 25 and 5 of 7 are the only ones that give what is.
    """

    @pytest.mark.parametrize("as_pixels", [False, True])
    def test_area_based_error_matrix(self, as_pixels):
        sizes = {k: v / 900 if as_pixels else v for k, v in SCP_MAPPED.items()}
        result = accuracy.stratified(units([1, 2, 3, 4], SCP_COUNTS), sizes, interval="normal")
        printed = [
            [0.0023, 0, 0.0009, 0],
            [0, 0.3094, 0.0619, 0],
            [0, 0.0998, 0.5242, 0],
            [0, 0, 0.0004, 0.001],
        ]
        np.testing.assert_allclose(result.matrix, printed, atol=5.1e-5)
        assert result.overall.loc["overall", "estimate"] == pytest.approx(0.837, abs=5e-4)
        np.testing.assert_allclose(result.producers["estimate"], [1, 0.756, 0.892, 1], atol=5e-4)
        np.testing.assert_allclose(result.users["estimate"], [0.714, 0.833, 0.84, 0.714], atol=5e-4)
        area = result.area * (900 if as_pixels else 1)
        np.testing.assert_allclose(area["estimate"], [697_500, 122_645_412, 176_044_017, 313_071], atol=1)
        half = [352_984, 33_778_661, 33_780_877, 158_436]  # 1.96 standard errors
        np.testing.assert_allclose(area["se"] * 1.96, half, rtol=3e-6)


class TestSurveyPackage:
    """R package survey 4.4, vignette "A survey analysis example": 15 school districts of 757, apiclus1.

    Schools of each district by level (E, H, M); then, of the 157 without an empty cell, those that missed
    the school-wide target.
    """

    def test_totals(self):
        rows = [
            (psu, level)
            for psu, counts in LEVELS.items()
            for level, k in zip("EHM", counts, strict=True)
            for _ in range(k)
        ]
        table = pd.DataFrame(rows, columns=["psu", "reference"]).assign(mapped="E", weight=33.846996307373)
        result = accuracy.cluster(table, finite_population=True, psu_totals={"all": 757})
        np.testing.assert_allclose(result.area["estimate"], [4873.97, 473.86, 846.17], atol=0.006)
        np.testing.assert_allclose(result.area["se"], [1333.32, 158.70, 167.55], atol=0.006)

    def test_shares_to_the_last_digit(self):
        """R package survey 4.5, vcov(svymean(~factor(stype), dclus1)) without fpc, as tested by svy
        (samplics-org/svy, tests/svy/estimation/test_contrast.py); rows of the matrix sum to 0.
        """
        rows = [
            (psu, level)
            for psu, counts in LEVELS.items()
            for level, k in zip("EHM", counts, strict=True)
            for _ in range(k)
        ]
        table = pd.DataFrame(rows, columns=["psu", "reference"]).assign(mapped="E")
        area = accuracy.cluster(table, sizes={"all": 1}).area
        eh, em, hm = -0.00101348123237873, -0.00117699947724718, 0.000280162635233734
        assert area.loc["E", "estimate"] - area.loc["H", "estimate"] == pytest.approx(
            0.710382513661203, rel=1e-12
        )
        variance = area.loc[["E", "H", "M"], "se"] ** 2
        np.testing.assert_allclose(variance, [-eh - em, -eh - hm, -em - hm], rtol=1e-11)
        mean = accuracy.cluster(table.assign(reference=table["reference"].eq("E")), sizes={"all": 1})
        assert mean.area.loc[True, "se"] == pytest.approx(np.sqrt(-eh - em), rel=1e-11)

    def test_share(self):
        rows = [(psu, "No" if i < no else "Yes") for psu, (no, n) in MISSED.items() for i in range(n)]
        table = pd.DataFrame(rows, columns=["psu", "reference"]).assign(mapped="Yes")
        result = accuracy.cluster(table, sizes={"all": 1}, finite_population=True, psu_totals={"all": 757})
        assert result.area.loc["No", "estimate"] == pytest.approx(0.127389, abs=5e-7)
        assert result.area.loc["No", "se"] == pytest.approx(0.0247, abs=5e-5)
        assert result.overall.loc["overall", "se"] == pytest.approx(0.0247, abs=5e-5)


class TestSampleSizes:
    """Before a survey: numbers of Cochran and of Olofsson et al."""

    def test_cochran_island(self):
        """Cochran (1977), section 4.4: 3200 people, one half to ± 5 points, t = 2: 400, then 356."""
        assert accuracy.sample_size({"all": 1}, {"all": 0.5}, 0.05 / 2) == pytest.approx(400)
        level = 2 * stats.norm.cdf(2) - 1
        n = design.size_for_total(
            {"all": 3200}, {"all": 0.5}, 0.05 * 3200, confidence=level, finite_population=True
        )
        assert np.ceil(n) == 356

    def test_olofsson_2014_section_5(self):
        """641 units; proportional 13, 10, 205, 413, equal 160 each (Table 5)."""
        weights = {"deforestation": 0.020, "gain": 0.015, "forest": 0.320, "other": 0.645}
        users = {"deforestation": 0.70, "gain": 0.60, "forest": 0.90, "other": 0.95}
        n = round(accuracy.sample_size(weights, users, 0.01))
        assert n == 641
        sizes = {k: 10_000_000 * w for k, w in weights.items()}
        assert list(design.allocate(sizes, n, "proportional").values()) == [13, 10, 205, 413]
        assert sorted(design.allocate(sizes, n, "equal").values()) == [160, 160, 160, 161]
