#!/usr/bin/env bash
# Installs xfelfs for all users of a machine: the program, the helper of mount(8) and the systemd unit; or removes them.
set -euo pipefail
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/common.sh"

usage() {
  cat <<'END'
usage: install.sh [--uninstall] [PREFIX]

Builds xfelfs and installs (or with --uninstall removes)

  PREFIX/bin/xfelfs                         the program; PREFIX is /usr/local if not given
  PREFIX/bin/karabo-bridge-serve-files      a link to it: the bridge server by the name that Python's has
  /sbin/mount.fuse.xfelfs                   for mount -t fuse.xfelfs and /etc/fstab
  /etc/systemd/system/xfelfs@.service       a run as a service, see the comments in it
  PREFIX/share/doc/xfelfs/                  an example of .mount and .automount units

  XFELFS=PROGRAM    install this xfelfs, and build nothing
  DESTDIR=FOLDER    put FOLDER before all these paths
END
}

action=install
prefix=""
for argument in "$@"; do
  case "$argument" in
    -h | --help)
      usage
      exit 0
      ;;
    --uninstall) action=uninstall ;;
    -*) fail "unknown option $argument (see --help)" 2 ;;
    *)
      [[ -z $prefix ]] || fail "too many arguments: usage is install.sh [--uninstall] [PREFIX]" 2
      [[ $argument == /* ]] || fail "PREFIX has to begin with a slash, not '$argument'" 2
      prefix="${argument%/}"
      ;;
  esac
done
prefix="${prefix:-/usr/local}"
root="${DESTDIR:-}"
program="$root$prefix/bin/xfelfs"
bridge="$root$prefix/bin/karabo-bridge-serve-files"
helper="$root/sbin/mount.fuse.xfelfs"
unit="$root/etc/systemd/system/xfelfs@.service"
documents="$root$prefix/share/doc/xfelfs"

reload_systemd() {
  [[ -n $root || ! -d /run/systemd/system ]] || systemctl daemon-reload
}

[[ -n $root ]] || ((EUID == 0)) || fail "only root may do this: sudo $0 $*"
if [[ $action == uninstall ]]; then
  # Python's own program of that name is left alone.
  [[ ! -L $bridge || $(readlink -- "$bridge") != xfelfs ]] || rm -f -- "$bridge"
  rm -f -- "$program" "$helper" "$unit" "$documents/xfel-r0042.mount" "$documents/xfel-r0042.automount"
  rmdir -- "$documents" 2>/dev/null || true
  reload_systemd
  progress "removed $program, $helper and $unit"
  exit 0
fi

# With Swift's libraries in it, as the machine's other users may not have the toolchain. In a folder of its own: going from
# one way of linking to the other in the same folder builds everything anew each time.
build -c release --static-swift-stdlib --scratch-path "$package/.build-static"
install -D -m 755 -- "$xfelfs" "$program"
if [[ -L $bridge || ! -e $bridge ]]; then ln -sfn -- xfelfs "$bridge"; else progress "$bridge is there, and is left alone"; fi
install -D -m 755 -- "$here/mount.fuse.xfelfs" "$helper"
sed "s|/usr/local/bin/|$prefix/bin/|" "$here/xfelfs@.service" | install -D -m 644 /dev/stdin "$unit"
install -D -m 644 -t "$documents" -- "$here/xfel-r0042.mount" "$here/xfel-r0042.automount"
reload_systemd
progress "installed $program, $helper and $unit"
