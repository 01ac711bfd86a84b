#!/usr/bin/env bash
# Sets up what is missing, builds xfelfs and mounts a run; without arguments, an example run that it writes first.
# On a fresh Debian 12 only the Swift toolchain has to be there before.
set -euo pipefail
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/common.sh"

usage() {
  cat <<'END'
usage: mount-run.sh [RUN [MNT]]

Builds xfelfs, installing the Debian packages that are missing, and mounts RUN (a run directory or one HDF5 file)
at MNT. Without MNT the mount point is named after the run, in $XDG_RUNTIME_DIR/xfelfs-$UID or /tmp/xfelfs-$UID.
Without RUN an example run is written to ~/.cache/xfelfs/example-run and mounted there as "example".

  XFELFS=PROGRAM    take this xfelfs, and build nothing

Unmount with umount-run.sh.
END
}

run=""
mnt=""
parse_arguments() {
  if [[ ${1:-} == -h || ${1:-} == --help ]]; then
    usage
    exit 0
  fi
  [[ ${1:-} != -* ]] || fail "unknown option $1 (see --help)" 2
  (($# <= 2)) || fail "too many arguments: usage is mount-run.sh [RUN [MNT]]" 2
  (($# == 0)) && return
  [[ -n $1 && -e $1 ]] || fail "there is no run '$1'" 2
  run="$(realpath -- "$1")"
  [[ -d $run || $run == *.h5 ]] || fail "$1 is neither a run directory nor an HDF5 file" 2
  (($# < 2)) && return
  [[ -n $2 ]] || fail "the mount point is empty" 2
  mnt="$(full_path "$2")"
}

check_fuse() {
  [[ -e /dev/fuse ]] ||
    fail "there is no /dev/fuse: run 'modprobe fuse' as root, or start the container with --device /dev/fuse --cap-add SYS_ADMIN"
  [[ -r /dev/fuse && -w /dev/fuse ]] || fail "you may not open /dev/fuse: ask root for read and write permission"
}

# Written beside its place and moved there when complete: an interrupted attempt is never taken for the run.
write_example() {
  local folder="${XDG_CACHE_HOME:-${HOME:-/tmp/xfelfs-$UID}/.cache}/xfelfs"
  run="$folder/example-run"
  [[ -d $run ]] && return
  progress "writing the example run to $run"
  mkdir -p -- "$folder" || fail "cannot make the folder $folder for the example run"
  unfinished="$(mktemp -d -- "$folder/example-run.XXXXXX")"
  trap 'rm -rf -- "$unfinished"' EXIT
  "$xfelfs" example "$unfinished" >&2 || fail "the example run could not be written"
  chmod 755 -- "$unfinished"
  mv -T -- "$unfinished" "$run" 2>/dev/null || [[ -d $run ]] || fail "cannot move the example run to $run"
}

# Whether the mount shows this run and not another of the same name: its files are links to the run's.
shows_the_run() {
  local link file
  for link in "$mnt"/files/*; do
    file="$run"
    [[ -f $run ]] || file="$run/$(basename -- "$link")"
    [[ "$(realpath -m -- "$link")" == "$(realpath -m -- "$file")" ]]
    return
  done
}

mount_run() {
  local type
  type="$(type_mounted_at "$mnt")"
  if [[ $type == fuse.xfelfs ]] && ! stat -- "$mnt" >/dev/null 2>&1; then
    progress "clearing away a dead mount at $mnt"
    "$xfelfs" umount --lazy "$mnt" >&2
    type="$(type_mounted_at "$mnt")"
  fi
  if [[ $type == fuse.xfelfs ]]; then
    shows_the_run || fail "$mnt shows another run: give another mount point, or unmount it with umount-run.sh"
    progress "$run is already mounted at $mnt"
    return
  fi
  mkdir -p -- "$mnt" 2>/dev/null || fail "cannot make the mount point $mnt"
  progress "mounting $run at $mnt"
  "$xfelfs" mount "$run" "$mnt" >&2 || fail "mounting failed"
}

print_hints() {
  local at unmount
  printf -v at '%q' "$mnt"
  printf -v unmount '%q %q' "$here/umount-run.sh" "$mnt"
  cat <<END
$run is mounted at $mnt. Try:

  cat $at/info.txt
  ls $at
  head -5 $at/trains.csv
  grep -i intensity $at/keys.csv
END
  if [[ -n $is_example ]]; then
    cat <<END
  cat $at/sources/SA1_XTD2_XGM/XGM/DOOCS/run.csv
  head -5 $at/sources/SA1_XTD2_XGM/XGM/DOOCS/table.csv
  python3 -c "import numpy; print(numpy.load('$mnt/sources/SA1_XTD2_XGM/XGM/DOOCS:output/keys/data.intensityTD/array.npy').shape)"
END
  fi
  cat <<END

and when you are done:

  $unmount
END
}

parse_arguments "$@"
check_fuse
base="$(mount_base)"
is_example=""
build -c release
if [[ -z $run ]]; then
  is_example=yes
  write_example
  run="$(realpath -- "$run")"
  mnt="$base/example"
elif [[ -z $mnt ]]; then
  mnt="$base/$(basename -- "$run" .h5)"
fi
mount_run
print_hints
