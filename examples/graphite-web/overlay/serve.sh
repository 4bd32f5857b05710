#!/bin/sh
# Prepares the storage directory, then serves.
set -eu
cd "$(dirname "$0")"
mkdir -p "$GRAPHITE_STORAGE_DIR/log/webapp" "$GRAPHITE_STORAGE_DIR/whisper" "$GRAPHITE_STORAGE_DIR/lists"
/usr/bin/python3 webapp/manage.py migrate --run-syncdb --noinput
exec /usr/bin/python3 /usr/bin/gunicorn --workers 1 --threads 4 --bind "0.0.0.0:${PORT}" graphite.wsgi:application
