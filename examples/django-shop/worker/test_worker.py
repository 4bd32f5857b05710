import sqlite3
import tempfile
import unittest
from pathlib import Path

import orders
import worker


class OrdersTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = Path(directory.name) / "shop.sqlite3"
        made = sqlite3.connect(self.path)
        made.execute(
            "CREATE TABLE shop_order (id INTEGER PRIMARY KEY, code TEXT, status TEXT, total_cents INTEGER, updated_at TEXT)"
        )
        made.executemany(
            "INSERT INTO shop_order (code, status, total_cents, updated_at) VALUES (?, ?, ?, datetime('now', ?))",
            [("OLD", "placed", 500, "-1 minute"), ("NEW", "placed", 700, "+0 seconds"), ("GONE", "shipped", 900, "-1 hour")],
        )
        made.commit()
        made.close()
        self.database = orders.connect(self.path)
        self.addCleanup(self.database.close)

    def statuses(self):
        return dict(self.database.execute("SELECT code, status FROM shop_order"))

    def test_the_oldest_order_is_taken_once_its_time_has_come(self):
        self.assertEqual(orders.advance(self.database, "placed", "packed", 30), ("OLD", 500))
        self.assertIsNone(orders.advance(self.database, "placed", "packed", 30))
        self.assertEqual(self.statuses(), {"OLD": "packed", "NEW": "placed", "GONE": "shipped"})

    def test_two_workers_never_take_the_same_order(self):
        other = orders.connect(self.path)
        self.addCleanup(other.close)
        taken = [orders.advance(one, "placed", "packed", 0) for one in (self.database, other, self.database)]
        self.assertEqual([one and one[0] for one in taken], ["OLD", "NEW", None])

    def test_an_order_is_packed_before_it_is_shipped(self):
        worker.PACKING_SECONDS = 0
        self.assertEqual(worker.turn(self.database), 1)
        self.assertEqual(self.statuses()["OLD"], "packed")
        while worker.turn(self.database):
            pass
        self.assertEqual(set(self.statuses().values()), {"shipped"})

    def test_a_database_that_is_not_there_yet_is_waited_for(self):
        self.assertIsNone(orders.connect(self.path.with_name("other.sqlite3")))


if __name__ == "__main__":
    unittest.main()
