"""Settings of the shop. Everything that differs between environments comes from environment variables."""
import os
from pathlib import Path

import sentry_sdk
from sentry_sdk.integrations.django import DjangoIntegration

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = os.environ.get("SECRET_KEY", "only-for-development-and-the-demo")
DEBUG = os.environ.get("DEBUG") == "1"
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "*").split(",")

PRICING_URL = os.environ.get("PRICING_URL", "http://127.0.0.1:8081")
RELEASE = os.environ.get("SENTRY_RELEASE", "")

INSTALLED_APPS = ["django.contrib.sessions", "django.contrib.messages", "shop"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
# The cart lives in a signed cookie: every instance can serve every visitor.
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "shop.context.shop",
            ]
        },
    }
]
DATABASES = {
    "default": {
        # The old release, the new one and the worker share the file while a rollout is under way.
        "ENGINE": "config.sqlite",
        "NAME": os.environ.get("DATABASE_PATH", str(BASE_DIR / "shop.sqlite3")),
        "OPTIONS": {"timeout": 25},
        # Opening it for each request would tidy up the log of writes as often.
        "CONN_MAX_AGE": None,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO")},
}


def traces_sampler(context):
    """Everything but the health checks."""
    path = context.get("wsgi_environ", {}).get("PATH_INFO", "")
    return 0.0 if path == "/healthz" else 1.0


# The DSN, the release and the environment come from SENTRY_DSN, SENTRY_RELEASE and SENTRY_ENVIRONMENT; without a DSN nothing is sent.
sentry_sdk.init(integrations=[DjangoIntegration()], traces_sampler=traces_sampler)
sentry_sdk.set_tag("service", os.environ.get("MILLRACE_SERVICE", "web"))
