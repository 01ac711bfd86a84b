"""One trial of a hostile file: its run is mounted, walked, unmounted; what went wrong is told in words."""

import hashlib
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import hostile
from daemon import Foreground, MountFailed, run_bounded
from walks import Found, MemoryWatch, Stuck, walk

REPORT = "validation.json"
# Bytes that are read of each file.
READ_LIMIT = 2 << 20
# Seconds for a single operation, and for all of a trial's walk, on a machine that has nothing else to do.
LONGEST, PATIENCE = 10, 60
# MiB for the daemon, and for each process that works for it.
MOST_MEMORY = 512


@dataclass
class Trial:
    """What became of a hostile file.

    Attributes:
        failures: kind ("crash", "hang", "memory", "sound") and a sentence for each thing that went wrong.
        log: what the daemon logged.
        report: the text of validation.json; None where it was not read.
    """
    failures: list = field(default_factory=list)
    log: str = ""
    seconds: float = 0
    memory: float = 0
    report: bytes | None = None

    def fail(self, kind: str, sentence: str):
        self.failures.append((kind, sentence))

    def describe(self) -> str:
        return "; ".join(f"{kind}: {sentence}" for kind, sentence in self.failures)


def attempt(run: Path, work: Path, sound: dict[str, str]) -> Trial:
    """Mounts a run, walks everything, reads the first 2 MiB of each file, and unmounts.

    Args:
        work: an empty directory for the mount point.
        sound: digests of files of the tree that have to be as they are, whatever stands beside their source.
    """
    trial = Trial()
    start = time.monotonic()
    try:
        mounted = Foreground(run, work / "mnt", patience=LONGEST)
    except MountFailed as failure:
        # A run with a sound file can be mounted.
        trial.fail("hang" if "did not answer" in str(failure) else "crash", str(failure))
        trial.seconds = time.monotonic() - start
        return trial
    is_stuck = False
    try:
        with MemoryWatch(mounted.pid) as memory:
            try:
                found = walk(mounted.point, patience=PATIENCE, longest=LONGEST, served_by=mounted.pid, limit=READ_LIMIT,
                             kept=[REPORT])
            except Stuck as stuck:
                is_stuck = True
                trial.fail("hang", str(stuck))
        if mounted.process.poll() is not None:
            trial.fail("crash", f"the daemon ended with status {mounted.process.returncode}")
        elif not is_stuck and not mounted.is_serving():
            trial.fail("crash", "the mount does not answer any more")
        elif not is_stuck:
            judge(trial, found, sound)
        trial.memory = memory.largest()
        if trial.memory > MOST_MEMORY:
            trial.fail("memory", f"a process took {trial.memory:.0f} MiB, more than {MOST_MEMORY}")
        if not trial.failures:
            unmount(trial, mounted)
    finally:
        if is_stuck:
            mounted.kill()
        mounted.clean_up()
    trial.log, trial.seconds = mounted.log(), time.monotonic() - start
    return trial


def judge(trial: Trial, found: Found, sound: dict[str, str]):
    """What a walk that came to its end has shown."""
    trial.report = found.tree[REPORT][2] if REPORT in found.tree else None
    wrong = [path for path, digest in sound.items() if path not in found.tree or found.tree[path][2] != digest]
    if wrong:
        errors = [error for error in found.errors if error[1] in wrong]
        trial.fail("sound", f"{len(wrong)} of {len(sound)} arrays of the sound file are wrong or missing, such as "
                            f"{wrong[0]}; errors in them: {errors[:3] or 'none'}")


def unmount(trial: Trial, mounted: Foreground):
    result = run_bounded("umount", mounted.point, seconds=LONGEST)
    if result is None:
        trial.fail("hang", f"umount did not end within {LONGEST} s")
        return
    if result.returncode:
        trial.fail("crash", f"umount ended with status {result.returncode}: {result.stderr}")
        return
    try:
        status = mounted.process.wait(10)
    except subprocess.TimeoutExpired:
        trial.fail("hang", "the daemon did not end within 10 s of its unmount")
        return
    if status:
        trial.fail("crash", f"the daemon ended with status {status} when it was unmounted")


def sound_digests(sound: bytes, work: Path) -> dict[str, str]:
    """The digests of the arrays of SOUND.h5 in the tree, for `attempt`. The arrays are held against h5py."""
    run = work / "run"
    run.mkdir(parents=True)
    (run / "SOUND.h5").write_bytes(sound)
    mounted = Foreground(run, work / "mnt")
    digests = {}
    try:
        for path, expected in hostile.sound_arrays(run / "SOUND.h5").items():
            data = (mounted.point / path).read_bytes()
            hostile.assert_array(data, expected, path)
            digests[path] = hashlib.sha256(data).hexdigest()
    finally:
        mounted.clean_up()
    assert len(digests) > 20, f"SOUND.h5 has {len(digests)} arrays only: the test itself is wrong"
    return digests
