#!/usr/bin/env bash
# The one door to all checks and tests: shell, Python, Java, the container tests where Docker is, and runs of the local environment.
#
#   scripts/test.sh            everything
#   scripts/test.sh STEP...    only these steps: tools venv shell ruff mypy template pytest bats image autobahn java containers integration crash load chaos soak
#   scripts/test.sh mutations  breaks one invariant after the other on purpose, and wants a run of chaos to catch each: minutes, so only by its name
#   scripts/test.sh bench      tests the benchmark that is compiled with a library of its own
#
# Prints a line a step, its output goes to target/test-logs/STEP.log; at the end what ran and what did not. Exits 0 only if nothing failed. With
# CI=true container tests that did not run are a failure.
# Changes: installs shellcheck, shfmt, bats and libfaketime from Debian if they are missing (needs root); .venv/, target/, data/local/, data/load/.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib.sh
source "$root/scripts/lib.sh"

all_steps=(tools venv shell ruff mypy template pytest bats image autobahn java containers integration crash load chaos soak)
named_steps=(mutations bench) # only where they are named
logs=$root/target/test-logs
failed_steps=()
remarks=()

main() {
  local step
  cd "$root"
  mkdir -p "$logs"
  if [[ ${1:-} == --step ]]; then
    "step_$2"
    return
  fi
  for step in "$@"; do
    [[ " ${all_steps[*]} ${named_steps[*]} " == *" $step "* ]] \
      || fail 2 "unknown step: step=$step (expected: ${all_steps[*]} ${named_steps[*]})"
  done
  (($# > 0)) || set -- "${all_steps[@]}"
  for step in "$@"; do
    run_step "$step"
  done
  report "$@"
}

run_step() {
  local step=$1 begun=$SECONDS code=0
  # A process of its own, so that a step may exit and the first error ends it.
  run_logged "$logs/$step.log" "$root/scripts/test.sh" --step "$step" || code=$?
  case $code in
    0) printf 'ok       %-11s %4d s\n' "$step" $((SECONDS - begun)) ;;
    77)
      printf 'not run  %-11s %s\n' "$step" "$(tail -1 "$logs/$step.log")"
      remarks+=("not run: $step, $(tail -1 "$logs/$step.log")")
      ;;
    *)
      printf 'FAILED   %-11s %4d s  log=%s, its end:\n' "$step" $((SECONDS - begun)) "${logs#"$root/"}/$step.log"
      tail -40 "$logs/$step.log" | sed 's/^/    /'
      failed_steps+=("$step")
      ;;
  esac
}

# A step that cannot run says why on its last line and exits with 77.
step_tools() {
  local tool missing=()
  for tool in shellcheck shfmt bats; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null || missing+=(libfaketime)
  ((${#missing[@]} > 0)) || return 0
  command -v apt-get >/dev/null || fail 3 "tools missing: ${missing[*]} (install them)"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

step_venv() {
  ensure_venv "$root/scripts/requirements-dev.txt" "$logs/pip.log"
}

step_shell() {
  local scripts=(scripts/*.sh scripts/fix .ci/run)
  shellcheck --external-sources "${scripts[@]}" src/test/bats/*.bats
  shfmt -i 2 -ci -bn -d "${scripts[@]}" src/test/bats
}

step_ruff() {
  .venv/bin/ruff check
  .venv/bin/ruff format --check
}

step_mypy() {
  .venv/bin/mypy
}

step_template() {
  .venv/bin/cfn-lint --non-zero-exit-code informational conf/aws/template.yaml
}

step_pytest() {
  rm -rf target/pytest-reports
  .venv/bin/pytest -m 'not integration and not mutations' --numprocesses 2 --junitxml=target/pytest-reports/pytest.xml
}

step_bats() {
  rm -rf target/bats-reports
  mkdir -p target/bats-reports
  bats --report-formatter junit --output target/bats-reports src/test/bats
}

step_image() {
  if ! docker_answers; then
    echo "no Docker engine answers"
    exit 77
  fi
  scripts/docker-image.sh
  scripts/package-lambda.sh
}

step_autobahn() {
  local python
  if ! python=$(python2_program); then
    echo "no Python 2.7, the only one that the Autobahn fuzzing server knows"
    exit 77
  fi
  rm -rf target/autobahn
  mkdir -p target/autobahn/reports
  "$python" -m pip install --quiet --disable-pip-version-check --target target/autobahn/packages \
    --requirement src/test/autobahn/requirements.txt
  printf '%s\n' "$python" >target/autobahn/python
}

python2_program() {
  local candidate
  for candidate in python2.7 "$HOME"/.pyenv/versions/2.7.*/bin/python; do
    if command -v "$candidate" >/dev/null && "$candidate" -m pip --version >/dev/null 2>&1; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

step_java() {
  # A quick build, as start-market.sh makes it, has left classes that the checks have not seen.
  rm -rf target/surefire-reports target/failsafe-reports target/classes target/test-classes target/maven-status
  require_java
  # Fewer rebuilds of the KPL than the hundred that its test makes by itself: they would take another minute and a half.
  "$(maven_program)" -B verify -Drebuilds=24
}

# What is compiled with a library that no other build may see; its classes go with it.
step_bench() {
  require_java
  "$(maven_program)" -B -Pbench test -Dtest='Chronicle*Test'
  rm -rf target/test-classes
}

step_containers() {
  local run skipped
  if docker_answers && [[ -d target/failsafe-reports ]]; then
    read -r run skipped < <(.venv/bin/python scripts/test_reports.py containers target/failsafe-reports)
    echo "container tests: run=$run skipped=$skipped"
    if ((run > 0 && skipped == 0)); then
      return
    fi
  elif docker_answers; then
    echo "the Java tests have not run"
  else
    echo "no Docker engine answers: DOCKER_HOST=${DOCKER_HOST:-} (scripts/docker-engine.sh up makes one)"
  fi
  if [[ ${CI:-} == true ]]; then
    fail 1 "container tests did not run, and CI must run them"
  fi
  exit 77
}

# What the tests do is mostly waiting: more of them at once than there are processors. They run whole programs against the clock, beside each other,
# on a machine that may be anybody's: what fails is run once more by itself, and the report says which tests needed that.
step_integration() {
  local reports=target/integration-reports
  rm -rf "$reports"
  .venv/bin/pytest -m integration --numprocesses 3 --dist loadfile --no-loadscope-reorder \
    --durations 30 --junitxml="$reports/integration.xml" \
    || .venv/bin/pytest -m integration --last-failed --last-failed-no-failures none --junitxml="$reports/second-run.xml"
}

step_mutations() {
  rm -rf target/mutations-reports
  .venv/bin/pytest -m mutations -rP --junitxml=target/mutations-reports/mutations.xml
}

step_crash() {
  scripts/start-market.sh local --for 18s --crash-after 6s --json
}

# Whether the harness loses nothing; how fast it all is, is for scripts/load-test.sh on a machine where nothing else runs.
step_load() {
  scripts/load-test.sh --quick --json
}

# Kinds that need nothing that a machine may lack; all kinds: scripts/chaos.sh --for 10m
step_chaos() {
  local kinds=(
    kill-ingester stop-ingester kill-daemon kill-function kill-poller
    kinesis-500 kinesis-throttle-some kinesis-time-out table-unprocessed-some table-time-out
    feed-reset-in-message feed-fragments feed-triple
  )
  scripts/chaos.sh --for 2m --seed 1 --json --faults "$(
    IFS=,
    echo "${kinds[*]}"
  )"
}

step_soak() {
  scripts/soak.sh --for 1m --json
}

docker_answers() {
  command -v docker >/dev/null && timeout 10 docker version >/dev/null 2>&1
}

# report STEP...: what ran, what did not, and as the last line the tests of these steps in numbers.
report() {
  local step remark folders=() passed=0 failed=0 skipped=0
  printf '\nran: %s\n' "$*"
  for remark in ${remarks[@]+"${remarks[@]}"}; do
    printf '%s\n' "$remark"
  done
  for step in "$@"; do
    case $step in
      java) folders+=(target/surefire-reports target/failsafe-reports) ;;
      pytest | bats | integration | mutations) folders+=("target/$step-reports") ;;
      containers) grep -h '^container tests: ' "$logs/containers.log" || true ;;
    esac
  done
  if ((${#folders[@]} > 0)) && [[ -x .venv/bin/python ]]; then
    read -r passed failed skipped < <(.venv/bin/python scripts/test_reports.py totals "${folders[@]}")
    .venv/bin/python scripts/test_reports.py flaky "${folders[@]}" | sed 's/^/flaky, failed once and not again: /'
  fi
  if ((${#failed_steps[@]} > 0)); then
    printf 'failed: %s\n' "${failed_steps[*]}"
    ((failed > 0)) || failed=${#failed_steps[@]}
  fi
  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  ((${#failed_steps[@]} == 0))
}

main "$@"
