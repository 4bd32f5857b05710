"""Moves orders on: placed, packed, on its way. All SQL of the worker."""
import sqlite3


def connect(path):
    """Opens the shop's database; None while the shop has not made it yet."""
    try:
        database = sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=25, isolation_level=None)
        database.execute("SELECT 1 FROM shop_order LIMIT 1")
    except sqlite3.OperationalError:
        return None
    return database


def advance(database, status, to, older_than_seconds):
    """
    Moves the oldest order that has been in `status` for so long on to `to`. One statement takes and moves it, so two workers never
    move the same one. Returns (code, total in cents), or None when there is none.
    """
    rows = database.execute(
        """
        UPDATE shop_order SET status = ?, updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now')
        WHERE id = (
            SELECT id FROM shop_order
            WHERE status = ? AND julianday(updated_at) <= julianday('now') - ? / 86400.0
            ORDER BY id LIMIT 1
        )
        RETURNING code, total_cents
        """,
        (to, status, older_than_seconds),
    ).fetchall()
    return rows[0] if rows else None
