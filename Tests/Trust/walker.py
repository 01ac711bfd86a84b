"""Walks a mount in a process of its own, as a mount that hangs must not take the tests with it; started by walks.py.

    python walker.py JOB

JOB is a pickled dictionary, see `Walk.__init__`; what was found is written, pickled, to the standard output. The first
page of the journal always says what is being done and since when. Standard library only: it starts for every mutant of
the fuzzer.
"""

import errno
import hashlib
import mmap
import os
import pickle
import random
import stat
import struct
import sys
import time

PIECE = 128 << 10
SHOWN = 60


class Journal:
    """What is being done, where another process can see it: the time it began, and the operation with its path."""

    SIZE = 8192
    HEAD = struct.Struct("=dH")

    def __init__(self, path):
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), self.SIZE)

    def begin(self, operation: str, path: str):
        text = f"{operation} {path}".encode("utf8", "surrogateescape")[: self.SIZE - self.HEAD.size]
        self.memory[self.HEAD.size : self.HEAD.size + len(text)] = text
        self.memory[: self.HEAD.size] = self.HEAD.pack(time.monotonic(), len(text))

    def end(self):
        self.memory[: self.HEAD.size] = self.HEAD.pack(0, 0)

    @classmethod
    def read(cls, path) -> tuple[float, str]:
        """When the operation began that is being done (0: none is), and which it is."""
        with open(path, "rb") as file:
            data = file.read(cls.SIZE)
        begin, length = cls.HEAD.unpack_from(data)
        return begin, data[cls.HEAD.size : cls.HEAD.size + length].decode("utf8", "replace")


class Walk:
    """What a walk found.

    Attributes:
        tree: path -> what is there: ("dir", names, xattrs), ("file", size, bytes or their digest, xattrs),
            ("link", target).
        errors: (operation, path, errno) of what failed.
        wrong: sentences on what was answered, and is not true.
        times: (seconds, operation, path) of every operation.
    """

    def __init__(self, job: dict):
        self.top = job["top"]
        self.limit = job.get("limit")                   # bytes to read of each file; None: all
        self.keeps_bytes = job.get("keeps_bytes", False)    # whether `tree` has the bytes of files, not their digests
        self.kept = job.get("kept", ())                     # paths of which it has the bytes anyway
        self.deadline = time.monotonic() + job["seconds"] if job.get("seconds") else None
        self.may_be_empty = job.get("may_be_empty", ())     # paths whose size may be 0 although they have content
        self.changing = job.get("changing", ())             # paths that may say something else than in truth
        self.not_asked = job.get("not_asked", ())           # paths whose extended attributes are not asked for
        self.journal = Journal(job["journal"])
        self.tree, self.errors, self.wrong, self.times = {}, [], [], []
        self.files_read = self.bytes_read = 0

    def report(self) -> dict:
        return {name: getattr(self, name) for name in ("tree", "errors", "wrong", "times", "files_read", "bytes_read")}

    def do(self, operation: str, path: str, call, *arguments):
        """The result of a system call, or None where it failed."""
        start = time.monotonic()
        self.journal.begin(operation, path)
        try:
            return call(*arguments)
        except OSError as error:
            self.errors.append((operation, path, error.errno))
            return None
        finally:
            self.journal.end()
            self.times.append((time.monotonic() - start, operation, path))

    def full(self, path: str) -> str:
        return os.path.join(self.top, path) if path else self.top

    def attributes(self, path: str):
        """Extended attributes by name; None where they could not be had."""
        names = self.do("listxattr", path, os.listxattr, self.full(path))
        if names is None:
            return None
        values = {name: self.do("getxattr", path, os.getxattr, self.full(path), name) for name in names}
        return None if None in values.values() else values

    def contents(self, path: str, check=None):
        """The bytes of a file up to the limit, or their digest; None where reading failed. `check(offset, piece)` sees
        every piece, those before a failure too, and says whether to go on."""
        descriptor = self.do("open", path, os.open, self.full(path), os.O_RDONLY)
        if descriptor is None:
            return None
        keeps_bytes = self.keeps_bytes or path in self.kept
        kept, digest, offset = [], hashlib.sha256(), 0
        try:
            while self.limit is None or offset < self.limit:
                wanted = PIECE if self.limit is None else min(PIECE, self.limit - offset)
                piece = self.do("read", path, os.read, descriptor, wanted)
                if piece is None:
                    return None
                if not piece or (check and not check(offset, piece)):
                    break
                offset += len(piece)
                digest.update(piece)
                if keeps_bytes:
                    kept.append(piece)
        finally:
            self.do("close", path, os.close, descriptor)
        self.files_read += 1
        self.bytes_read += offset
        return b"".join(kept) if keeps_bytes else digest.hexdigest()

    def explore(self):
        """Everything that is listed, into `tree`."""
        waiting = [""]
        while waiting and not self.is_late():
            path = waiting.pop()
            status = self.do("lstat", path, os.lstat, self.full(path))
            if status is None:
                continue
            if stat.S_ISLNK(status.st_mode):
                self.tree[path] = ("link", self.do("readlink", path, os.readlink, self.full(path)))
            elif stat.S_ISDIR(status.st_mode):
                names = self.do("list", path, os.listdir, self.full(path))
                self.tree[path] = ("dir", sorted(names or []), self.attributes(path))
                waiting += [os.path.join(path, name) for name in sorted(names or [], reverse=True)]
            else:
                contents = self.contents(path)
                # The size of what is made when it is opened is only known by then.
                status = self.do("lstat", path, os.lstat, self.full(path))
                self.tree[path] = ("file", status and status.st_size, contents, self.attributes(path))

    def compare(self, truth: dict, order: int | None):
        """Everything that is in `truth` (a `tree` with bytes), listed or not: it is as there, or there is an error."""
        paths = list(truth)
        if order is not None:
            random.Random(order).shuffle(paths)
        for path in paths:
            if self.is_late():
                break
            getattr(self, f"compare_{truth[path][0]}")(path, *truth[path][1:])
        # What says that there is no such thing is a wrong answer about what is there.
        missing = [(operation, path) for operation, path, number in self.errors
                   if number in (errno.ENOENT, errno.ENOTDIR, errno.ENODATA, errno.EISDIR)]
        self.wrong += [f"{path}: {operation} says that it is not there" for operation, path in missing]

    def compare_link(self, path, target):
        found = self.do("readlink", path, os.readlink, self.full(path))
        if found is not None and found != target:
            self.wrong.append(f"{path}: links to {found}, not to {target}")

    def compare_dir(self, path, names, attributes):
        self.compare_status(path, stat.S_IFDIR, None)
        found = self.do("list", path, os.listdir, self.full(path))
        if found is not None and sorted(found) != names:
            lost, extra = sorted(set(names) - set(found)), sorted(set(found) - set(names))
            self.wrong.append(f"{path or 'the top'}: {len(found)} names are listed, not {len(names)}; "
                              f"missing {lost[:3]}, too many {extra[:3]}")
        self.compare_attributes(path, attributes)

    def compare_file(self, path, size, contents, attributes):
        if path in self.changing:
            self.contents(path)
            return
        self.compare_status(path, stat.S_IFREG, size)
        self.compare_attributes(path, attributes)
        was_wrong = len(self.wrong)
        length = 0

        def check(offset, piece):
            nonlocal length
            length = offset + len(piece)
            if contents[offset:length] == piece:
                return True
            expected = contents[offset:length]
            place = next((i for i, (a, b) in enumerate(zip(piece, expected)) if a != b), len(expected))
            self.wrong.append(f"{path}: byte {offset + place} of {len(contents)} differs: {shown(piece[place:])}, "
                              f"not {shown(expected[place:])}")
            return False

        done = self.contents(path, check)
        expected = len(contents) if self.limit is None else min(len(contents), self.limit)
        if done is not None and len(self.wrong) == was_wrong and length != expected:
            self.wrong.append(f"{path}: ends after {length} of {expected} bytes, without an error")

    def compare_status(self, path, kind, size):
        status = self.do("lstat", path, os.lstat, self.full(path))
        if status is None:
            return
        if stat.S_IFMT(status.st_mode) != kind:
            self.wrong.append(f"{path}: has the mode {status.st_mode:o}")
        elif size is not None and status.st_size != size and not (status.st_size == 0 and path in self.may_be_empty):
            self.wrong.append(f"{path}: stat says {status.st_size} bytes, not {size}")

    def compare_attributes(self, path, attributes):
        if path in self.not_asked:
            return
        found = self.attributes(path)
        if found is not None and attributes is not None and found != attributes:
            self.wrong.append(f"{path}: has the extended attributes {found}, not {attributes}")

    def is_late(self) -> bool:
        return self.deadline is not None and time.monotonic() > self.deadline


def shown(data: bytes) -> str:
    return f"{data[:SHOWN]!r}{'...' if len(data) > SHOWN else ''}"


def main():
    with open(sys.argv[1], "rb") as file:
        job = pickle.load(file)
    walk = Walk(job)
    if job.get("truth") is None:
        walk.explore()
    else:
        with open(job["truth"], "rb") as file:
            truth = pickle.load(file)
        paths = job.get("paths")
        walk.compare(truth if paths is None else {path: truth[path] for path in paths}, job.get("order"))
    with os.fdopen(os.dup(1), "wb") as output:
        pickle.dump(walk.report(), output)


if __name__ == "__main__":
    main()
