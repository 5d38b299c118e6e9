#!/usr/bin/env bash
# The main job: takes the feed of an environment, journals it and publishes every trade to Kinesis, until a signal or for a given time.
#
#   scripts/start-market.sh [local|dev|prod] [--for DURATION] [--until-hours-end] [--json]
#
# local (the default) needs nothing but a JDK and Python: it starts an AWS and a market on this machine, provisions the one, runs the ingester
# and the function between them, and at the end proves, trade by trade, that the table holds all that was received, once. It also takes
# --rate TRADES_A_SECOND, --capture FILE, --shards N, --crash-after DURATION (kill -9 of ingester and function) and --set SETTING=VALUE.
# dev and prod become the ingester with conf/dev.conf or conf/prod.conf; the API key comes from conf/application.properties, FINNHUB_API_KEY or
# FINNHUB_API_KEY_FILE, never from the command line. With --until-hours-end they stop when the hours of the setting feed.hours are over.
#
# DURATION is a number and ms, s, m or h, counted from the first trade. With --json the last line on stdout is one JSON object.
# Changes: target/ (the build), .venv/ and data/local/ (emptied at each start of local), data/<env>/ (the journal of dev and prod).
# Exit codes: 0 fine, 1 not proven, 2 usage or configuration, 3 could not start, 4 stopped with unacknowledged data, 130/143/129 on a signal.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib.sh
source "$root/scripts/lib.sh"

main() {
  local environment=local
  if (($# > 0)) && [[ $1 != -* ]]; then
    environment=$1
    shift
  fi
  case $environment in
    local | dev | prod) ;;
    *) fail 2 "unknown environment: env=$environment (expected: local, dev or prod)" ;;
  esac
  check_arguments "$environment" "$@"
  require_java
  [[ $environment != local ]] || python_program >/dev/null || exit $?
  prepare "$environment"
  if [[ $environment == local ]]; then
    exec "$root/.venv/bin/python" "$root/scripts/local/environment.py" "$@"
  fi
  cd "$root" # conf/ and data/ are found from here
  # shellcheck disable=SC2086  # options, split at spaces
  exec "$(java_program)" @conf/jvm.options ${JAVA_OPTS:-} -jar "$root/target/tapestream.jar" run --env "$environment" --progress "$@"
}

# check_arguments ENVIRONMENT OPTION...: everything a person can get wrong is told before anything is built or changed.
check_arguments() {
  local environment=$1 option
  shift
  while (($# > 0)); do
    option=$1
    shift
    case $option in
      -h | --help)
        usage
        exit 0
        ;;
      --json) continue ;;
      --until-hours-end)
        [[ $environment != local ]] || fail 2 "option of dev and prod only: option=$option env=$environment"
        continue
        ;;
      --for) ;;
      --rate | --capture | --shards | --crash-after | --set)
        [[ $environment == local ]] || fail 2 "option of local only: option=$option env=$environment"
        ;;
      *) fail 2 "unknown option: option=${option%%=*} (expected: [local|dev|prod] [--for DURATION] [--until-hours-end] [--json]; --help tells more)" ;;
    esac
    (($# > 0)) || fail 2 "option without a value: option=$option"
    check_value "$option" "$1"
    shift
  done
}

check_value() {
  local option=$1 value=$2
  case $option in
    --for | --crash-after)
      [[ $value =~ ^[0-9]{1,9}(ms|s|m|h)$ ]] \
        || fail 2 "not a duration: option=$option value=$value (expected: a number and ms, s, m or h, e.g. 30s)"
      ;;
    --rate | --shards)
      [[ $value =~ ^[1-9][0-9]{0,6}$ ]] || fail 2 "not a positive number: option=$option value=$value"
      ;;
    --capture)
      [[ -e $value ]] || fail 2 "no such capture: file=$value"
      ;;
    --set)
      [[ $value == ?*=* ]] || fail 2 "not a setting: option=$option (expected: SETTING=VALUE)"
      [[ $value != finnhub.api.key=* ]] \
        || fail 2 "the API key is refused on the command line, where any user of the host can read it (set FINNHUB_API_KEY)"
      ;;
  esac
}

main "$@"
