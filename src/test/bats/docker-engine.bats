#!/usr/bin/env bats
# scripts/docker-engine.sh with fakes for docker and dockerd.
# shellcheck disable=SC2016  # what a fake expands it expands when it runs

bats_require_minimum_version 1.5.0

setup() {
  script=$BATS_TEST_DIRNAME/../../../scripts/docker-engine.sh
  bin=$BATS_TEST_TMPDIR/bin
  mkdir "$bin"
  export PATH=$bin:$PATH
}

fake() {
  printf '#!/bin/bash\n%s\n' "$2" >"$bin/$1"
  chmod +x "$bin/$1"
}

@test "up prints what docker and Testcontainers need" {
  fake docker 'exit 0'
  fake dockerd 'exit 0'
  run --separate-stderr "$script" up "$BATS_TEST_TMPDIR/engine"
  [ "$status" -eq 0 ]
  [ "$output" = "export DOCKER_HOST=unix://$BATS_TEST_TMPDIR/engine/docker.sock TESTCONTAINERS_RYUK_DISABLED=true TESTCONTAINERS_HOST_OVERRIDE=127.0.0.1" ]
}

@test "down removes the containers and ends the engine" {
  fake docker 'echo "$*" >>"$(dirname "$0")/calls"; [ "$1" != ps ] || printf "one\ntwo\n"'
  mkdir "$BATS_TEST_TMPDIR/engine"
  sleep 60 3>&- &
  echo $! >"$BATS_TEST_TMPDIR/engine/dockerd.pid"
  run "$script" down "$BATS_TEST_TMPDIR/engine"
  [ "$status" -eq 0 ]
  grep -q "^rm --force --volumes one two$" "$bin/calls"
  run ! kill -0 "$(<"$BATS_TEST_TMPDIR/engine/dockerd.pid")" 2>/dev/null
}

@test "an unknown command is refused" {
  run "$script" restart
  [ "$status" -eq 2 ]
  [[ $output == *"unknown command: command=restart"* ]]
}
