#!/usr/bin/env bash
# Measures the function: CPU and time a trade against the common recipe (aws_kinesis_agg, Decimal, batch_writer), and its import.
#
#   scripts/lambda-benchmark.sh [--json] [--quick] [--repetitions N] [--answer-after MILLISECONDS]
#
# Both run on the same events, in turns, with a DynamoDB on this machine that only acknowledges, MILLISECONDS after a request (5 if left out). A run
# that loses or doubles an item fails. --quick measures next to nothing: it is for seeing that all of it works.
#
# Changes: target/lambda/ and .venv/.
# Exit codes: 0 measured, 1 items lost or doubled, 2 usage, 3 could not start.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib.sh
source "$root/scripts/lib.sh"

main() {
  local package
  case ${1:-} in
    -h | --help)
      usage
      exit 0
      ;;
  esac
  mkdir -p "$root/target"
  ensure_venv "$root/scripts/requirements-dev.txt" "$root/target/venv.log"
  package=$("$root/scripts/package-lambda.sh")
  exec "$root/.venv/bin/python" "$root/src/bench/python/lambda_benchmark.py" "$package" "$@"
}

main "$@"
