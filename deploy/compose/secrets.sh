#!/bin/sh
# secrets.sh [FOLDER]: make the secrets that compose.yaml hands to its containers, in ./secrets. What is there stays as it is, so it can
# be run again, such as after an upgrade that needs a new one. It needs a shell and the usual small programs; no Python.
#
#   POSTGRES=db.example.go.jp:5432/madoguchi?sslmode=verify-full   another PostgreSQL (deploy/compose/external-postgres.yaml)
#   POSTGRES_ADMIN=postgresql+psycopg://admin:…@db.example.go.jp/postgres   its administrator; empty: roles and schemas are there
#   REDIS=rediss://madoguchi:…@redis.example.go.jp:6380/0           another Redis (deploy/compose/external-redis.yaml)
#   SMTP=smtp://user:…@mail.example.go.jp:587                       the mail server; without it the mailbox of the profile `mailbox`
set -eu
umask 077
folder=${1:-secrets}
mkdir -p "$folder"
cd "$folder"

# The folder is its owner's alone. The files are readable, because a container gets them with the owner and mode they have here.
put() { [ -e "$1" ] || { cat >".new" && chmod 444 .new && mv .new "$1"; }; }
random() { head -c "$1" /dev/urandom | base64 | tr -d '\n='; }
password() { random 24 | tr '+/' '-_'; }

postgres=${POSTGRES:-postgres:5432/madoguchi}
if [ -e madoguchi_owner_database_url ]; then # run again: where the others are
  postgres=$(sed 's/^[^@]*@//' madoguchi_owner_database_url)
elif [ -z "${POSTGRES:-}" ]; then
  password | put postgres_password
  printf 'postgresql+psycopg://postgres:%s@%s' "$(cat postgres_password)" "${postgres%/*}/postgres" | put madoguchi_admin_database_url
fi
printf '%s' "${POSTGRES_ADMIN:-}" | put madoguchi_admin_database_url
: | put postgres_password # an empty one where the server is another, as with Redis below
for role in owner operator backup intake review notify opendata; do
  printf 'postgresql+psycopg://madoguchi_%s:%s@%s' "$role" "$(password)" "$postgres" | put "madoguchi_${role}_database_url"
done

if [ ! -e madoguchi_broker_url ] && [ -z "${REDIS:-}" ]; then
  rm -f redis_acl
  key=$(password)
  # Queues, and what Celery keeps beside them; nothing that looks at or ends what others do.
  printf 'user default off\nuser madoguchi on #%s ~* &* +@all -@admin -@dangerous +info +config|get\n' \
    "$(printf %s "$key" | sha256sum | cut -d' ' -f1)" | put redis_acl
  printf 'redis://madoguchi:%s@redis:6379/0' "$key" | put madoguchi_broker_url
fi
printf '%s' "${REDIS:-}" | put madoguchi_broker_url
: | put redis_acl

# Personal fields are encrypted from the first start on. A house that is upgraded begins with it later (docs/operating.md): an
# older version beside cannot read what is encrypted.
if [ -e madoguchi_secret_key ]; then : | put madoguchi_sealing_keys; fi
{ printf first:; random 32; echo =; } | tr -d '\n' | put madoguchi_sealing_keys
random 48 | put madoguchi_secret_key
password | put madoguchi_metrics_token
password | put grafana_password
{ random 32; echo =; } | tr -d '\n' | put madoguchi_audit_key
printf '%s' "${SMTP:-smtp://mailbox:1025}" | put madoguchi_notify_smtp_url
echo "The secrets are in $PWD. Keep a copy where the backups are not: what is encrypted or signed with them is lost without them."
