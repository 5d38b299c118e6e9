#!/usr/bin/env bash
# Builds the images that the container tests use: tapestream/local-kinesis:test, the local Kinesis and DynamoDB, and tapestream/python:test, the
# Python 3.13 that it stands on and nothing else, as AWS has it for the function.
#
#   scripts/docker-image.sh
#
# The base is python:3.13-slim if it is there or can be pulled, else Debian trixie with its own Python 3.13, made here from Debian's packages.
# The Python packages are fetched on the host, for the Python of the base, since a build may lack the certificates or the network that this takes.
# Changes: images of the engine that DOCKER_HOST names; installs debootstrap where it is needed and missing (needs root).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib.sh
source "$root/scripts/lib.sh"

image=tapestream/local-kinesis:test
python_image=tapestream/python:test
official=python:3.13-slim
own=tapestream/debian-python:trixie

main() {
  local base version context
  docker version >/dev/null 2>&1 || fail 3 "no Docker engine answers: DOCKER_HOST=${DOCKER_HOST:-} (scripts/docker-engine.sh up)"
  ensure_venv "$root/scripts/requirements.txt" "$root/target/venv.log"
  mkdir -p "$root/target"
  base=$(base_image)
  docker tag "$base" "$python_image"
  version=$(docker run --rm --network none --entrypoint python3 "$base" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  say "building $image on $base, Python $version"
  context=$(mktemp -d)
  # shellcheck disable=SC2064  # the folder of now
  trap "rm -rf '$context'" EXIT
  "$root/.venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --python-version "$version" \
    --target "$context/site-packages" -r "$root/scripts/requirements.txt"
  mkdir "$context/local"
  cp "$root"/scripts/local/*.py "$context/local/"
  DOCKER_BUILDKIT=0 docker build --quiet --build-arg BASE="$base" --file "$root/scripts/docker/Dockerfile" --tag "$image" "$context" >&2
}

base_image() {
  if docker image inspect "$official" >/dev/null 2>&1 || timeout 60 docker pull --quiet "$official" >/dev/null 2>&1; then
    printf '%s\n' "$official"
    return
  fi
  docker image inspect "$own" >/dev/null 2>&1 || make_own_base >&2
  printf '%s\n' "$own"
}

make_own_base() {
  local tree
  say "no registry answers: making a base image from Debian's packages"
  if ! command -v debootstrap >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap
  fi
  tree=$(mktemp -d)
  debootstrap --variant=minbase --include=python3 trixie "$tree" >"$root/target/debootstrap.log"
  tar -C "$tree" --exclude=./proc --exclude=./sys --exclude=./dev -c . | docker import - "$own" >/dev/null
  rm -rf "$tree"
}

main "$@"
