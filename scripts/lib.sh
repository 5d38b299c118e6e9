# Functions that the scripts share. Sourced, never run; the caller has set `root` to the project's folder.
# shellcheck shell=bash disable=SC2154

# say TEXT: talk, which goes to stderr, so that stdout carries results only.
say() {
  printf '%s\n' "$*" >&2
}

# fail CODE TEXT: one sentence with the remedy, and out.
fail() {
  local code=$1
  shift
  say "$(basename "$0"): $*"
  exit "$code"
}

# usage: the text at the head of the script that runs.
usage() {
  sed -n '2,/^set /{/^#/s/^# \{0,1\}//p;}' "$0"
}

# java_program: the Java that JAVA_HOME or the path leads to.
java_program() {
  if [[ -n ${JAVA_HOME:-} ]]; then
    printf '%s\n' "$JAVA_HOME/bin/java"
  else
    printf 'java\n'
  fi
}

# require_java: Java 17 or newer, or out.
require_java() {
  local java version
  java=$(java_program)
  command -v "$java" >/dev/null \
    || fail 3 "no Java found: command=$java (install a JDK of version 17 or newer, e.g. apt-get install openjdk-17-jdk-headless)"
  version=$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\)\(\.\([0-9]*\)\)\{0,1\}.*/\1 \3/p' | head -1)
  version=${version#1 } # Java 8 calls itself 1.8
  version=${version%% *}
  [[ $version =~ ^[0-9]+$ ]] || fail 3 "Java does not tell its version: command=$java (is it a JDK?)"
  ((version >= 17)) \
    || fail 3 "Java too old: version=$version command=$java (install a JDK of version 17 or newer, or set JAVA_HOME to one)"
}

# python_program: the newest Python that is there and really runs, 3.13 first, as in AWS; also one that pyenv has installed and not selected.
python_program() {
  local candidate
  for candidate in python3.13 "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/3.13.*/bin/python3.13 python3.12 python3.11 python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  command -v python3 >/dev/null \
    || fail 3 "no python3 found (install Python 3.11 or newer, e.g. apt-get install python3 python3-venv)"
  fail 3 "Python too old: version=$(python3 -c 'import sys; print(sys.version.split()[0])' 2>/dev/null || echo unknown) (install Python 3.11 or newer)"
}

# ensure_venv REQUIREMENTS LOG: the virtual environment .venv with what the file asks for; installs only what a change of file or Python calls for.
ensure_venv() {
  local requirements=$1 log=$2 python mark wanted
  python=$(python_program) || exit $?
  mark=$root/.venv/installed-$(basename "$requirements")
  wanted=$("$python" --version)$(cat "$root"/scripts/requirements*.txt)
  if [[ -x $root/.venv/bin/python && -f $mark && $(<"$mark") == "$wanted" ]] && "$root/.venv/bin/python" -c '' 2>/dev/null; then
    return
  fi
  say "preparing Python's virtual environment in .venv"
  mkdir -p "$(dirname "$log")"
  if [[ ! -x $root/.venv/bin/python || $("$root/.venv/bin/python" --version 2>/dev/null) != "$("$python" --version)" ]]; then
    run_logged "$log" "$python" -m venv --clear "$root/.venv" || {
      tail -20 "$log" >&2
      fail 3 "virtual environment could not be made: python=$python log=$log (on Debian: apt-get install python3-venv)"
    }
  fi
  run_logged "$log" "$root/.venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" || {
    tail -20 "$log" >&2
    fail 3 "Python packages could not be installed: requirements=$requirements log=$log (is PyPI reachable?)"
  }
  printf '%s' "$wanted" >"$mark"
}

# prepare ENVIRONMENT: what has to be built or installed; two that start at once do it one after the other.
prepare() {
  mkdir -p "$root/target"
  if command -v flock >/dev/null; then
    exec 9>"$root/target/prepare.lock"
    run_logged /dev/null flock 9
  fi
  build
  [[ $1 != local ]] || ensure_venv "$root/scripts/requirements.txt" "$root/target/venv.log"
  exec 9>&-
}

# build: target/tapestream.jar, unless it is newer than everything it is made of.
build() {
  local jar=$root/target/tapestream.jar log=$root/target/build.log
  if [[ -f $jar && -d $root/target/lib && -z $(find "$root/src/main" "$root/pom.xml" -newer "$jar" -print -quit) ]]; then
    return
  fi
  say "building target/tapestream.jar"
  run_logged "$log" "$(maven_program)" -B -q -f "$root/pom.xml" package -Dquick || {
    tail -30 "$log" >&2
    fail 3 "build failed: log=$log (its end is above)"
  }
  touch "$jar" # Maven leaves an unchanged jar as it is
}

# maven: the installed Maven, else the project's wrapper.
maven_program() {
  if command -v mvn >/dev/null; then
    printf 'mvn\n'
  else
    printf '%s\n' "$root/mvnw"
  fi
}

# run_logged LOG COMMAND...: runs it with all output in the log; a signal to us ends it too.
run_logged() {
  local log=$1
  shift
  run_tied "$@" >"$log" 2>&1
}

# run_tied COMMAND...: runs it in a process group of its own; a signal to us ends the whole group before it ends us.
run_tied() {
  local child code=0
  set -m
  "$@" </dev/null &
  child=$!
  set +m
  # shellcheck disable=SC2064  # the child of now
  trap "end_group $child 130" INT
  # shellcheck disable=SC2064
  trap "end_group $child 143" TERM
  # shellcheck disable=SC2064
  trap "end_group $child 129" HUP
  wait "$child" || code=$?
  trap - INT TERM HUP
  return "$code"
}

# end_group LEADER CODE: ends a process group and then us.
end_group() {
  trap '' INT TERM HUP
  kill -TERM -- "-$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
  exit "$2"
}
