"""Settings of this site, as graphite-web's documentation asks for in local_settings.py."""
import os

SECRET_KEY = os.environ.get("SECRET_KEY", "only-for-trying-it-out")
ALLOWED_HOSTS = ["*"]
TIME_ZONE = "UTC"
LOG_DIR = os.path.join(os.environ["GRAPHITE_STORAGE_DIR"], "log", "webapp")
