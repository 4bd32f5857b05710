from django.apps import AppConfig
from django.db.backends.signals import connection_created


def prepare_sqlite(sender, connection, **kwargs):
    """Readers do not wait for the writer, so that the old release, the new one and the worker can share the file."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=NORMAL")


class ShopConfig(AppConfig):
    name = "shop"

    def ready(self):
        connection_created.connect(prepare_sqlite)
