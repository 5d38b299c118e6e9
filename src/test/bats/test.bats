#!/usr/bin/env bats
# scripts/test.sh tells what did not run, and CI does not pass without its container tests.

root=$BATS_TEST_DIRNAME/../../..

setup() {
  project=$BATS_TEST_TMPDIR/project
  mkdir -p "$project/scripts"
  cp "$root"/scripts/{lib.sh,test.sh,test_reports.py} "$project/scripts/"
}

@test "in CI the real script fails without a Docker engine" {
  run env CI=true DOCKER_HOST=unix:///nowhere/docker.sock "$root/scripts/test.sh" containers
  [ "$status" -eq 1 ]
  [[ $output == *"FAILED   containers"* ]]
  [[ $output == *"container tests did not run, and CI must run them"* ]]
}

@test "elsewhere it says that the container tests did not run" {
  run env -u CI DOCKER_HOST=unix:///nowhere/docker.sock "$project/scripts/test.sh" containers
  [ "$status" -eq 0 ]
  [[ $output == *"not run: containers, no Docker engine answers"* ]]
  [ "${lines[-1]}" = "0 passed, 0 failed, 0 skipped" ]
}

@test "an unknown step is refused" {
  run "$project/scripts/test.sh" everything
  [ "$status" -eq 2 ]
  [[ $output == *"unknown step: step=everything"* ]]
}

@test "a step that fails shows the end of its log and counts as failed" {
  run "$project/scripts/test.sh" mypy
  [ "$status" -eq 1 ]
  [[ $output == *"FAILED   mypy"* ]]
  [[ $output == *".venv/bin/mypy: No such file or directory"* ]]
  [ "${lines[-1]}" = "0 passed, 1 failed, 0 skipped" ]
}
