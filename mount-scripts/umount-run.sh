#!/usr/bin/env bash
# Unmounts what mount-run.sh has mounted.
set -euo pipefail
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/common.sh"

usage() {
  cat <<'END'
usage: umount-run.sh [--lazy] [MNT]

Unmounts MNT; without MNT, the example run. With --lazy a mount that is still in use disappears at once and ends when
its last user is gone. A mount point that mount-run.sh has made is removed.
END
}

lazy=()
mnt=""
while (($#)); do
  case "$1" in
    -h | --help)
      usage
      exit 0
      ;;
    --lazy) lazy=(--lazy) ;;
    -*) fail "unknown option $1 (see --help)" 2 ;;
    *)
      [[ -z $mnt ]] || fail "too many arguments: usage is umount-run.sh [--lazy] [MNT]" 2
      [[ -n $1 ]] || fail "the mount point is empty" 2
      mnt="$(full_path "$1")"
      ;;
  esac
  shift
done

base="$(mount_base)"
mnt="${mnt:-$base/example}"
type="$(type_mounted_at "$mnt")"
[[ -n $type ]] || fail "nothing is mounted at $mnt"
[[ $type == fuse.xfelfs ]] || fail "what is mounted at $mnt is $type, not xfelfs"
find_binary
"$xfelfs" umount "${lazy[@]}" "$mnt" >&2 || fail "unmounting failed"
if [[ $mnt == "$base"/* ]]; then rmdir -- "$mnt" 2>/dev/null || true; fi
