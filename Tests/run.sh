#!/usr/bin/env bash
# Sets up what is missing, builds, and runs all tests. On a fresh Debian 12 with the Swift toolchain:
#     Tests/run.sh
# Options:
#     --quick          only the oldest and the newest format version, fewer random reads
#     --no-lint        without `swift format lint`
#     --only PART      one of lint, swift, or a suite: conformance, mounted, detectors, bridge, writing, validation, scripts, readme, trust
#     anything else    goes to pytest (for instance -k name, -x); the Swift tests are then left out
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Folders of pytest suites in Tests.
suites=(Mounted ReadMe Scripts Detectors Bridge Writing Validation Conformance Trust)
only="" lint=yes pytest_args=()
while (($#)); do
  case "$1" in
    --quick) export XFELFS_QUICK=1 ;;
    --no-lint) lint=no ;;
    --only)
      [[ " lint swift ${suites[*],,} " == *" ${2:-} "* ]] || { echo "--only takes one of: lint swift ${suites[*],,}." >&2; exit 2; }
      only="$2"; shift ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) pytest_args+=("$1") ;;
  esac
  shift
done

wants() { # wants PART: whether that part was asked for
  if [[ -n "$only" ]]; then [[ "$only" == "$1" ]]; return; fi
  case "$1" in
    lint) [[ "$lint" == yes && ${#pytest_args[@]} -eq 0 ]] ;;
    swift) [[ ${#pytest_args[@]} -eq 0 ]] ;;
    *) true ;;
  esac
}

install_packages() {
  local needed=(libfuse3-dev libhdf5-dev libdeflate-dev libisal-dev libzmq3-dev fuse3 pkg-config python3-venv acl attr rsync strace g++
    p7zip-full cpio zip)
  local missing=() package
  for package in "${needed[@]}"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || { echo "Please install ${missing[*]} (this needs root, and there is no sudo)." >&2; exit 1; }
    as_root=(sudo)
  fi
  echo "== installing ${missing[*]}"
  if ! { "${as_root[@]}" apt-get update -q && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -q -y --no-install-recommends "${missing[@]}"; }; then
    echo "Debian packages could not be installed: ${missing[*]}." >&2
    exit 1
  fi
}

make_venv() {
  local venv=.build/test-venv
  if [[ ! -x $venv/bin/python ]] || ! cmp -s Tests/requirements.txt "$venv/requirements.txt"; then
    echo "== making $venv"
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r Tests/requirements.txt
    cp Tests/requirements.txt "$venv/requirements.txt"
  fi
}

parts=() results=() failures=0 unmatched=0 built=0
part() { # part NAME COMMAND...: run it, remember how it ended, go on
  local name="$1" start=$SECONDS status=0
  shift
  echo "== $name"
  "$@" || status=$?
  parts+=("$name")
  if ((status == 0)); then results+=("ok in $((SECONDS - start)) s"); else
    results+=("FAILED with status $status after $((SECONDS - start)) s")
    failures=$((failures + 1))
  fi
}

run_pytest() { # run_pytest DIRECTORY: 5 means that -k left nothing of this directory
  local status=0
  .build/test-venv/bin/python -m pytest -q -p no:cacheprovider --durations=5 "Tests/$1" \
    ${pytest_args[@]+"${pytest_args[@]}"} || status=$?
  if ((status == 5 && ${#pytest_args[@]} > 0)); then
    unmatched=$((unmatched + 1))
    return 0
  fi
  return "$status"
}

command -v swift >/dev/null || { echo "There is no swift in PATH; see https://www.swift.org/install." >&2; exit 1; }
if wants lint; then part "swift format lint" swift format lint -s -r Sources Tests Package.swift; fi
if [[ "$only" != lint ]]; then
  install_packages
  if [[ -z "${XFELFS:-}" ]] || wants swift; then
    built=1
    part "swift build" swift build -c release
  fi
fi
if wants swift; then part "swift test" swift test; fi
if ((failures == 0)) || [[ -n "${XFELFS:-}" || -x .build/release/xfelfs ]]; then
  if [[ "$only" != lint && "$only" != swift ]]; then make_venv; fi
  for suite in "${suites[@]}"; do
    if wants "${suite,,}"; then part "Tests/$suite" run_pytest "$suite"; fi
  done
fi

if ((unmatched > 0 && unmatched == ${#parts[@]} - built)); then
  echo "No test matches ${pytest_args[*]}." >&2
  exit 1
fi

echo "== summary"
for i in "${!parts[@]}"; do printf '%-20s %s\n' "${parts[$i]}" "${results[$i]}"; done
if ((failures)); then
  echo "$failures of ${#parts[@]} parts failed"
  exit 1
fi
echo "all ${#parts[@]} parts passed"
