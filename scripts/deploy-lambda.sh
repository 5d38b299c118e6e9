#!/usr/bin/env bash
# Gives the function of an environment the code of this folder, and changes nothing else: much quicker than provision.sh, for working on lambda/.
#
#   scripts/deploy-lambda.sh local|dev|prod
#
# The stack goes on naming the code that provision.sh gave it; the next provision.sh makes both the same again. Region and credentials as for
# provision.sh.
#
# Prints the digest of the code that is live. Changes: the function's code, the code bucket, target/lambda/, .venv/.
# Exit codes: 0 fine, 2 usage, 3 it could not be done.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib.sh
source "$root/scripts/lib.sh"
# shellcheck source=scripts/aws.sh
source "$root/scripts/aws.sh"

main() {
  local status function
  require_environment "${1:-}"
  (($# == 1)) || fail 2 "unknown option: option=${2%%=*} (expected: none; --help tells more)"
  connect
  status=$(stack_status)
  [[ -n $status && $status != REVIEW_IN_PROGRESS ]] || fail 3 "no stack: stack=$stack (scripts/provision.sh $environment makes it)"
  require_deployable "$status"
  function=$(stack_parameter FunctionName)
  package
  if [[ $(live_digest "$function") == "$code_digest" ]]; then
    say "unchanged: function=$function"
  else
    upload_code
    make_code_live "$function"
  fi
  live_digest "$function"
}

main "$@"
