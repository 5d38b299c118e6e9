#!/usr/bin/env bash
# Makes the function's zip, target/lambda/tapestream-lambda.zip, and prints its path: our modules of lambda/ and the dependencies that
# lambda/requirements.txt pins. The same sources give the same bytes on every machine.
#
#   scripts/package-lambda.sh
#
# Changes: target/lambda/ and .venv/. Needs PyPI only when the pins have changed.
# Exit codes: 0 fine, 2 usage, 3 it could not be made.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib.sh
source "$root/scripts/lib.sh"

main() {
  case ${1:-} in
    '') ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) fail 2 "unknown argument: argument=${1%%=*} (expected: none)" ;;
  esac
  ensure_venv "$root/scripts/requirements.txt" "$root/target/venv.log"
  "$root/.venv/bin/python" "$root/scripts/package_lambda.py"
}

main "$@"
