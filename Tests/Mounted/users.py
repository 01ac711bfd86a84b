"""Other users: what they can read, asked by processes of theirs."""

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace

import pytest

# The interpreter itself: a virtual environment may lie where others cannot go.
PYTHON = os.path.realpath(sys._base_executable)

# Reads what it is told to, and says of each path how that went: "ok" with a digest, or the name of an errno.
SCRIPT = """
import errno, hashlib, json, os, sys

def read(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()

ACTIONS = {
    "read": read,
    "list": lambda path: sorted(os.listdir(path)),
    "stat": lambda path: os.stat(path).st_size,
    "enter": lambda path: os.chdir(path),
    "readable": lambda path: os.access(path, os.R_OK),
    "attributes": lambda path: {name: os.getxattr(path, name).hex() for name in os.listxattr(path)},
}
answers = []
for action, path in json.load(sys.stdin):
    try:
        answers.append(["ok", ACTIONS[action](path)])
    except OSError as error:
        answers.append([errno.errorcode[error.errno], None])
json.dump(answers, sys.stdout)
"""


@dataclass(frozen=True)
class User:
    """A user by numbers: the kernel asks for no names."""
    uid: int
    gid: int
    groups: tuple = field(default=())
    # What runs all commands, such as nsenter.
    through: tuple = field(default=())

    def command(self, *words) -> list[str]:
        """The words as a command line that this user runs, with exactly these groups."""
        groups = ["--groups", ",".join(map(str, self.groups))] if self.groups else ["--clear-groups"]
        numbers = ["--reuid", str(self.uid), "--regid", str(self.gid)]
        return [*self.through, "setpriv", *numbers, *groups, "--", *map(str, words)]

    def run(self, *words, **options) -> subprocess.CompletedProcess:
        return subprocess.run(self.command(*words), capture_output=True, text=True, timeout=120, cwd="/", **options)

    def ask(self, questions) -> list:
        """Pairs of action and path -> pairs of "ok" or errno, and the answer."""
        questions = [(action, str(path)) for action, path in questions]
        result = self.run(PYTHON, "-I", "-c", SCRIPT, input=json.dumps(questions))
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def outcomes(self, action, paths) -> list[str]:
        """The errno of an action on each of the paths, or "ok"."""
        return [answer[0] for answer in self.ask([(action, path) for path in paths])]

    def one(self, action, path) -> str:
        """The same for one path."""
        return self.outcomes(action, [path])[0]


ROOT = User(0, 0)


class MountNamespace:
    """Mounts that nothing outside of it sees. They go with it: whatever becomes of a test, the machine is as before."""

    def __init__(self, holder: subprocess.Popen):
        self.through = ("nsenter", f"--mount=/proc/{holder.pid}/ns/mnt", "--")
        self.table = f"/proc/{holder.pid}/mountinfo"

    def run(self, script: str, *words) -> str:
        """Runs a shell script as root in it."""
        result = subprocess.run([*self.through, "bash", "-ec", script, "bash", *map(str, words)], capture_output=True,
                                text=True, timeout=60)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def user(self, user: User) -> User:
        """The same user, in it."""
        return replace(user, through=self.through)

    def is_mounted(self, point) -> bool:
        with open(self.table) as table:
            return any(line.split()[4] == str(point) for line in table)

    @classmethod
    @contextlib.contextmanager
    def make(cls):
        script = "echo; read end"
        with subprocess.Popen(["unshare", "--mount", "--propagation", "private", "bash", "-c", script],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout.readline() == b"\n", "no mount namespace could be made"
            yield cls(holder)
            # Ends with its input, and so with the tests however they end.


def require_root():
    """Users can only be changed by root: fail, do not skip."""
    if os.geteuid() != 0:
        pytest.fail("these tests act as several users, which takes root", pytrace=False)


def mode_allows(status: os.stat_result, user: User) -> bool:
    """What owner, group and mode alone say of reading, to whoever goes by them."""
    if user.uid == status.st_uid:
        return bool(status.st_mode & 0o400)
    if status.st_gid in (user.gid, *user.groups):
        return bool(status.st_mode & 0o040)
    return bool(status.st_mode & 0o004)
