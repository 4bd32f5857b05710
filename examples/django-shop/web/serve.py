"""Brings the database up to date, one instance at a time, and becomes gunicorn."""
import fcntl
import os
import sys
from pathlib import Path

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

database = Path(settings.DATABASES["default"]["NAME"])
database.parent.mkdir(parents=True, exist_ok=True)
with open(f"{database}.lock", "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    # Readers do not wait for the writer then. It is a property of the file; a process that finds it so changes nothing.
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode=WAL")
    call_command("migrate", verbosity=0, interactive=False)
    call_command("seed")

port = os.environ.get("PORT", "8000")
arguments = ["--bind", f"0.0.0.0:{port}", "--worker-class", "gthread", "--threads", "8", "--worker-tmp-dir", "/dev/shm", "--graceful-timeout", "20"]
os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *arguments, "config.wsgi"])
