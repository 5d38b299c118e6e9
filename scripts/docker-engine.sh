#!/usr/bin/env bash
# A Docker engine of this project's own, for machines that have none (CI, a bare container): it lives below one folder, listens on a socket
# there, has a bridge of its own (other engines on the host are left alone), publishes ports on 127.0.0.1 only and writes no firewall rule.
#
#   eval "$(scripts/docker-engine.sh up DIR)"    starts it; prints the variables that docker and Testcontainers need
#   scripts/docker-engine.sh down DIR            stops it, with all its containers
#
# DIR is .docker-engine below the project if left out; images stay in it for the next time. Changes: installs Debian's docker.io where there
# is no dockerd (needs root).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/lib.sh
source "$root/scripts/lib.sh"

main() {
  local command=${1:-} folder=${2:-$root/.docker-engine}
  case $command in
    up | down) ;;
    *) fail 2 "unknown command: command=$command (expected: up [DIR] or down [DIR])" ;;
  esac
  mkdir -p "$folder"
  folder=$(cd "$folder" && pwd)
  export DOCKER_HOST=unix://$folder/docker.sock
  "$command" "$folder"
}

up() {
  local folder=$1
  install_engine
  if ! answers; then
    start "$folder"
  fi
  # Ryuk would need a privileged container and a second image; down removes what is left over instead. Without the host override
  # Testcontainers looks for its host from inside a helper container.
  printf 'export DOCKER_HOST=%q TESTCONTAINERS_RYUK_DISABLED=true TESTCONTAINERS_HOST_OVERRIDE=127.0.0.1\n' "$DOCKER_HOST"
}

install_engine() {
  if command -v dockerd >/dev/null && command -v docker >/dev/null && command -v ip >/dev/null; then
    return
  fi
  command -v apt-get >/dev/null || fail 3 "no dockerd, and no apt-get to install it with (install Docker)"
  say "installing docker.io"
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io iproute2 >&2
}

start() {
  local folder=$1 log=$1/dockerd.log _
  rm -f "$folder/dockerd.pid"
  remove_bridge "$folder"
  add_bridge "$folder"
  # A session of its own: a Ctrl-C for the tests must not take the engine from under them.
  setsid dockerd --host "$DOCKER_HOST" --bridge "$(<"$folder/bridge")" --pidfile "$folder/dockerd.pid" --data-root "$folder/data" --exec-root "$folder/exec" --ip 127.0.0.1 \
    --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false >>"$log" 2>&1 </dev/null &
  for _ in {1..120}; do
    answers && return
    sleep 0.25
  done
  tail -20 "$log" >&2
  fail 3 "Docker engine did not start: log=$log (its end is above)"
}

answers() {
  docker version >/dev/null 2>&1
}

down() {
  local folder=$1 pid containers
  if answers; then
    mapfile -t containers < <(docker ps --all --quiet)
    ((${#containers[@]} == 0)) || docker rm --force --volumes "${containers[@]}" >/dev/null
  fi
  if [[ -f $folder/dockerd.pid ]]; then
    pid=$(<"$folder/dockerd.pid")
    kill "$pid" 2>/dev/null || true
    for _ in {1..120}; do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.25
    done
    kill -KILL "$pid" 2>/dev/null || true
  fi
  remove_bridge "$folder"
}

# add_bridge FOLDER: the first free one of tapestream0, tapestream1 ...; making it takes the name.
add_bridge() {
  local folder=$1 n
  for n in {0..254}; do
    if ip link add "tapestream$n" type bridge 2>/dev/null; then
      printf 'tapestream%d\n' "$n" >"$folder/bridge"
      ip address add "10.213.$n.1/24" dev "tapestream$n"
      ip link set "tapestream$n" up
      return
    fi
  done
  fail 3 "no network bridge could be made (needs root, and Linux with bridges)"
}

remove_bridge() {
  local folder=$1
  [[ ! -f $folder/bridge ]] || ip link delete "$(<"$folder/bridge")" 2>/dev/null || true
  rm -f "$folder/bridge"
}

main "$@"
