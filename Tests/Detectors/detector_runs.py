"""Small runs with detectors: modules and trains missing, numbers of frames that vary and differ, several detectors at once.

`CATALOGUE` maps a name to a function that writes the run into a directory. Every pixel is random and every id distinctive.
"""

from unittest import mock

import h5py
import numpy as np
from extra_data.tests import make_examples as examples
from extra_data.tests.mockdata import write_file
from extra_data.tests.mockdata.detectors import AGIPDModule, DSSCModule, LPDModule
from extra_data.tests.mockdata.jungfrau import JUNGFRAUModule

from randomise import random_array

FIRST = 10000


class SmallJungfrau(JUNGFRAUModule):
    """The modules of the examples have 16 cells: 100 MB a train."""
    cells = 2

    def __init__(self, device_id, cells=2, raw=False):
        super().__init__(device_id, raw=raw)
        self.cells = cells

    @property
    def instrument_keys(self):
        return [(key, dtype, (self.cells,) + shape[1:]) for key, dtype, shape in super().instrument_keys]


def write(path, devices, trains=3, first=FIRST, version="1.3"):
    """One file with random data in everything but ids and trains."""
    write_file(str(path), devices, ntrains=trains, firsttrain=first, chunksize=4, format_version=version)
    randomise(path)


def randomise(path):
    """Random pixels; ids that are neither positions nor the same as each other."""
    rng = np.random.default_rng(sum(str(path).encode()))
    with h5py.File(path, "r+") as file:
        def fill(name, item):
            leaf = name.rpartition("/")[2]
            if not isinstance(item, h5py.Dataset) or 0 in item.shape or leaf == "trainId":
                return
            if leaf == "pulseId":
                item[...] = item[...] * 4 + 7       # neither the position nor the cell
            elif leaf == "memoryCell":
                item[...] = np.arange(item.shape[1]) + 3
            elif leaf not in ("cellId", "frameNumber") and ("/image/" in name or "/data/" in name):
                item[...] = random_array(rng, item.dtype, item.shape)
        if "INSTRUMENT" in file:
            file["INSTRUMENT"].visititems(fill)


def shift_trains(path, trains):
    """Say that the file holds these trains instead of those after each other."""
    with h5py.File(path, "r+") as file:
        file["INDEX/trainId"][:len(trains)] = trains


def set_pulses(path, pulses):
    """Give the frames of the only module of a file these pulse ids."""
    def give(name, item):
        if name.endswith("image/pulseId"):
            item[...] = np.asarray(pulses, item.dtype).reshape(item.shape)

    with h5py.File(path, "r+") as file:
        file["INSTRUMENT"].visititems(give)


def agipd_raw(directory):
    """Three modules of sixteen, one of them without the middle train."""
    for number in (0, 3, 15):
        write(directory / f"RAW-R0001-AGIPD{number:02}-S00000.h5",
              [AGIPDModule(f"SPB_DET_AGIPD1M-1/DET/{number}CH0", frames_per_train=2)], trains=2 if number == 3 else 3)
    shift_trains(directory / "RAW-R0001-AGIPD03-S00000.h5", [FIRST, FIRST + 2])


def agipd_corrected(directory):
    """Corrected data with mask and gain, compressed; the number of frames varies from train to train."""
    for number in (1, 2, 14):
        write(directory / f"CORR-R0001-AGIPD{number:02}-S00000.h5",
              [AGIPDModule(f"SPB_DET_AGIPD1M-1/CORR/{number}CH0", raw=False, channel_name="output",
                           frames_per_train=np.array([2, 0, 3, 1], np.uint64))], trains=4)


def agipd500k(directory):
    for number in range(8):
        if number != 6:
            write(directory / f"RAW-R0001-AGIPD{number:02}-S00000.h5",
                  [AGIPDModule(f"HED_DET_AGIPD500K2G/DET/{number}CH0", frames_per_train=1)], trains=2)


def dssc(directory):
    """Two files for each module, which do not begin with the same train."""
    for number in (0, 9, 10):
        for sequence in range(2):
            write(directory / f"RAW-R0001-DSSC{number:02}-S{sequence:05}.h5",
                  [DSSCModule(f"SCS_DET_DSSC1M-1/DET/{number}CH0", frames_per_train=3)],
                  trains=2, first=FIRST + 2 * sequence + (5 if number == 9 and sequence else 0))


def lpd(directory):
    for number in (0, 1, 5):
        write(directory / f"RAW-R0001-LPD{number:02}-S00000.h5",
              [LPDModule(f"FXE_DET_LPD1M-1/DET/{number}CH0", frames_per_train=4)], version="0.5")


def lpd_parallel_gain(directory):
    """Three gains in each train: the pulse ids of the first third again and again."""
    for number in (0, 1):
        path = directory / f"RAW-R0001-LPD{number:02}-S00000.h5"
        write(path, [LPDModule(f"FXE_DET_LPD1M-1/DET/{number}CH0", frames_per_train=6)], trains=2)
        set_pulses(path, [8, 12] * 6)


def lpd_solo(directory):
    write(directory / "RAW-R0001-LPD00-S00000.h5", [LPDModule("FXE_DET_LPD_SOLO/DET/0CH0", frames_per_train=3)])


def raw_and_corrected(directory):
    """Both of one detector, and another detector."""
    for number in (0, 1):
        write(directory / f"RAW-R0001-LPD{number:02}-S00000.h5",
              [LPDModule(f"FXE_DET_LPD1M-1/DET/{number}CH0", frames_per_train=3)])
        write(directory / f"CORR-R0001-LPD{number:02}-S00000.h5",
              [LPDModule(f"FXE_DET_LPD1M-1/CORR/{number}CH0", raw=False, channel_name="output", frames_per_train=2)])
    dssc(directory)


def jungfrau(directory):
    """A module missing, and one without the middle train; numbered from 1."""
    for number in (1, 3, 8):
        write(directory / f"RAW-R0001-JNGFR{number:02}-S00000.h5",
              [SmallJungfrau(f"SPB_IRDA_JF4M/DET/JNGFR{number:02}")], trains=2 if number == 3 else 3, version="1.0")
    shift_trains(directory / "RAW-R0001-JNGFR03-S00000.h5", [FIRST, FIRST + 2])


def jungfrau_one_cell(directory):
    """Two detectors of one cell: JF500K with the third number only, and a JF1M."""
    write(directory / "RAW-R0001-JNGFR03-S00000.h5", [SmallJungfrau("FXE_XAD_JF500K/DET/JNGFR03", cells=1, raw=True)])
    for number in (1, 2):
        write(directory / f"RAW-R0001-JNGFR{number:02}-S00000.h5",
              [SmallJungfrau(f"FXE_XAD_JF1M/DET/RECEIVER-{number}", cells=1, raw=True)])


def lpd_unequal(directory):
    """Numbers of frames that differ in a train: EXtra-data refuses the whole detector."""
    counts = {0: [4, 3, 2], 1: [4, 2, 2], 4: [4, 3, 0]}
    pulses = {0: [7, 11, 15, 19, 7, 11, 15, 7, 11], 1: [7, 11, 15, 19, 11, 31, 7, 11], 4: [7, 11, 15, 19, 7, 11, 15]}
    for number, count in counts.items():
        path = directory / f"RAW-R0001-LPD{number:02}-S00000.h5"
        write(path, [LPDModule(f"FXE_DET_LPD1M-1/DET/{number}CH0", frames_per_train=np.array(count, np.uint64))])
        set_pulses(path, pulses[number])


def disagreeing_ids(directory):
    """Pulse ids that differ between the modules of one train: EXtra-data gives no labels, but the data."""
    lpd(directory)
    set_pulses(directory / "RAW-R0001-LPD01-S00000.h5", [7, 11, 15, 19, 7, 11, 15, 20, 6, 11, 15, 19])


def write_few(path, devices, ntrains=100, firsttrain=FIRST, chunksize=200, format_version="0.5"):
    """As mockdata's write_file with three trains at most, and two frames in each (six where there are three gains)."""
    trains = ntrains if ntrains <= 5 else 3
    for device in devices:
        frames = getattr(device, "_frames_per_train", None)
        if frames is not None and ntrains > 5:
            device._frames_per_train = (
                np.minimum(frames[:trains], [1, 3, 2]) if np.ndim(frames) else 6 if frames == 300 else 2)
    first = FIRST + (firsttrain - FIRST) // ntrains * trains
    write_file(str(path), devices, ntrains=trains, firsttrain=first, chunksize=4, format_version=format_version)
    randomise(path)


def example(maker, file=None, **options):
    """A run of EXtra-data's own, cut down."""
    def make(directory):
        with mock.patch.object(examples, "write_file", write_few), \
                mock.patch.object(examples, "JUNGFRAUModule", SmallJungfrau):
            maker(str(directory / file if file else directory), **options)
    make.__name__ = "_".join(["example", maker.__name__.removeprefix("make_"), *(
        f"{name}_{value}" for name, value in options.items() if isinstance(value, (bool, str)))])
    return make


# Not here: make_agipd_example_file, whose 4 GB cannot be cut down (its layout is that of lpd in version 0.5).
EXAMPLES = [
    example(examples.make_agipd_file, "RAW-R0239-AGIPD00-S00000.h5"),
    example(examples.make_lpd_file, "RAW-R0450-LPD00-S00000.h5"),
    example(examples.make_fxe_run),
    example(examples.make_fxe_run, raw=False, format_version="1.2"),
    example(examples.make_lpd_parallelgain_run, format_version="1.0"),
    example(examples.make_spb_run, format_version="1.3", sensor_size=(20, 30)),
    example(examples.make_spb_run, raw=False, format_version="1.1"),
    example(examples.make_reduced_spb_run, format_version="1.2", rng=np.random.RandomState(366)),
    example(examples.make_modern_spb_proc_run, format_version="1.3"),
    example(examples.make_lpd_run_mini_missed_train),
    example(examples.make_agipd1m_run),
    example(examples.make_agipd500k_run),
    example(examples.make_jungfrau_run),
    example(examples.make_fxe_jungfrau_run),
    example(examples.make_scs_run),
]

CATALOGUE = {maker.__name__: maker for maker in (
    agipd_raw, agipd_corrected, agipd500k, dssc, lpd, lpd_parallel_gain, lpd_solo, raw_and_corrected, jungfrau,
    jungfrau_one_cell, lpd_unequal, disagreeing_ids, *EXAMPLES)}
