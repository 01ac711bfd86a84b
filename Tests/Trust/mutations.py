"""Damage that HDF5 files are given, at places that matter: the numbers of their own structures.

A mutant is made by its seed file and a random number generator alone, so it can be made again.
"""

import random
import re
import struct
from dataclasses import dataclass
from functools import cached_property

# Signatures of the structures of the file format.
SIGNATURES = [b"TREE", b"SNOD", b"HEAP", b"GCOL", b"OHDR", b"OCHK", b"FRHP", b"FHDB", b"FHIB", b"BTHD", b"BTLF",
              b"BTIN", b"FAHD", b"FADB", b"EAHD", b"EAIB", b"EADB", b"EASB", b"FSHD", b"\x89HDF"]

# What has no signature, by patterns that seldom match anything else. A message in an object header of version 1 begins
# with its type, its size and its flags.
PATTERNS = {
    "object header": rb"\x01\x00[\x01-\x20]\x00\x01\x00\x00\x00",
    "dataspace": rb"\x01\x00.\x00.\x00\x00\x00\x01[\x01-\x04][\x00\x01]",
    "link": rb"\x06\x00.\x00[\x00-\x05]\x00\x00\x00\x01",
    "datatype": rb"\x03\x00.\x00[\x00-\x05]\x00\x00\x00[\x10-\x1a\x30-\x3a]",
    "fill value": rb"\x05\x00.\x00[\x00-\x05]\x00\x00\x00[\x02\x03]",
    "layout": rb"\x08\x00.\x00.\x00\x00\x00[\x03\x04][\x00-\x03]",
    "filters": rb"\x0b\x00.\x00[\x00-\x05]\x00\x00\x00[\x01\x02]",
    "attribute": rb"\x0c\x00.\x00[\x00-\x05]\x00\x00\x00[\x01-\x03]",
    "train ids": re.escape(struct.pack("<Q", 10000)),
    "counts": re.escape(struct.pack("<QQQ", 1, 1, 1)),
    "names": rb"INSTRUMENT/|CONTROL/|METADATA|dataFormat|EVIL|[0-9]\.[0-9]",
    "deflated": rb"x\x01|x\x9c|x\^",
}

# Where arithmetic goes wrong.
ODD_NUMBERS = [0, 1, 2, 3, 7, 8, 31, 32, 33, 127, 128, 255, 256,
               *(1 << bits for bits in (16, 20, 26, 31, 32, 47, 48, 62, 63)),
               *((1 << bits) - 1 for bits in (16, 31, 32, 63, 64)),
               (1 << 26) + 1, (1 << 62) + 1, (1 << 64) - 2, (1 << 64) - 256, (1 << 64) - 4096]

# Structures of fixed length before their checksum, with addresses of 8 bytes.
CHECKSUMMED_LENGTHS = {b"BTHD": 34, b"FAHD": 24, b"EAHD": 68}


@dataclass
class Mutant:
    """A damaged file, and in words what was done to it."""
    data: bytes
    description: str


@dataclass
class Seed:
    """A sound file, and the places in it where damage tells."""
    name: str
    data: bytes

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """Kind of structure -> offsets."""
        patterns = {signature.decode("latin1"): re.escape(signature) for signature in SIGNATURES} | PATTERNS
        found = {kind: [match.start() for match in re.finditer(pattern, self.data, re.S)]
                 for kind, pattern in patterns.items()}
        return {kind: offsets[:200] for kind, offsets in found.items() if offsets}

    @cached_property
    def checksummed(self) -> list[tuple[int, int]]:
        """Begin and end of the structures whose checksum, behind the end, is known how to be made."""
        ends = [(match.start(), self._end_of_header(match.start())) for match in re.finditer(rb"OHDR\x02", self.data)]
        for signature, length in CHECKSUMMED_LENGTHS.items():
            ends += [(match.start(), match.start() + length) for match in re.finditer(signature, self.data)]
        if self.data[8] in (2, 3):
            ends.append((0, 44))
        return [(begin, end) for begin, end in ends if lookup3(self.data[begin:end]) == number_at(self.data, end, 4)]

    def _end_of_header(self, begin: int) -> int:
        flags = self.data[begin + 5]
        at = begin + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        return at + width + number_at(self.data, at, width)

    def mutant(self, chance: random.Random) -> Mutant:
        """One of the ways in which files go wrong."""
        way = chance.choices(list(WAYS), weights=[weight for _, weight in WAYS.values()])[0]
        damage = Damage(self, chance)
        times = 1 if way == "cut" else chance.choice([1, 1, 1, 2, 3, 8])
        for _ in range(times):
            WAYS[way][0](damage)
        return Mutant(bytes(damage.data), f"{self.name}: {', '.join(damage.done)}")


class Damage:
    """A copy of a seed that damage is done to."""

    def __init__(self, seed: Seed, chance: random.Random):
        self.seed, self.chance = seed, chance
        self.data, self.done = bytearray(seed.data), []

    def structure(self):
        """A number in or behind the head of a structure."""
        kind = self.chance.choice(list(self.seed.places))
        reach = self.chance.choice([8, 16, 32, 64, 200])
        self.change_number(self.chance.choice(self.seed.places[kind]) + self.chance.randrange(reach), kind)

    def checksummed_structure(self):
        """A number in a structure whose checksum is made anew, so that it is believed."""
        if not self.seed.checksummed:
            return self.structure()
        begin, end = self.chance.choice(self.seed.checksummed)
        self.change_number(self.chance.randrange(begin + 4, end), "checksummed", end)
        self.data[end:end + 4] = lookup3(bytes(self.data[begin:end])).to_bytes(4, "little")

    def number(self):
        """A number anywhere, sooner at the beginning of the file: what is there leads to all the rest."""
        self.change_number(self.anywhere(8), "number")

    def bit(self):
        at = self.anywhere(1)
        self.data[at] ^= 1 << self.chance.randrange(8)
        self.done.append(f"a bit of byte {at}")

    def copy(self):
        """Bytes of another place of the file."""
        length = self.chance.choice([8, 64, 512])
        origin, at = (self.chance.randrange(len(self.data) - length) for _ in range(2))
        self.data[at:at + length] = self.data[origin:origin + length]
        self.done.append(f"{length} bytes at {at} from {origin}")

    def zeros(self):
        """What a store leaves of a block that was never written."""
        length = self.chance.choice([8, 64, 512, 4096])
        at = self.chance.randrange(len(self.data) - length)
        self.data[at:at + length] = bytes(length)
        self.done.append(f"{length} zeros at {at}")

    def swap(self):
        """Two structures of one kind change places."""
        kind = self.chance.choice(list(self.seed.places))
        length = self.chance.choice([8, 24, 64])
        first, second = (min(self.chance.choice(self.seed.places[kind]), len(self.data) - length) for _ in range(2))
        kept = self.data[first:first + length]
        self.data[first:first + length] = self.data[second:second + length]
        self.data[second:second + length] = kept
        self.done.append(f"{kind} at {first} and {second} swapped")

    def cut(self):
        length = self.chance.randrange(len(self.data))
        del self.data[length:]
        self.done.append(f"cut to {length} bytes")

    def anywhere(self, length: int) -> int:
        return self.chance.randrange(self.chance.choice([2048, 16384, len(self.data) - length]))

    def change_number(self, at: int, what: str, end: int | None = None):
        """Changes 1 to 8 bytes at `at`, none from `end` on."""
        chance, size = self.chance, self.chance.choice([1, 1, 2, 4, 8, 8])
        last = len(self.data) if end is None else end
        at = max(0, min(at, last - size))
        old = number_at(self.data, at, size)
        new = chance.choice([
            lambda: chance.choice(ODD_NUMBERS),
            lambda: chance.randrange(1 << 8 * size),
            lambda: old + chance.choice([-8, -1, 1, 8]),
            lambda: old ^ 1 << chance.randrange(8 * size),
            lambda: old * chance.choice([2, 10, 256]),
            lambda: len(self.data) - chance.randrange(64),
            lambda: chance.choice([at, chance.randrange(len(self.data)) & ~7]),
        ])() & (1 << 8 * size) - 1
        self.data[at:at + size] = new.to_bytes(size, "little")
        self.done.append(f"{what}: {size} bytes at {at} from {old} to {new}")


# Name -> what it does, and how often it is chosen.
WAYS = {
    "structure": (Damage.structure, 7),
    "checksummed": (Damage.checksummed_structure, 4),
    "number": (Damage.number, 3),
    "bit": (Damage.bit, 3),
    "copy": (Damage.copy, 1),
    "zeros": (Damage.zeros, 1),
    "swap": (Damage.swap, 1),
    "cut": (Damage.cut, 1),
}


def number_at(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at:at + size], "little")


def lookup3(data: bytes) -> int:
    """Bob Jenkins' hash, with which the newer structures of HDF5 are checksummed."""
    mask = 0xFFFFFFFF

    def rotated(value, bits):
        return (value << bits | value >> (32 - bits)) & mask

    a = b = c = (0xDEADBEEF + len(data)) & mask
    at = 0
    while len(data) - at > 12:
        words = struct.unpack_from("<3I", data, at)
        a, b, c = ((value + word) & mask for value, word in zip((a, b, c), words))
        for bits in (4, 6, 8, 16, 19, 4):
            a = (a - c & mask) ^ rotated(c, bits)
            c = c + b & mask
            a, b, c = b, c, a
        at += 12
    if at == len(data):
        return c
    words = struct.unpack("<3I", data[at:].ljust(12, b"\0"))
    a, b, c = ((value + word) & mask for value, word in zip((a, b, c), words))
    for bits in (14, 11, 25, 16, 4, 14, 24):
        c = (c ^ b) - rotated(b, bits) & mask
        a, b, c = b, c, a
    return b
