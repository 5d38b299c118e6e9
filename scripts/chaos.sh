#!/usr/bin/env bash
# Runs the local environment under load, injects faults, and proves at the end that nothing is lost and nothing doubled.
#
#   scripts/chaos.sh [--for DURATION] [--seed N] [--faults KIND,KIND...] [--rate TRADES_A_SECOND] [--json]
#
# Faults last 2 to 15 s (a few kinds longer), overlap, and come by a schedule that the seed decides; each is told as it begins, ends and is recovered from. --help lists
# the kinds. Time constants of the ingester are shortened, which is told at the start. DURATION is a number and ms, s, m or h (2m if left out).
#
# Faults of the disk need a mount namespace: root, or user namespaces; while they run, what is in data/local/journal is seen by this run only. Faults
# of the clock need libfaketime (Debian's package of that name). Reshards need Node and npm, and what npm installs into target/: the local AWS does
# not reshard truly, so the stream is on another emulator then. Without --faults, kinds that cannot be had here are left out, and said to be.
#
# Changes: target/ (the build), .venv/ and data/local/, which is emptied at the start.
# Exit codes: 0 proven, 1 not proven or a fault without effect, 2 usage, 3 could not start, 130/143/129 on a signal.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib.sh
source "$root/scripts/lib.sh"

main() {
  case ${1:-} in
    -h | --help) usage ;;
  esac
  [[ $(uname -s) == Linux ]] || fail 3 "chaos needs Linux's /proc: system=$(uname -s)"
  require_java
  prepare local
  local own_mounts=()
  find_own_mounts
  exec ${own_mounts[@]+"${own_mounts[@]}"} "$root/.venv/bin/python" "$root/scripts/chaos/chaos.py" "$@"
}

# find_own_mounts: sets own_mounts to how a command begins whose mounts nobody else sees and which end with it; empty where that cannot be had.
find_own_mounts() {
  local own=(unshare --mount)
  ((EUID == 0)) || own+=(--map-root-user)
  if "${own[@]}" mount -t tmpfs none "$root/target" >/dev/null 2>&1; then
    own_mounts=("${own[@]}" env TAPESTREAM_OWN_MOUNTS=1)
  fi
}

main "$@"
