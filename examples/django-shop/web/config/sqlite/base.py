"""
SQLite for several writers. A transaction takes the write lock when it begins and waits for it, as long as `timeout` says. With Django's own
backend it begins as a reader, and when another process writes before it does, it fails at once: "database is locked".
"""
from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    def _start_transaction_under_autocommit(self):
        self.cursor().execute("BEGIN IMMEDIATE")
