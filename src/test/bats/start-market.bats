#!/usr/bin/env bats
# scripts/start-market.sh with the arguments, tools and environments that people really have. Nothing real is started: commands are fakes.
# shellcheck disable=SC2016  # what a fake expands it expands when it runs

bats_require_minimum_version 1.5.0

setup() {
  project=$BATS_TEST_TMPDIR/project
  bin=$BATS_TEST_TMPDIR/bin
  mkdir -p "$project/target/lib" "$project/src/main" "$project/conf" "$project/scripts/local" "$bin"
  cp "$BATS_TEST_DIRNAME"/../../../scripts/{lib.sh,start-market.sh} "$project/scripts/"
  echo "nothing" >"$project/scripts/requirements.txt"
  touch "$project/pom.xml"
  touch -d tomorrow "$project/target/tapestream.jar"
  local tool
  for tool in bash env dirname basename sed head cat find touch tail mkdir sleep flock; do
    ln -s "$(command -v "$tool")" "$bin/$tool"
  done
  fake java 'if [ "$1" = -version ]; then echo "openjdk version \"17.0.15\" 2025-04-15" >&2; else echo "java $* env=${FINNHUB_API_KEY:-}"; fi'
  fake python3 'exit 0'
}

fake() {
  printf '#!/bin/sh\n%s\n' "$2" >"$bin/$1"
  chmod +x "$bin/$1"
}

start() {
  run env -i PATH="$bin" HOME="$HOME" PYENV_ROOT="$project/no-pyenv" "${variables[@]}" "$project/scripts/start-market.sh" "$@"
}

variables=()

@test "an unknown environment is refused with the known ones" {
  start staging
  [ "$status" -eq 2 ]
  [ "$output" = "start-market.sh: unknown environment: env=staging (expected: local, dev or prod)" ]
}

@test "a bad duration is refused before anything is built" {
  rm "$project/target/tapestream.jar"
  for value in 30 1.5s s -3s "30 s" 30sec ""; do
    start local --for "$value"
    [ "$status" -eq 2 ]
    [[ $output == "start-market.sh: not a duration: option=--for value=$value (expected: a number and ms, s, m or h, e.g. 30s)" ]]
  done
}

@test "an option without its value is refused" {
  start local --json --for
  [ "$status" -eq 2 ]
  [ "$output" = "start-market.sh: option without a value: option=--for" ]
}

@test "an unknown option is refused, and what it carries is not echoed" {
  start dev -Dfinnhub.api.key=SECRETTOKEN123
  [ "$status" -eq 2 ]
  [[ $output == *"unknown option: option=-Dfinnhub.api.key "* ]]
  [[ $output != *SECRETTOKEN123* ]]
}

@test "the API key is refused as a setting, and not echoed" {
  start local --set finnhub.api.key=SECRETTOKEN123
  [ "$status" -eq 2 ]
  [[ $output == *"the API key is refused on the command line"* ]]
  [[ $output != *SECRETTOKEN123* ]]
}

@test "options of the local environment are refused elsewhere" {
  start prod --rate 300
  [ "$status" -eq 2 ]
  [ "$output" = "start-market.sh: option of local only: option=--rate env=prod" ]
}

@test "the end of the hours ends dev and prod, not the local environment" {
  start local --until-hours-end
  [ "$status" -eq 2 ]
  [ "$output" = "start-market.sh: option of dev and prod only: option=--until-hours-end env=local" ]
}

@test "no Java is told with the remedy" {
  rm "$bin/java"
  start dev
  [ "$status" -eq 3 ]
  [[ $output == "start-market.sh: no Java found: command=java (install a JDK of version 17 or newer"* ]]
}

@test "an old Java is told with its version" {
  fake java 'echo "openjdk version \"11.0.20\" 2023-07-18" >&2'
  start dev
  [ "$status" -eq 3 ]
  [[ $output == "start-market.sh: Java too old: version=11 "* ]]
  fake java 'echo "java version \"1.8.0_392\"" >&2'
  start dev
  [[ $output == "start-market.sh: Java too old: version=8 "* ]]
}

@test "a Java with a version of one number is new enough" {
  fake java 'if [ "$1" = -version ]; then echo "openjdk version \"25\" 2025-09-16" >&2; else echo started; fi'
  start dev
  [ "$status" -eq 0 ]
  [ "$output" = started ]
}

@test "JAVA_HOME decides which Java is taken" {
  variables=(JAVA_HOME=/nowhere)
  start dev
  [ "$status" -eq 3 ]
  [[ $output == "start-market.sh: no Java found: command=/nowhere/bin/java "* ]]
}

@test "local without python3 is told with the remedy" {
  rm "$bin/python3"
  start local
  [ "$status" -eq 3 ]
  [[ $output == "start-market.sh: no python3 found (install Python 3.11 or newer"* ]]
}

@test "local with an old python3 is told with its version" {
  fake python3 'case "$2" in *exit*) exit 1 ;; *) echo 3.9.2 ;; esac'
  start local
  [ "$status" -eq 3 ]
  [[ $output == "start-market.sh: Python too old: version=3.9.2 "* ]]
}

@test "dev and prod need no Python" {
  rm "$bin/python3"
  start prod
  [ "$status" -eq 0 ]
}

@test "dev becomes the ingester, run in the project's folder, and the key is in no argument" {
  fake java 'if [ "$1" = -version ]; then echo "openjdk version \"17\"" >&2; else echo "$PWD"; echo "$*"; fi'
  variables=(FINNHUB_API_KEY=SECRETTOKEN123)
  start dev --for 30s --json
  [ "$status" -eq 0 ]
  [ "${lines[0]}" = "$project" ]
  [ "${lines[1]}" = "@conf/jvm.options -jar $project/target/tapestream.jar run --env dev --progress --for 30s --json" ]
}

@test "a signal to the script reaches the ingester, whose exit code is the script's" {
  fake java 'if [ "$1" = -version ]; then echo "openjdk version \"17\"" >&2; exit; fi
    trap "exit 143" TERM; echo ready >"$PWD/ready"; while :; do sleep 0.05; done'
  env -i PATH="$bin" "$project/scripts/start-market.sh" dev 3>&- &
  local script=$!
  until [ -e "$project/ready" ]; do sleep 0.05; done
  kill -TERM "$script"
  local status=0
  wait "$script" || status=$?
  [ "$status" -eq 143 ]
}

@test "a build that fails shows the end of its log" {
  rm "$project/target/tapestream.jar"
  fake mvn 'echo "[ERROR] the reason"; exit 1'
  start dev
  [ "$status" -eq 3 ]
  [[ $output == *"[ERROR] the reason"* ]]
  [[ $output == *"start-market.sh: build failed: log=$project/target/build.log"* ]]
}

@test "a signal during the build ends the build" {
  rm "$project/target/tapestream.jar"
  fake mvn 'echo $$ >"$HOME/mvn"; sleep 60'
  env -i PATH="$bin" HOME="$project" "$project/scripts/start-market.sh" dev 3>&- &
  local script=$! status=0
  until [ -s "$project/mvn" ]; do sleep 0.05; done
  kill -TERM "$script"
  wait "$script" || status=$?
  [ "$status" -eq 143 ]
  run ! kill -0 "$(<"$project/mvn")"
}

@test "the wrapper builds where no Maven is installed" {
  rm "$project/target/tapestream.jar"
  printf '#!/bin/sh\ntouch "%s"\n' "$project/target/tapestream.jar" >"$project/mvnw"
  chmod +x "$project/mvnw"
  start dev
  [ "$status" -eq 0 ]
  [[ $output == *"java @conf/jvm.options -jar"* ]]
}

@test "nothing is built while the jar is newer than the sources" {
  fake mvn 'touch "$HOME/built"; exit 1'
  start dev
  [ "$status" -eq 0 ]
  touch -d "2 days" "$project/src/main/Changed.java"
  start dev
  [ "$status" -eq 3 ]
}

@test "--help tells the usage" {
  start local --help
  [ "$status" -eq 0 ]
  [[ $output == *"scripts/start-market.sh [local|dev|prod] [--for DURATION] [--until-hours-end] [--json]"* ]]
}

@test "a Python as in AWS that pyenv has and has not selected comes first" {
  local python=$project/pyenv/versions/3.13.9/bin/python3.13
  mkdir -p "${python%/*}"
  ln -s "$bin/python3" "$python"
  run env -i PATH="$bin" HOME="$HOME" PYENV_ROOT="$project/pyenv" bash -c "source '$project/scripts/lib.sh'; python_program"
  [ "$output" = "$python" ]
}
