"""The fuzzer for a bounded time, and what it stands on. See fuzz.py for longer ones."""

import io
import os
import random

import h5py

import product
from fuzz import Fuzzer
from mutations import Seed, lookup3

SECONDS = float(os.environ.get("XFELFS_FUZZ_SECONDS", 15 if product.QUICK else 45))
# The same mutants each time: what a change has broken is then told from what was never found. `fuzz.py` takes another number each
# day.
NUMBER = int(os.environ.get("XFELFS_FUZZ_SEED", 1))


def test_checksums_are_those_of_hdf5(corpus):
    """Structures whose checksum is made anew are believed by HDF5; mutants of new files would end there otherwise."""
    assert lookup3(b"Four score and seven years ago") == 0x17770551
    seed = Seed("s-latest.h5", corpus.seed("s-latest.h5"))
    assert len(seed.checksummed) > 80, f"only {len(seed.checksummed)} structures with a checksum were found"
    data = bytearray(seed.data)
    begin, end = next(place for place in seed.checksummed if b"METADATA" in data[place[0]:place[1]])
    at = data.index(b"METADATA", begin)
    data[at:at + 8] = b"metadata"
    data[end:end + 4] = lookup3(bytes(data[begin:end])).to_bytes(4, "little")
    with h5py.File(io.BytesIO(data)) as file:
        assert "metadata" in file and "METADATA" not in file


def test_mutants_can_be_made_again(corpus):
    """The same numbers give the same mutants, and each of them differs from its seed."""
    seeds = [Seed(name, data) for name, data in corpus.mutated_seeds().items()]
    for seed in seeds:
        first, second = ([seed.mutant(random.Random(f"1-{index}")) for index in range(40)] for _ in range(2))
        assert first == second, f"{seed.name}: mutants differ from one time to the next"
        changed = sum(mutant.data != seed.data for mutant in first)
        assert changed > 30, f"{seed.name}: {changed} of 40 mutants differ from it"


def test_fuzz(corpus, tmp_path):
    """No mutant takes a mount down, holds it up, takes much memory, or changes the sound file beside it."""
    fuzzer = Fuzzer(corpus, NUMBER, tmp_path / "harm", tmp_path)
    fuzzer.run(SECONDS)
    print(fuzzer.summary())
    assert fuzzer.tried > 0, "no mutant was tried"
    assert not fuzzer.harm, f"{fuzzer.summary()}\n{(tmp_path / 'harm/log.txt').read_text()[:4000]}"
