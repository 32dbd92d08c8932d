#!/bin/sh
# roll.sh: bring what runs to the present images and settings with nobody noticing: migrate; then, for the services and afterwards for
# their workers, start as many containers again, wait until they are ready, and end the old ones. Needs about 500 MB of memory more
# meanwhile. Other parts (PostgreSQL, Redis, the gateway …) are replaced at the end, if they changed at all.
set -eu
cd "$(dirname "$0")/../.."

# Without --no-deps all along: Compose would take it for another configuration, and replace everything at the next `up`.
docker compose up --detach migrate
migrated=$(docker wait "$(docker compose ps --all --quiet migrate)")
if [ "$migrated" != 0 ]; then
  docker compose logs migrate
  echo "The database could not be migrated; everything runs on as before." >&2
  exit 1
fi

roll() {
  old='' scales=''
  for service in "$@"; do
    running=$(docker compose ps --quiet "$service")
    old="$old $running"
    count=$(echo "$running" | grep -c . || true)
    scales="$scales --scale $service=$((count > 0 ? count * 2 : 1))"
  done
  # shellcheck disable=SC2086 # several words each
  if ! docker compose up --detach --no-recreate --wait $scales "$@"; then
    for container in $(docker compose ps --all --quiet "$@"); do
      case " $(echo $old) " in *" $container "*) ;; *) docker rm --force --volumes "$container" >/dev/null ;; esac
    done
    echo "The new containers did not become ready; what was there runs on." >&2
    exit 1
  fi
  for container in $old; do
    docker stop --time 60 "$container" >/dev/null
    docker rm --volumes "$container" >/dev/null
  done
}

roll intake review notify opendata console
roll intake-worker review-worker notify-worker opendata-worker beat
docker compose up --detach --wait
