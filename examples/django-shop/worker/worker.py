"""Packs and ships orders in a loop until SIGTERM. Each turn touches the file `heartbeat`."""
import logging
import os
import signal
import sys
import time
from pathlib import Path

import sentry_sdk

import orders

HEARTBEAT = Path(os.environ.get("HEARTBEAT_FILE", Path(__file__).with_name("heartbeat")))
DATABASE = os.environ.get("DATABASE_PATH", str(Path(__file__).parent.parent / "web" / "shop.sqlite3"))
PACKING_SECONDS = float(os.environ.get("PACKING_SECONDS", "3"))

log = logging.getLogger("worker")


def turn(database):
    """One turn of the loop; returns how many orders moved."""
    moved = 0
    for status, to in (("packed", "shipped"), ("placed", "packed")):
        found = orders.advance(database, status, to, PACKING_SECONDS)
        if found:
            code, cents = found
            log.info("order %s over %d cents is %s", code, cents, to)
            moved += 1
    return moved


def run(stopping):
    database = None
    while not stopping():
        HEARTBEAT.touch()
        try:
            database = database or orders.connect(DATABASE)
            if database is None:
                log.info("waiting for the shop to make its database")
            elif turn(database):
                continue
        except Exception:
            # Reported and logged; the loop goes on with a fresh connection.
            log.exception("an order could not be moved on")
            database = None
        time.sleep(1)


def main():
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stdout)
    sentry_sdk.init()
    sentry_sdk.set_tag("service", os.environ.get("MILLRACE_SERVICE", "worker"))
    stopped = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.append(True))
    log.info("the worker started")
    run(lambda: bool(stopped))
    sentry_sdk.flush(2)
    log.info("the worker stopped")


if __name__ == "__main__":
    main()
