"""Every run and file that EXtra-data's make_examples can write, cut down in trains and frames.

`CATALOGUE` maps a name to a `RunSpec`; `RunSpec.make(directory)` writes the run, fills it with random data
(zeros would hide wrong offsets) and returns the path to mount: a directory, or one file.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Callable
from unittest import mock

import numpy as np
from extra_data.tests import make_examples as examples
from extra_data.tests.mockdata import write_file as write_whole_file

from product import QUICK
from randomise import randomise

VERSIONS = ("0.5", "1.0", "1.1", "1.2", "1.3")
FIRST_TRAIN = 10000
TRAIN_FACTOR = 10
FRAME_FACTOR = 10


def write_small_file(filename, devices, ntrains, firsttrain=FIRST_TRAIN, chunksize=200, format_version="0.5"):
    """As mockdata's write_file, with a tenth of the trains and of the frames per train.

    Trains stay odd in number against the chunk size, so datasets and index keep their padding.
    """
    if ntrains > 20:
        ntrains //= TRAIN_FACTOR
        firsttrain = FIRST_TRAIN + (firsttrain - FIRST_TRAIN) // TRAIN_FACTOR
        for device in devices:
            if getattr(device, "nsamples", None) and not getattr(device, "is_small", False):
                device.nsamples //= TRAIN_FACTOR
            frames = getattr(device, "_frames_per_train", None)
            if frames is not None and not getattr(device, "is_small", False):
                device._frames_per_train = (
                    max(2, frames // FRAME_FACTOR) if np.ndim(frames) == 0 else frames[:ntrains])
            device.is_small = True  # the same device object may be written into several files
    write_whole_file(filename, devices, ntrains=ntrains, firsttrain=firsttrain,
                     chunksize=min(chunksize, 16), format_version=format_version)


@dataclass(frozen=True)
class RunSpec:
    name: str
    maker: Callable
    options: dict
    version: str | None = None
    file: str | None = None        # a single file of that name instead of a directory
    small: bool = True

    def make(self, directory: Path, seed: int = 0) -> Path:
        run = directory / "run"
        run.mkdir()
        target = run / self.file if self.file else run
        options = {name: value() if callable(value) else value for name, value in self.options.items()}
        if self.version:
            options["format_version"] = self.version
        writer = write_small_file if self.small else write_whole_file
        with mock.patch.object(examples, "write_file", writer):
            self.maker(str(target), **options)
        randomise(run, seed)
        return target


def versioned(name, maker, file=None, **options):
    """One spec for every format version; with XFELFS_QUICK only the oldest and the newest."""
    versions = ("0.5", "1.3") if QUICK else VERSIONS
    return [RunSpec(f"{name}-v{version}", maker, options, version, file) for version in versions]


def frame_counts():
    """Makes make_reduced_spb_run the same each time, with a train without frames among the first six."""
    return np.random.RandomState(366)


_SPECS = [
    *versioned("agipd_example", examples.make_agipd_example_file, "CORR-R0803-AGIPD07-S00000.h5"),
    *versioned("fxe_da", examples.make_fxe_da_file, "RAW-R0450-DA01-S00001.h5"),
    *versioned("sa3_da", examples.make_sa3_da_file, "RAW-R0317-DA01-S00000.h5"),
    *versioned("empty_source", examples.make_da_file_with_empty_source, "RAW-R0317-DA02-S00000.h5"),
    *versioned("bad_device_name", examples.make_data_file_bad_device_name, "RAW-R0317-DA03-S00000.h5"),
    *versioned("agipd_file", examples.make_agipd_file, "RAW-R0239-AGIPD00-S00000.h5"),
    *versioned("lpd_file", examples.make_lpd_file, "RAW-R0450-LPD00-S00000.h5"),
    *versioned("fxe_raw", examples.make_fxe_run),
    *versioned("fxe_proc", examples.make_fxe_run, raw=False),
    *versioned("parallelgain_raw", examples.make_lpd_parallelgain_run),
    *versioned("spb_raw", examples.make_spb_run, sensor_size=(200, 150)),
    *versioned("spb_proc", examples.make_spb_run, raw=False),
    *versioned("reduced_spb", examples.make_reduced_spb_run, rng=frame_counts),
    *versioned("modern_spb", examples.make_modern_spb_proc_run),
    RunSpec("parallelgain_proc", examples.make_lpd_parallelgain_run, {"raw": False}, "1.0"),
    RunSpec("reduced_spb_proc", examples.make_reduced_spb_run, {"raw": False, "rng": frame_counts}, "1.2"),
    RunSpec("lpd_mini_missed_train", examples.make_lpd_run_mini_missed_train, {}),
    RunSpec("agipd1m", examples.make_agipd1m_run, {}),
    RunSpec("agipd500k", examples.make_agipd500k_run, {}),
    RunSpec("jungfrau", examples.make_jungfrau_run, {}),
    RunSpec("fxe_jungfrau", examples.make_fxe_jungfrau_run, {}),
    RunSpec("remi", examples.make_remi_run, {}),
    RunSpec("scs", examples.make_scs_run, {}),
    # Not cut down: 20 MB on disk, 580 GB nominal. Sizes come from INDEX, not from what is there.
    RunSpec("fxe_proc_nominal", examples.make_fxe_run, {"raw": False}, "1.0", small=False),
]

CATALOGUE = {spec.name: spec for spec in _SPECS}


def disk_use(directory) -> int:
    """Bytes allocated below `directory`, as du counts them."""
    return sum(os.stat(os.path.join(base, name)).st_blocks * 512
               for base, _, names in os.walk(directory) for name in names)
