#!/bin/sh
# roll.sh [SERVICE...]: replace running containers by such of the present images and settings, one service after the other, with nobody
# noticing: migrate; then for each service start as many again, wait until they are ready, and end the old ones.
set -eu
cd "$(dirname "$0")/../.."
services=${*:-intake review notify opendata console intake-worker review-worker notify-worker opendata-worker beat}

docker compose run --rm --no-deps -T migrate
for service in $services; do
  old=$(docker compose ps --quiet "$service")
  count=$(echo "$old" | grep -c . || true)
  docker compose up --detach --no-deps --no-recreate --wait --scale "$service=$((count * 2 > 0 ? count * 2 : 1))" "$service"
  for container in $old; do
    docker stop --time 60 "$container" >/dev/null
    docker rm --volumes "$container" >/dev/null
  done
done
# It alone holds the port, so it can't be there twice: away for a second or two, if it changed at all.
docker compose up --detach --no-deps --wait gateway
