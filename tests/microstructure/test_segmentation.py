import itertools

import numpy as np
import pytest
from PIL import Image

from dmn_fe.errors import InputError
from dmn_fe.microstructure import find_thresholds, read
from dmn_fe.microstructure.segmentation import cluster_thresholds


def within_variance(values, edges):
    groups = np.split(np.sort(values), np.searchsorted(np.sort(values), edges))
    return sum(((group - group.mean()) ** 2).sum() for group in groups if len(group))


@pytest.mark.parametrize("clusters", [2, 3, 4])
def test_clusters_are_the_best_of_all(clusters):
    grey = np.random.default_rng(clusters).integers(0, 60, 40)
    found = cluster_thresholds(grey, clusters)
    between = (np.unique(grey)[1:] + np.unique(grey)[:-1]) / 2
    best = min(within_variance(grey, e) for e in itertools.combinations(between, clusters - 1))
    assert within_variance(grey, found) == pytest.approx(best, rel=1e-12)


def test_two_normal_peaks_are_parted_in_the_middle():
    random = np.random.default_rng(0)
    grey = np.concatenate([random.normal(1000, 50, 20_000), random.normal(3000, 50, 20_000)])
    (threshold,) = cluster_thresholds(grey, 2)
    # Half-way between the outermost values of the peaks, as far as the tails let them scatter.
    assert threshold == pytest.approx(2000, abs=30)


@pytest.fixture
def photo(tmp_path):
    grey = np.concatenate([np.arange(20, 50), np.arange(200, 210)]).astype(np.uint8)
    Image.fromarray(grey[None]).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def test_threshold_counts_the_values_above_it(photo):
    assert read(photo, thresholds=(49,)).volume_fractions == (0.75, 0.25)
    assert read(photo, thresholds=(48,)).volume_fractions == (0.725, 0.275)
    assert read(photo, ("a", "b", "c"), thresholds=(29, 49)).volume_fractions == (0.25, 0.5, 0.25)


def test_clusters_tell_their_thresholds(photo, caplog):
    with caplog.at_level("INFO"):
        assert read(photo, clusters=2).volume_fractions == (0.75, 0.25)
    assert "photo.png: 2 clusters, thresholds 124.5" in caplog.text
    assert find_thresholds(photo, 2) == (124.5,)


def test_grey_arrays_are_segmented_as_images_are(tmp_path):
    np.save(tmp_path / "ct.npy", np.linspace(0.0, 1.0, 40).reshape(4, 10))
    with pytest.raises(InputError, match=r"ct\.npy has 40 grey values.*thresholds=\(0\.5,\)"):
        read(tmp_path / "ct.npy")
    assert read(tmp_path / "ct.npy", thresholds=(0.5,)).volume_fractions == (0.5, 0.5)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, r"40 grey values, more than 16: segment it .*--threshold 114\.5.*--clusters 2"),
        ({"thresholds": (100, 50)}, "give rising grey values"),
        ({"thresholds": (np.nan,)}, "give rising grey values"),
        ({"thresholds": (230,)}, r"phase 1 of .*photo\.png no voxel.*between .* 20 and 209"),
        ({"clusters": 1}, "clusters = 1: give a number from 2 to 40"),
        ({"clusters": 41}, "clusters = 41: give a number from 2 to 40"),
        ({"clusters": 2, "thresholds": (100,)}, "give one of them"),
    ],
)
def test_bad_input(photo, options, sentence):
    with pytest.raises(InputError, match=sentence):
        read(photo, **options)


def test_values_that_are_no_numbers(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[0.0, np.nan, 1.0]]))
    with pytest.raises(InputError, match=r"a\.npy has 1 voxels without a value"):
        read(tmp_path / "a.npy")
    np.save(tmp_path / "b.npy", np.array([["a", "b"]]))
    with pytest.raises(InputError, match="values of type <U1: give real numbers"):
        read(tmp_path / "b.npy", thresholds=(1,))
