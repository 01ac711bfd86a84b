#!/usr/bin/env bash
# Measures what the mount costs and gains, and prints a table of ratios with the targets beside them:
#     Tests/Benchmarks/run.sh
# Options: --quick, --rows NAME,..., --keep DIR, --markdown; --help explains them.
# The program is $XFELFS, else .build/release/xfelfs; Python with h5py and EXtra-data is $PYTHON, else the
# environment that Tests/run.sh makes. Needs cc, /dev/fuse and 3 GB in $TMPDIR (else /tmp), which should be a disk.
# The exit status says whether all bytes were right; a target that was missed is reported, not an error.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
repo="$(dirname "$(dirname "$here")")"

[[ -w /dev/fuse ]] || { echo "/dev/fuse cannot be opened: there is nothing to measure." >&2; exit 1; }
for tool in cc fusermount3; do
  command -v "$tool" >/dev/null || { echo "There is no $tool in PATH." >&2; exit 1; }
done

python="${PYTHON:-$repo/.build/test-venv/bin/python}"
if [[ -z "${PYTHON:-}" ]] && ! cmp -s "$repo/Tests/requirements.txt" "$repo/.build/test-venv/requirements.txt"; then
  echo "== making .build/test-venv" >&2
  rm -rf "$repo/.build/test-venv"
  python3 -m venv "$repo/.build/test-venv"
  "$python" -m pip install --quiet --disable-pip-version-check -r "$repo/Tests/requirements.txt"
  cp "$repo/Tests/requirements.txt" "$repo/.build/test-venv/requirements.txt"
fi
PYTHONDONTWRITEBYTECODE=1 exec "$python" "$here/benchmark.py" "$@"
