#!/usr/bin/env bash
# Builds the Dockerfile for real where there is no Docker: with buildah, every step executed, and tries the image that comes out.
# Needs root and Debian 12 or later; installs buildah, debootstrap and curl when they are missing. Where no image registry is in reach,
# the base image is made here from Debian's packages and the npm package `node` (once, about two minutes).
#
#   scripts/image.sh build    builds the image and prints its size
#   scripts/image.sh check    builds it, runs it and tries what it promises; ends with the line "N passed, N failed"
#   scripts/image.sh clean    removes everything that the other two keep
#
# IMAGE_STATE names the folder for images and layers (default: /var/tmp/yumagate-image; 650 MB, more while it builds).
set -euo pipefail
cd "$(dirname "$0")/.."
state=${IMAGE_STATE:-/var/tmp/yumagate-image}
base=docker.io/library/$(sed -n 's/^FROM \(node:[^ ]*\)$/\1/p' Dockerfile)
tag=localhost/yumagate:local
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs CONTAINERS_STORAGE_CONF=$state/storage.conf TMPDIR=$state/tmp
say() { echo "image: $*" >&2; }

prepare() {
  [ "$(id -u)" = 0 ] || { say "needs root: buildah's chroot isolation mounts and changes users"; exit 1; }
  local missing=() name
  for name in buildah debootstrap curl; do command -v "$name" >/dev/null || missing+=("$name"); done
  if [ ${#missing[@]} -gt 0 ]; then
    say "installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" ca-certificates >/dev/null
  fi
  mkdir -p "$TMPDIR"
  exec 9>"$state/lock"
  flock -w 900 9 || { say "another run has $state"; exit 1; }
  printf '[storage]\ndriver = "vfs"\ngraphroot = "%s/storage"\nrunroot = "%s/run"\n' "$state" "$state" >"$state/storage.conf"
  # Left by a run that was cut off.
  buildah rm --all >/dev/null
}

# The published image when it can be had, else one with the same parts: Debian, Node, npm and the user `node`.
provide_base() {
  if buildah inspect --type image "$base" >/dev/null 2>&1; then return; fi
  if timeout 300 buildah pull -q "$base" >/dev/null 2>"$state/pull.log"; then say "pulled $base"; return; fi
  say "no image registry in reach: making $base from Debian's packages and npm's node"
  local rootfs=$state/rootfs mirror container
  rm -rf "$rootfs" "$state/node"
  mirror=$(grep -rhoE 'https?://[^ ]*/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | head -n 1 || true)
  debootstrap --variant=minbase --include=ca-certificates bookworm "$rootfs" ${mirror:+$mirror} >"$state/debootstrap.log" 2>&1 ||
    { tail -n 5 "$state/debootstrap.log" >&2; exit 1; }
  # As the slim images do.
  rm -rf "$rootfs"/var/cache/apt/* "$rootfs"/var/lib/apt/lists/* "$rootfs"/usr/share/{doc,man,info,locale}/*
  mkdir -p "$state/node"
  npm install --prefix "$state/node" --no-save --ignore-scripts=false node@24 >"$state/node.log" 2>&1 ||
    { tail -n 5 "$state/node.log" >&2; exit 1; }
  install -D -m 755 "$state/node/node_modules/node/bin/node" "$rootfs/usr/local/bin/node"
  mkdir -p "$rootfs/usr/local/lib/node_modules"
  cp -RL "$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")" "$rootfs/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$rootfs/usr/local/bin/npm"
  # A registry behind a proxy of this machine may show a certificate that only this machine knows.
  cp /etc/ssl/certs/ca-certificates.crt "$rootfs/etc/ssl/certs/ca-certificates.crt"
  install -D -m 644 <(echo 'cafile=/etc/ssl/certs/ca-certificates.crt') "$rootfs/usr/local/etc/npmrc"
  chroot "$rootfs" sh -c 'groupadd -g 1000 node && useradd -u 1000 -g node -s /bin/bash -m node'
  container=$(buildah from scratch)
  buildah copy -q "$container" "$rootfs" / >/dev/null
  buildah config --cmd node "$container"
  buildah commit -q --rm "$container" "$base" >/dev/null
  rm -rf "$rootfs" "$state/node"
}

build() {
  prepare
  local started=$SECONDS based
  provide_base
  based=$SECONDS
  buildah build --pull-never --format docker -t "$tag" -f Dockerfile . >"$state/build.log" 2>&1 ||
    { tail -n 30 "$state/build.log" >&2; exit 1; }
  tail -n 3 "$state/build.log"
  buildah rmi --prune >/dev/null
  find "$TMPDIR" -mindepth 1 -delete
  say "base image ready after $((based - started)) s, image built in $((SECONDS - based)) s," \
    "$(buildah images --format '{{.Size}}' "$tag") of which the base is $(buildah images --format '{{.Size}}' "$base")"
}

case "${1:-}" in
  build) build ;;
  check) build; node scripts/check-image.mjs "$tag" ;;
  clean) rm -rf "$state" ;;
  *) sed -n '2,11p' "$0"; exit 2 ;;
esac
