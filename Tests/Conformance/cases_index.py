"""Runs whose INDEX, trains or distribution over files is unusual. Each maker returns its files in order of name.

`AS_EXTRA_DATA` names the cases in which EXtra-data reads the same; in the others TREE.md differs on purpose.
"""

import numpy as np

from handmade import HandFile, ramp

XGM, CAM = "SPB_XTD9_XGM/DOOCS/MAIN", "SPB_IRU_CAM/CAM/SIDEMIC:daqOutput"
DET = "SPB_DET_AGIPD1M-1/DET/0CH0:xtdf"
TRAINS = [10000, 10001, 10002, 10003, 10004]


def one(directory, train_ids=TRAINS, name="RAW-R0001-DA01-S00000.h5", **options):
    return HandFile(directory / name, list(train_ids), **options)


def padded_index(directory):
    """INDEX and datasets padded with zeros to a multiple of 16, the padded rows full of rubbish."""
    file = one(directory, TRAINS + [0] * 11)
    file.control(XGM, {"energy": ramp(16, start=1)}, first=[0, 1, 2, 3, 4] + [0] * 11, count=[1] * 5 + [0] * 11)
    file.instrument(CAM, "data", {"pixels": ramp(32, (3, 2))}, first=[0, 2, 4, 6, 8] + [7] * 11, count=[2] * 16)
    return [file]


def zero_in_the_middle(directory):
    """A zero between train ids: the rows behind it stay where they are (EXtra-data shifts them by one)."""
    file = one(directory, [10000, 10001, 0, 10003, 10004])
    file.control(XGM, {"energy": ramp(5, start=1)})
    file.instrument(CAM, "data", {"pixels": ramp(20, (2,))}, first=[0, 1, 5, 7, 12], count=[1, 4, 2, 5, 3])
    return [file]


def first_last_status(directory):
    """The oldest index: first, last, status; status 0 means nothing, whatever first and last say."""
    file = one(directory, version="0.5")
    file.control(XGM, {"energy": ramp(4)}, first=[0, 1, 1, 2, 3], count=[1, 0, 1, 1, 1], style="last")
    file.instrument(CAM, "data", {"pixels": ramp(9, (2,), "u2")}, first=[0, 3, 3, 4, 4], count=[3, 0, 1, 0, 5],
                    style="last")
    return [file]


def mixed_index_styles(directory):
    """first/last/status and first/count in two groups of one source."""
    file = one(directory)
    file.instrument(DET, "header", {"pulseCount": ramp(5, dtype="u8")}, style="last")
    file.instrument(DET, "image", {"data": ramp(10, (2, 2), "u2")}, first=[0, 2, 4, 6, 8], count=[2] * 5)
    return [file]


def groups_differ(directory):
    """Index groups of one source with different counts, one of them empty."""
    file = one(directory)
    file.instrument(DET, "image", {"data": ramp(15, (2, 4), "u2"), "cellId": ramp(15, dtype="u2")},
                    first=[0, 3, 3, 8, 8], count=[3, 0, 5, 0, 7])
    file.instrument(DET, "header", {"dataId": ramp(4, dtype="u8")}, first=[0, 1, 2, 3, 4], count=[1, 1, 1, 1, 0])
    file.instrument(DET, "trailer", {"status": ramp(0, dtype="u8")}, first=[0] * 5, count=[0] * 5)
    return [file]


def gaps_and_jumps(directory):
    """Each train has its own first: gaps, an overlap and a jump backwards (EXtra-data reads on from the first)."""
    file = one(directory)
    file.instrument(CAM, "data", {"pixels": ramp(40, (3,), "i4")}, first=[30, 2, 10, 3, 35], count=[2, 3, 4, 5, 0])
    file.control(XGM, {"energy": ramp(9)}, first=[8, 0, 4, 2, 2])
    return [file]


def several_scalars_per_train(directory):
    """Scalars with up to four entries in a train: in values.csv, not in table.csv."""
    file = one(directory)
    file.instrument(CAM, "data", {"hit": ramp(9, dtype="f8")}, first=[0, 4, 4, 5, 7], count=[4, 0, 1, 2, 2])
    file.instrument(CAM, "slow", {"level": ramp(3, dtype="i2")}, first=[0, 0, 1, 1, 2], count=[1, 0, 1, 0, 1])
    return [file]


def duplicate_train_in_two_files(directory):
    """One source has a train in two files: the first file in order of name counts (EXtra-data opens nothing)."""
    first, second = one(directory), one(directory, [10004, 10005, 10006], "RAW-R0001-DA01-S00001.h5")
    for file, start in ((first, 0), (second, 1000)):
        rows = len(file.train_ids)
        file.control(XGM, {"energy": ramp(rows, start=start)})
        file.instrument(CAM, "data", {"pixels": ramp(2 * rows, (2,), start=start)},
                        first=list(range(0, 2 * rows, 2)), count=[2] * rows)
    return [first, second]


def duplicate_train_in_one_file(directory):
    """A train twice in one file: its first row counts, the other trains are untouched."""
    file = one(directory, [10000, 10001, 10001, 10002, 10003])
    file.control(XGM, {"energy": ramp(5)})
    file.instrument(CAM, "data", {"pixels": ramp(10, (2,))}, first=[0, 2, 4, 6, 8], count=[2] * 5)
    return [file]


def out_of_order_inside_a_file(directory):
    """Train ids not ascending inside a file: arrays are in ascending order of train id."""
    file = one(directory, [10003, 10001, 10004, 10000, 10002])
    file.control(XGM, {"energy": ramp(5)})
    file.instrument(CAM, "data", {"pixels": ramp(10, (2,))}, first=[0, 2, 3, 6, 8], count=[2, 1, 3, 2, 2])
    return [file]


def wild_train_ids(directory):
    """2**64-1 and other ids far outside the run."""
    file = one(directory, [1, 10000, 10002, 76983831, 2 ** 64 - 1])
    file.control(XGM, {"energy": ramp(5)})
    return [file]


def sequence_order(directory):
    """Files whose order by name is not the order of their trains."""
    files = []
    for sequence, start in enumerate((10010, 10000, 10005)):
        file = one(directory, range(start, start + 5), f"RAW-R0001-DA01-S0000{sequence}.h5")
        file.control(XGM, {"energy": ramp(5, start=start)})
        file.instrument(CAM, "data", {"pixels": ramp(7, (2,), start=start)}, first=[0, 1, 3, 3, 6],
                        count=[1, 2, 0, 3, 1])
        files.append(file)
    return files


def interleaved_files(directory):
    """Two files that hold alternate trains."""
    files = []
    for sequence in range(2):
        file = one(directory, range(10000 + sequence, 10010, 2), f"RAW-R0001-DA01-S0000{sequence}.h5")
        file.control(XGM, {"energy": ramp(5, start=100 * sequence)})
        files.append(file)
    return files


def source_absent_from_files(directory):
    """A source that only some of the files have: no data in the trains of the others."""
    files = []
    for number, sources in enumerate(([XGM], [XGM, CAM], [CAM])):
        file = one(directory, range(10000 + 5 * number, 10005 + 5 * number), f"RAW-R0001-DA0{number + 1}-S00000.h5")
        for source in sources:
            if source == CAM:
                file.instrument(CAM, "data", {"pixels": ramp(5, (2,), start=50 * number)})
            else:
                file.control(XGM, {"energy": ramp(5, start=50 * number)})
        files.append(file)
    return files


def index_past_the_data(directory):
    """A train whose index points past the data has count 0, in whole and not in part."""
    file = one(directory)
    file.instrument(CAM, "data", {"pixels": ramp(7, (2,))}, first=[0, 2, 4, 6, 2 ** 63], count=[2, 2, 2, 2, 1])
    file.control(XGM, {"energy": ramp(3)})
    return [file]


def overflowing_index(directory):
    """first + count beyond 64 bits is past the data too."""
    file = one(directory)
    file.instrument(CAM, "data", {"pixels": ramp(4, (2,))}, first=[0, 2 ** 64 - 1, 1, 2 ** 64 - 2, 2],
                    count=[1, 2, 1, 2 ** 64 - 1, 2])
    return [file]


def nested_source_names(directory):
    """A source name that is the beginning of another, one without slashes, one with spaces and odd characters."""
    file = one(directory)
    for number, name in enumerate(("A/B", "A/BC", "A/B:out", "FLAT", "S P/A C E", "Ä/μ+(1)", "A/B-1,x=%20")):
        if ":" in name:
            file.instrument(name, "data", {"x": ramp(5, start=100 * number)})
        else:
            file.control(name, {"x": ramp(5, start=100 * number), "deep.er.still": ramp(5, start=7)})
    return [file]


def no_trains_at_all(directory):
    """A file whose INDEX holds only zeros, beside one with trains."""
    empty = one(directory, [0, 0, 0], "RAW-R0001-DA01-S00000.h5")
    empty.control(XGM, {"energy": ramp(0)}, first=[0] * 3, count=[0] * 3)
    file = one(directory, TRAINS, "RAW-R0001-DA01-S00001.h5")
    file.control(XGM, {"energy": ramp(5)})
    return [empty, file]


def user_block(directory):
    """An HDF5 file behind a user block of 2 KiB: every offset is shifted."""
    file = one(directory, userblock=2048)
    file.control(XGM, {"energy": ramp(5)})
    file.instrument(CAM, "data", {"pixels": ramp(5, (64, 3))}, write={"chunks": (2, 10, 3), "compression": "gzip"})
    return [file]


def leftover_rows(directory):
    """Rows of a dataset that no train owns, in front, between and behind."""
    file = one(directory)
    file.instrument(CAM, "data", {"pixels": np.arange(60, dtype=">u2").reshape(20, 3)}, first=[3, 4, 8, 9, 15],
                    count=[1, 2, 1, 3, 1])
    return [file]


AS_EXTRA_DATA = [padded_index, first_last_status, mixed_index_styles, groups_differ, several_scalars_per_train,
                 wild_train_ids, sequence_order, source_absent_from_files, nested_source_names, user_block,
                 no_trains_at_all]
DIFFERENT = [zero_in_the_middle, gaps_and_jumps, duplicate_train_in_two_files, duplicate_train_in_one_file,
             out_of_order_inside_a_file, interleaved_files, index_past_the_data, overflowing_index, leftover_rows]
