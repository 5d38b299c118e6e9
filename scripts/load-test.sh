#!/usr/bin/env bash
# Measures the ingester on this machine: what a trade costs, how long it takes, how many there may be, and other designs beside it.
#
#   scripts/load-test.sh [--json] [--quick]
#
# The ingester runs as in production; a market plays captured trades to it, or its journal holds them as a backlog; the other end is an endpoint on
# this machine that acknowledges as Kinesis does. Afterwards every trade that arrived is counted: a run that lost one has failed. The same trades go
# through other designs: one PutRecord a trade, PutRecords of 500, the KPL with a user record a trade.
#
# Prints tables, writes target/load-report.html, which is one page with plots that needs nothing else. With --json the tables go to stderr, and the
# last line on stdout is one JSON object. With --quick everything is small, for the harness itself: that nothing is lost, not how fast it is.
# What it measures is the machine as it is: let nothing else run. It takes about ten minutes, --quick one to two; 4 GiB of disk for that time.
#
# Changes: target/ (the build, the report, load-figures.json with the figures so far), .venv/, data/load/ (of which the logs stay until the next start).
# Exit codes: 0 fine, 1 trades lost, or a baseline that published something else, 2 usage, 3 could not start, 130/143/129 on a signal.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib.sh
source "$root/scripts/lib.sh"

main() {
  local option
  for option in "$@"; do
    case $option in
      -h | --help)
        usage
        exit 0
        ;;
      --json | --quick) ;;
      *) fail 2 "unknown option: option=${option%%=*} (expected: [--json] [--quick]; --help tells more)" ;;
    esac
  done
  [[ $(uname -s) == Linux ]] || fail 3 "the load test needs Linux's /proc: system=$(uname -s)"
  require_java
  prepare local
  build_bench
  export PYTHONPATH=$root/scripts/load:$root/scripts/local
  exec "$root/.venv/bin/python" "$root/scripts/load/load_test.py" "$@"
}

# build_bench: target/bench-classes, unless they are newer than what they are made of. javac alone does: all libraries but the hash library, which
# the other designs make their ids with, are the program's.
build_bench() {
  local classes=$root/target/bench-classes libraries=$root/target/bench-lib java javac log=$root/target/bench-build.log
  if [[ -f $classes/built && -z $(find "$root/src/bench" "$root/target/tapestream.jar" -newer "$classes/built" -print -quit) ]]; then
    return
  fi
  java=$(java_program)
  javac=${java%java}javac
  command -v "$javac" >/dev/null || fail 3 "no javac found: command=$javac (install a JDK, not only a Java runtime)"
  say "building target/bench-classes"
  rm -rf "$classes" "$libraries"
  mkdir -p "$classes"
  run_logged "$log" "$(maven_program)" -B -q -f "$root/pom.xml" dependency:copy-dependencies \
    -DincludeScope=test -DincludeArtifactIds=hash4j -DoutputDirectory="$libraries" || bench_failed "$log"
  find "$root/src/bench/java" -name '*.java' >"$classes/sources"
  run_logged "$log" "$javac" --release 17 -d "$classes" -cp "$root/target/tapestream.jar:$root/target/lib/*:$libraries/*" \
    "@$classes/sources" || bench_failed "$log"
  touch "$classes/built"
}

bench_failed() {
  tail -30 "$1" >&2
  fail 3 "build failed: log=$1 (its end is above)"
}

main "$@"
