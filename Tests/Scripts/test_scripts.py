"""The scripts of mount-scripts from outside, as users, mount(8) and systemd call them.

    pytest Tests/Scripts

takes the binary that XFELFS names, or .build/release/xfelfs; without either, mount-run.sh builds it.
"""

import configparser
import errno
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2]
SCRIPTS = PACKAGE / "mount-scripts"
HELPER = Path("/sbin/mount.fuse.xfelfs")
UNITS = ["xfelfs@.service", "xfel-r0042.mount", "xfel-r0042.automount"]


def binary():
    for path in [os.environ.get("XFELFS"), PACKAGE / ".build/release/xfelfs"]:
        if path and os.access(path, os.X_OK):
            return Path(path).resolve()
    return None


def missing(reason):
    """What cannot be tested here is skipped, but not in CI, where it has to be possible."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture
def needs_fuse():
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        missing("no /dev/fuse here")


@pytest.fixture
def needs_binary():
    if binary() is None:
        missing("no xfelfs here: set XFELFS, or swift build -c release --product xfelfs")


@pytest.fixture
def home(tmp_path):
    """A home of one's own, with a blank in its name; whatever gets mounted in it is unmounted in the end."""
    home = tmp_path / "home of one"
    for folder in ["cache", "run", "elsewhere"]:
        (home / folder).mkdir(parents=True)
    yield home
    for point in reversed(mount_points(below=home)):
        subprocess.run(["umount", "--lazy", point], check=False)


def environment(home):
    own = {"XDG_CACHE_HOME": f"{home}/cache", "XDG_RUNTIME_DIR": f"{home}/run"}
    if program := binary():
        own["XFELFS"] = str(program)
    return os.environ | own


def call(home, script, *arguments, **options):
    # Some other current directory than the package's.
    options = {"cwd": home / "elsewhere", "env": environment(home)} | options
    return subprocess.run(
        [SCRIPTS / script, *map(str, arguments)], capture_output=True, text=True, timeout=900, **options
    )


def succeed(*arguments, **options):
    result = call(*arguments, **options)
    assert result.returncode == 0, result.stderr
    return result


def mount_points(below):
    points = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        point = re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), line.split()[4])
        if point.startswith(f"{below}/"):
            points.append(point)
    return points


def example_point(home):
    return home / f"run/xfelfs-{os.getuid()}/example"


def processes_with(argument):
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and str(argument).encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:  # it has just ended
            pass
    return found


def error_of(function, *arguments):
    try:
        function(*arguments)
    except OSError as error:
        return error.errno


def eventually(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


@pytest.fixture
def example(home, needs_fuse, needs_binary):
    """The directory of an example run, not mounted."""
    run = home / "r0042"
    subprocess.run([binary(), "example", run], check=True, capture_output=True)
    return run


# mount-run.sh and umount-run.sh


def test_mounts_the_example_and_unmounts_it(home, needs_fuse):
    first = succeed(home, "mount-run.sh")
    point = example_point(home)
    assert mount_points(below=home) == [str(point)]
    assert (point / "info.txt").read_text()
    hints = [line.strip() for line in first.stdout.splitlines() if line.startswith("  ")]
    assert any(hint.startswith("cat ") for hint in hints)
    assert hints[-1].startswith(str(SCRIPTS / "umount-run.sh").replace(" ", r"\ "))

    again = succeed(home, "mount-run.sh")
    assert "already mounted" in again.stderr
    assert again.stdout == first.stdout
    assert mount_points(below=home) == [str(point)]

    succeed(home, "umount-run.sh")
    assert mount_points(below=home) == []
    assert not point.exists()
    assert list((home / "cache/xfelfs").iterdir()) == [home / "cache/xfelfs/example-run"]


def test_the_hints_work(home, needs_fuse):
    shown = succeed(home, "mount-run.sh").stdout
    # python3 -c "import numpy..." depends on what is installed.
    hints = [line for line in shown.splitlines() if line.startswith("  ") and "numpy" not in line]
    assert len(hints) >= 6
    for hint in hints:
        result = subprocess.run(hint, shell=True, env=environment(home), capture_output=True, text=True)
        assert result.returncode == 0, (hint, result.stderr)
    assert mount_points(below=home) == []


def test_names_the_mount_point_after_the_run(home, example):
    succeed(home, "mount-run.sh", example)
    point = example_point(home).with_name("r0042")
    assert mount_points(below=home) == [str(point)]
    succeed(home, "umount-run.sh", point)
    assert mount_points(below=home) == []


def test_mounts_where_it_is_told(home, example):
    succeed(home, "mount-run.sh", "../r0042", "here")
    point = home / "elsewhere/here"
    assert mount_points(below=home) == [str(point)]
    succeed(home, "umount-run.sh", "./here/")
    assert mount_points(below=home) == []
    assert point.is_dir()


def test_does_not_hide_another_run(home, example):
    other = example.rename(home / "elsewhere/r0042")
    succeed(home, "mount-run.sh", other)
    shutil.copytree(other, example)
    result = call(home, "mount-run.sh", example)
    assert result.returncode == 1
    assert "shows another run" in result.stderr


def test_clears_away_a_dead_mount(home, example):
    point = home / "elsewhere/point"
    succeed(home, "mount-run.sh", example, point)
    daemons = processes_with(point)
    assert daemons, "no process has the mount point among its arguments"
    for daemon in daemons:
        os.kill(daemon, signal.SIGKILL)
    assert eventually(lambda: error_of(os.stat, point) == errno.ENOTCONN)
    again = succeed(home, "mount-run.sh", example, point)
    assert "dead mount" in again.stderr
    assert mount_points(below=home) == [str(point)]
    assert (point / "info.txt").read_text()


@pytest.mark.parametrize(
    "script, arguments, status, sentence",
    [
        ("mount-run.sh", ["/no/such/run"], 2, "there is no run '/no/such/run'"),
        ("mount-run.sh", [""], 2, "there is no run ''"),
        ("mount-run.sh", ["/etc/passwd"], 2, "/etc/passwd is neither a run directory nor an HDF5 file"),
        ("mount-run.sh", ["--fast"], 2, "unknown option --fast (see --help)"),
        ("mount-run.sh", ["a", "b", "c"], 2, "too many arguments: usage is mount-run.sh [RUN [MNT]]"),
        ("umount-run.sh", ["/tmp/nowhere"], 1, "nothing is mounted at /tmp/nowhere"),
        ("umount-run.sh", ["/proc"], 1, "what is mounted at /proc is proc, not xfelfs"),
        ("umount-run.sh", ["a", "b"], 2, "too many arguments: usage is umount-run.sh [--lazy] [MNT]"),
        ("umount-run.sh", ["-f"], 2, "unknown option -f (see --help)"),
        ("install.sh", ["--purge"], 2, "unknown option --purge (see --help)"),
        ("install.sh", ["opt"], 2, "PREFIX has to begin with a slash, not 'opt'"),
        ("mount.fuse.xfelfs", ["/r0042"], 1, "a run and a mount point are needed: mount -t fuse.xfelfs RUN MNT"),
        ("mount.fuse.xfelfs", ["/r0042", "/mnt", "-o"], 1, "-o needs options"),
        ("mount.fuse.xfelfs", ["/r0042", "/mnt", "-x"], 1, "unknown option -x"),
    ],
)
def test_says_in_one_sentence_what_is_wrong(home, script, arguments, status, sentence):
    result = call(home, script, *arguments)
    assert (result.returncode, result.stdout, result.stderr) == (status, "", f"{script}: {sentence}\n")


@pytest.mark.parametrize("script", ["mount-run.sh", "umount-run.sh", "install.sh", "mount.fuse.xfelfs"])
def test_helps(home, script):
    for option in ["-h", "--help"]:
        assert succeed(home, script, option).stdout.startswith(f"usage: {script} ")


def test_reads_well():
    scripts = [SCRIPTS / name for name in ["mount-run.sh", "umount-run.sh", "install.sh", "mount.fuse.xfelfs"]]
    for script in scripts:
        subprocess.run(["bash", "-n", script], check=True)
        assert "set -euo pipefail" in script.read_text()
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", "-x", *scripts], check=True, cwd=SCRIPTS)


# mount(8)


@pytest.fixture
def helper(tmp_path, needs_fuse, needs_binary):
    """mount.fuse.xfelfs where mount(8) looks for it, beside the binary under test."""
    if os.getuid() != 0:
        missing("only root can put a helper into /sbin")
    if HELPER.is_symlink() or HELPER.exists():
        missing(f"{HELPER} is installed: not touching it")
    package = tmp_path / "package"
    (package / ".build/release").mkdir(parents=True)
    (package / ".build/release/xfelfs").symlink_to(binary())
    shutil.copytree(SCRIPTS, package / "mount-scripts")
    HELPER.symlink_to(package / "mount-scripts/mount.fuse.xfelfs")
    yield HELPER
    HELPER.unlink()


def mount(*arguments):
    return subprocess.run(["mount", "-t", "fuse.xfelfs", *map(str, arguments)], capture_output=True, text=True, timeout=60)


def test_mount_8_mounts_a_run(home, example, helper):
    point = home / "point"
    point.mkdir()
    result = mount(example, point, "-o", "ro,nosuid,nodev,_netdev,nofail,noatime,allow_other,default_permissions")
    assert result.returncode == 0, result.stderr
    assert mount_points(below=home) == [str(point)]
    assert (point / "info.txt").read_text()
    subprocess.run(["umount", point], check=True)
    assert mount_points(below=home) == []


def test_mount_8_hears_of_errors(home, helper):
    point = home / "point"
    point.mkdir()
    result = mount(home / "nowhere", point)
    assert result.returncode != 0
    assert "nowhere" in result.stderr
    assert mount_points(below=home) == []


def test_mount_8_only_pretends_if_it_is_told_so(home, example, helper):
    point = home / "point"
    point.mkdir()
    assert mount("--fake", "--verbose", example, point).returncode == 0
    assert mount_points(below=home) == []


# systemd and the installation


def unit(name):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(SCRIPTS / name)
    return parser


def test_the_units_say_what_they_must():
    service = unit("xfelfs@.service")["Service"]
    assert service["Type"] == "notify"
    assert " mount -f " in service["ExecStart"]
    assert " umount " in service["ExecStop"]
    assert service["EnvironmentFile"] == "/etc/xfelfs/%i.conf"
    where = "/xfel/r0042"
    assert unit("xfel-r0042.mount")["Mount"]["Where"] == where
    assert unit("xfel-r0042.mount")["Mount"]["Type"] == "fuse.xfelfs"
    assert unit("xfel-r0042.automount")["Automount"]["Where"] == where


def test_systemd_accepts_the_units(tmp_path):
    if not shutil.which("systemd-analyze"):
        missing("no systemd-analyze here")
    for name in UNITS:
        # It wants programs that exist, and an instance instead of a template.
        text = (SCRIPTS / name).read_text().replace("/usr/local/bin/xfelfs", "/bin/true")
        (tmp_path / name.replace("@.", "@r0042.")).write_text(text)
    result = subprocess.run(
        ["systemd-analyze", "verify", *sorted(map(str, tmp_path.iterdir()))], capture_output=True, text=True
    )
    complaints = [line for line in result.stderr.splitlines() if "xfel" in line]
    assert (result.returncode, complaints) == (0, [])


def test_installs_and_uninstalls(home, needs_binary, tmp_path):
    root = tmp_path / "root"
    options = {"env": environment(home) | {"DESTDIR": str(root)}}
    succeed(home, "install.sh", "/opt/xfelfs", **options)
    installed = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert installed == {
        "opt/xfelfs/bin/xfelfs",
        "opt/xfelfs/bin/karabo-bridge-serve-files",
        "sbin/mount.fuse.xfelfs",
        "etc/systemd/system/xfelfs@.service",
        "opt/xfelfs/share/doc/xfelfs/xfel-r0042.mount",
        "opt/xfelfs/share/doc/xfelfs/xfel-r0042.automount",
    }
    assert "ExecStart=/opt/xfelfs/bin/xfelfs mount" in (root / "etc/systemd/system/xfelfs@.service").read_text()
    assert os.access(root / "opt/xfelfs/bin/xfelfs", os.X_OK)
    succeed(home, "install.sh", "--uninstall", "/opt/xfelfs", **options)
    assert [path for path in root.rglob("*") if path.is_file()] == []
