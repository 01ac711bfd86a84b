"""EXtra-data's own mock runs: what it calls clean is clean, and what it finds is found."""

import pytest
from conftest import Crashed, assert_equal, extra_data_validate, validate
from extra_data.tests import make_examples as make

RUNS = {
    "fxe raw": lambda p: make.make_fxe_run(p),
    "fxe raw 1.0": lambda p: make.make_fxe_run(p, format_version="1.0"),
    "fxe raw 1.2": lambda p: make.make_fxe_run(p, format_version="1.2"),
    "fxe proc": lambda p: make.make_fxe_run(p, raw=False),
    "lpd parallel gain": lambda p: make.make_lpd_parallelgain_run(p),
    "lpd mini, missed train": lambda p: make.make_lpd_run_mini_missed_train(p),
    "spb raw": lambda p: make.make_spb_run(p),
    "spb raw 1.2": lambda p: make.make_spb_run(p, format_version="1.2"),
    "spb proc": lambda p: make.make_spb_run(p, raw=False),
    "spb reduced": lambda p: make.make_reduced_spb_run(p),
    "spb proc, modern": lambda p: make.make_modern_spb_proc_run(p),
    "agipd1m": lambda p: make.make_agipd1m_run(p),
    "agipd500k": lambda p: make.make_agipd500k_run(p),
    "remi": lambda p: make.make_remi_run(p),
    "scs": lambda p: make.make_scs_run(p),
}

FILES = {
    "agipd example": make.make_agipd_example_file,
    "agipd": make.make_agipd_file,
    "lpd": make.make_lpd_file,
    "fxe da": make.make_fxe_da_file,
    "sa3 da": make.make_sa3_da_file,
    "da, empty source": make.make_da_file_with_empty_source,
    "da, bad device name": make.make_data_file_bad_device_name,
}


# Mock files that contradict themselves, and EXtra-data does not see it: their samples are spread over the trains in one way in
# INDEX and in another in the trainId beside the data; in the LPD run a train was taken out of INDEX alone. Half of the trains of
# a camera in the wrong place is what the check is for, so it is right to speak up.
CONTRADICTING = {"lpd mini, missed train", "sa3 da", "da, empty source"}


def check(path, name):
    if name not in CONTRADICTING:
        assert_equal(path)
        return
    assert_equal(path, "--skip", "instrument_train_ids")
    report = validate(path)
    assert report.common == []
    assert report.ours == report.of("instrument_train_ids") != []


@pytest.mark.parametrize("name", RUNS)
def test_run(name, tmp_path):
    RUNS[name](str(tmp_path))
    check(tmp_path, name)


@pytest.mark.parametrize("version", ["0.5", "1.0", "1.1", "1.2", "1.3"])
@pytest.mark.parametrize("name", FILES)
def test_file(name, version, tmp_path):
    path = tmp_path / "RAW-R0001-DA01-S00000.h5"
    FILES[name](str(path), format_version=version)
    check(path, name)
    check(tmp_path, name)


@pytest.mark.parametrize("make_run", [make.make_jungfrau_run, make.make_fxe_jungfrau_run])
def test_property_with_a_dot(make_run, tmp_path):
    """EXtra-data looks for dataStorage.enable in dataStorage/enable, and dies."""
    make_run(str(tmp_path))
    with pytest.raises(Crashed):
        extra_data_validate(tmp_path)
    assert validate(tmp_path).problems == []
