"""What README.md shows is what the program prints: every command in it is run here, in the order of the page.

A block marked `console` has commands after `$ ` and what they print below them; a line `...` stands for any lines. Blocks of
Python and C++ are run in the example run's mount. Everything else in the page must be on the list of what cannot be run.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
README = (REPO / "README.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
MARK = "=== command %d ==="
# Languages that are not on a Debian machine as the tests find it, configuration files, and the figures of the benchmark.
NOT_RUN = {"julia", "r", "matlab", "fstab", "text"}


def blocks(*kinds):
    return [body for kind, body in BLOCK.findall(README) if kind in kinds]


def commands():
    """(command, expected lines) of all console blocks."""
    found = []
    for body in blocks("console"):
        for line in body.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def matches(expected, actual):
    """Line by line; `...` stands for any number of lines, and blanks at the end of a line do not count."""
    if not expected:
        return not actual
    if expected[0] == "...":
        return any(matches(expected[1:], actual[skip:]) for skip in range(len(actual) + 1))
    return bool(actual) and expected[0].rstrip() == actual[0].rstrip() and matches(expected[1:], actual[1:])


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory):
    """A home of its own, where the scripts put the example run and its mount."""
    assert os.access("/dev/fuse", os.R_OK | os.W_OK), "/dev/fuse cannot be opened: the README cannot be tried here"
    home = tmp_path_factory.mktemp("home")
    binary = os.environ.get("XFELFS") or str(REPO / ".build/release/xfelfs")
    runtime = home / "runtime"
    runtime.mkdir()
    path = f"{Path(binary).parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    yield dict(os.environ, HOME=str(home), XDG_RUNTIME_DIR=str(runtime), XDG_CACHE_HOME=str(home / "cache"), PATH=path,
               XFELFS=binary, LC_ALL="C.UTF-8", TZ="UTC")
    for mount in runtime.glob("xfelfs-*/*"):
        subprocess.run(["umount", "-l", str(mount)], capture_output=True)


def test_blocks_are_known():
    """No block of the page escapes this test by its language."""
    kinds = {kind for kind, _ in BLOCK.findall(README)}
    assert kinds - NOT_RUN == {"console", "python", "cpp"}, kinds


def test_console(surroundings):
    """All commands in one shell, so that a `cd` lasts."""
    wanted = commands()
    assert len(wanted) > 20
    script = "\n".join(f"echo '{MARK % number}'\n{command}" for number, (command, _) in enumerate(wanted))
    result = subprocess.run(["bash"], input=script, cwd=REPO, env=surroundings, text=True, timeout=600,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    printed = re.split(r"^=== command \d+ ===\n", result.stdout, flags=re.M)[1:]
    assert len(printed) == len(wanted), result.stdout[-2000:]
    wrong = [f"$ {command}\n{output}" for (command, expected), output in zip(wanted, printed)
             if not matches(expected, output.splitlines())]
    assert not wrong, "the README shows something else for:\n" + "\n".join(wrong)


@pytest.fixture(scope="module")
def mounted(surroundings):
    """The example run, mounted as the first command of the page does it."""
    script = REPO / "mount-scripts/mount-run.sh"
    result = subprocess.run(["bash", str(script)], env=surroundings, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    yield Path(surroundings["XDG_RUNTIME_DIR"]) / f"xfelfs-{os.getuid()}" / "example"
    subprocess.run(["bash", str(REPO / "mount-scripts/umount-run.sh")], env=surroundings, capture_output=True, timeout=60)


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_python(number, mounted, surroundings):
    code = blocks("python")[number]
    result = subprocess.run([sys.executable, "-c", code], cwd=mounted, env=surroundings, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    shown = [line.split("#", 1)[1].strip() for line in code.splitlines() if line.startswith("print(") and "#" in line]
    assert shown and result.stdout.splitlines() == shown


@pytest.mark.parametrize("number", range(len(blocks("cpp"))))
def test_cpp(number, mounted, surroundings, tmp_path):
    source = tmp_path / "read.cpp"
    source.write_text(blocks("cpp")[number])
    subprocess.run(["g++", "-std=c++17", "-Wall", "-Werror", "-o", str(tmp_path / "read"), str(source)], check=True)
    result = subprocess.run([str(tmp_path / "read")], cwd=mounted, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout == re.search(r"// prints: (.*)", blocks("cpp")[number]).group(1) + "\n"
