#!/usr/bin/env bash
# Runs the local environment before a Kinesis that accepts and never answers for a time, and proves at the end that it took no memory and lost nothing.
#
#   scripts/soak.sh [--for DURATION] [--rate TRADES_A_SECOND] [--plot FILE] [--json]
#
# DURATION is how long the endpoint does not answer: a number and ms, s, m or h (1m if left out, 15s at least). Before and after it a feed of 5,000
# trades a second (or the given rate) is published; when the endpoint answers, the backlog is drained while the feed goes on. Every second the
# anonymous memory (RssAnon) of the JVM and of the KPL's daemon is read; --plot draws it as an SVG. At the end stream and journal are compared, trade by
# trade, which takes about a minute and 1.5 GB of memory for a million of them.
#
# Not proven is a run in which a trade is missing or unexpected on the stream; memory grows after the first minute (of a short outage: its first
# third) by more than 10 % or 32 MiB; the journal grows otherwise than by the frames and their headers; the feed is closed; or the backlog stays.
#
# Changes: target/ (the build), .venv/ and data/local/, which is emptied at the start, and takes 200 MB for a million trades.
# Exit codes: 0 proven, 1 not proven, 2 usage, 3 could not start, 130/143/129 on a signal.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib.sh
source "$root/scripts/lib.sh"

main() {
  case ${1:-} in
    -h | --help)
      usage
      exit 0
      ;;
  esac
  [[ $(uname -s) == Linux ]] || fail 3 "a soak needs Linux's /proc: system=$(uname -s)"
  require_java
  prepare local
  exec "$root/.venv/bin/python" "$root/scripts/soak/soak.py" "$@"
}

main "$@"
