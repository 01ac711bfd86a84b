# shellcheck shell=bash
# What mount-run.sh, umount-run.sh and install.sh share. Sourced, not run.

here="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)"
package="$(dirname "$here")"

# One sentence on stderr, then the end.
fail() {
  printf '%s: %s\n' "${0##*/}" "$1" >&2
  exit "${2:-1}"
}

progress() { printf '%s: %s\n' "${0##*/}" "$1" >&2; }

# Where mount points are made when none is given. The sticky /tmp is open to all, so there the folder has to be ours.
mount_base() {
  local parent="${XDG_RUNTIME_DIR:-}" base
  [[ -n $parent && -d $parent && -w $parent ]] || parent=/tmp
  base="$parent/xfelfs-$UID"
  [[ -d $base ]] || mkdir -m 700 -- "$base" 2>/dev/null || fail "cannot make the folder $base for mount points"
  [[ -O $base && ! -L $base ]] || fail "$base belongs to somebody else: set XDG_RUNTIME_DIR to a folder of yours"
  printf '%s\n' "$base"
}

# A path without symlinks and dots, as the kernel's table has it. Of a dead mount only the folder around it can be asked.
full_path() {
  local parent
  realpath -e -- "$1" 2>/dev/null && return
  parent="$(realpath -m -- "$(dirname -- "$1")")"
  printf '%s/%s\n' "${parent%/}" "$(basename -- "$1")"
}

# The type of the file system mounted last on a full path; nothing if there is none. Read from the kernel's table, as
# mountpoint(1) fails on dead mounts.
type_mounted_at() {
  local point type="" fields
  while read -r -a fields; do
    printf -v point '%b' "${fields[4]}"
    [[ $point == "$1" ]] || continue
    # The type follows the dash that ends the optional fields.
    local index=6
    while [[ ${fields[index]} != - ]]; do index=$((index + 1)); done
    type="${fields[index + 1]}"
  done </proc/self/mountinfo
  printf '%s\n' "$type"
}

# Makes `swift` a command, wherever the toolchain is.
find_swift() {
  local folder
  for folder in "" /opt/swift/usr/bin "${HOME:-/root}/.local/share/swiftly/bin" /usr/local/swift/usr/bin; do
    if [[ -z $folder ]] || [[ -x $folder/swift ]]; then
      PATH="${folder:+$folder:}$PATH"
      command -v swift >/dev/null && return
    fi
  done
  fail "there is no Swift toolchain: install Swift 6.2 or later, see https://www.swift.org/install/linux/"
}

# Installs the Debian packages that the build and the mount need, if any is missing. Asks what is there rather than which
# package is installed, so that other distributions pass too.
install_packages() {
  local missing=() as_root=()
  command -v pkg-config >/dev/null || missing+=(pkg-config)
  command -v fusermount3 >/dev/null || missing+=(fuse3)
  pkg-config --exists fuse3 2>/dev/null || missing+=(libfuse3-dev)
  pkg-config --exists hdf5 2>/dev/null || missing+=(libhdf5-dev)
  pkg-config --exists libdeflate 2>/dev/null || missing+=(libdeflate-dev)
  pkg-config --exists libisal 2>/dev/null || missing+=(libisal-dev)
  pkg-config --exists libzmq 2>/dev/null || missing+=(libzmq3-dev)
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || fail "please install what Debian calls ${missing[*]}: there is no apt-get here"
  if ((EUID != 0)); then
    command -v sudo >/dev/null || fail "please have root install ${missing[*]}: there is no sudo here"
    as_root=(sudo)
  fi
  progress "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -q >&2 || fail "apt-get update failed, ${missing[*]} cannot be installed"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >&2 ||
    fail "apt-get could not install ${missing[*]}"
}

# Builds with these options of `swift build` and sets `xfelfs` to the result. With XFELFS set, that program is taken and
# nothing is built.
build() {
  if [[ -n ${XFELFS:-} ]]; then
    xfelfs="$XFELFS"
    [[ -x $xfelfs ]] || fail "XFELFS=$xfelfs is not a program"
    return
  fi
  install_packages
  find_swift
  progress "building (the first time takes a minute or two)"
  swift build --package-path "$package" --product xfelfs "$@" >&2 || fail "the build failed"
  xfelfs="$(swift build --package-path "$package" "$@" --show-bin-path)/xfelfs"
}

# Sets `xfelfs` to a binary that is there already.
find_binary() {
  for xfelfs in "${XFELFS:-}" "$package/.build/release/xfelfs" "$(command -v xfelfs || true)"; do
    [[ -n $xfelfs && -x $xfelfs ]] && return
  done
  fail "there is no xfelfs yet: mount-run.sh builds it"
}
