"""The tree is read-only: every attempt to change it is EROFS."""

import errno
import os

import pytest

from cases_index import XGM

FILE, DIRECTORY, LINK = "info.txt", "sources", "files"
ARRAY = f"sources/{XGM}/keys/energy.value/array.npy"


def opened(flags):
    return lambda top: os.open(top / FILE, flags)


ATTEMPTS = {
    "open for writing": opened(os.O_WRONLY),
    "open for reading and writing": opened(os.O_RDWR),
    "open for appending": opened(os.O_WRONLY | os.O_APPEND),
    "open with truncation": opened(os.O_WRONLY | os.O_TRUNC),
    "open an array for writing": lambda top: os.open(top / ARRAY, os.O_RDWR),
    "create": lambda top: os.open(top / "new", os.O_WRONLY | os.O_CREAT, 0o644),
    "create exclusively in a source": lambda top: os.open(top / "sources" / XGM / "new",
                                                          os.O_WRONLY | os.O_CREAT | os.O_EXCL),
    "unnamed temporary file": lambda top: os.open(top, os.O_WRONLY | os.O_TMPFILE),
    "mkdir": lambda top: os.mkdir(top / "new"),
    "mkdir in trains": lambda top: os.mkdir(top / "trains" / "99"),
    "rmdir": lambda top: os.rmdir(top / DIRECTORY),
    "unlink": lambda top: os.unlink(top / FILE),
    "unlink an array": lambda top: os.unlink(top / ARRAY),
    "rename": lambda top: os.rename(top / FILE, top / "renamed"),
    "rename a directory": lambda top: os.rename(top / DIRECTORY, top / "renamed"),
    "rename over another": lambda top: os.replace(top / FILE, top / "README.txt"),
    "chmod": lambda top: os.chmod(top / FILE, 0o777),
    "chmod of a directory": lambda top: os.chmod(top / DIRECTORY, 0o777),
    "chown": lambda top: os.chown(top / FILE, 1, 1),
    "lchown": lambda top: os.lchown(top / FILE, 1, 1),
    "utime": lambda top: os.utime(top / FILE, (1, 1)),
    "utime now": lambda top: os.utime(top / FILE),
    "truncate": lambda top: os.truncate(top / FILE, 0),
    "truncate to a larger size": lambda top: os.truncate(top / ARRAY, 1 << 20),
    "symlink": lambda top: os.symlink("info.txt", top / "new"),
    "link": lambda top: os.link(top / FILE, top / "new"),
    "setxattr": lambda top: os.setxattr(top / FILE, "user.mine", b"x"),
    "setxattr of an array": lambda top: os.setxattr(top / ARRAY, "user.dtype", b"x"),
    "removexattr": lambda top: os.removexattr(top / ARRAY, "user.dtype"),
    "mknod": lambda top: os.mknod(top / "new", 0o600),
    "mkfifo": lambda top: os.mkfifo(top / "new"),
}


@pytest.mark.parametrize("what", ATTEMPTS)
def test_no_change(small_mnt, what):
    """The call fails with EROFS and the tree is as before."""
    before = sorted(os.listdir(small_mnt)), (small_mnt / FILE).read_bytes(), os.stat(small_mnt / FILE)
    with pytest.raises(OSError) as caught:
        os.close(ATTEMPTS[what](small_mnt))
    assert caught.value.errno == errno.EROFS, f"{what}: {caught.value}"
    after = sorted(os.listdir(small_mnt)), (small_mnt / FILE).read_bytes(), os.stat(small_mnt / FILE)
    assert before[:2] == after[:2]
    assert before[2][:6] == after[2][:6] and before[2].st_mtime_ns == after[2].st_mtime_ns


def test_access(small_mnt):
    """access(2) says readable and not writable."""
    assert os.access(small_mnt / FILE, os.R_OK)
    assert not os.access(small_mnt / FILE, os.W_OK)
    assert not os.access(small_mnt, os.W_OK)


def test_other_errors(small_mnt):
    """What is not a write keeps its own errno."""
    for path, function, wanted in ((small_mnt / "nothing", os.stat, errno.ENOENT),
                                   (small_mnt / FILE / "x", os.stat, errno.ENOTDIR),
                                   (small_mnt / FILE, os.listdir, errno.ENOTDIR),
                                   (small_mnt / ("x" * 5000), os.stat, errno.ENAMETOOLONG),
                                   (small_mnt / FILE, os.readlink, errno.EINVAL)):
        with pytest.raises(OSError) as caught:
            function(path)
        assert caught.value.errno == wanted, (path, caught.value)
    with pytest.raises(IsADirectoryError):
        open(small_mnt / "sources", "rb")
