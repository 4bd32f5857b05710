"""Asks graphite-web for data through Django's test client; writes a JUnit report to the path given."""
import json
import sys
import time
from xml.sax.saxutils import quoteattr

import django

django.setup()

from django.test import Client  # noqa: E402

CASES = {
    "version": ("/version/", lambda body: body.startswith(b'1.')),
    "constant line": (
        "/render/?target=constantLine(42)&format=json&from=-1h",
        lambda body: json.loads(body)[0]["datapoints"][0][0] == 42,
    ),
    "empty search": ("/metrics/find/?query=*&format=json", lambda body: json.loads(body) == []),
    "png": ("/render/?target=constantLine(1)&width=200&height=100", lambda body: body[:4] == b"\x89PNG"),
}

client = Client()
rows, failed = [], 0
for name, (url, holds) in CASES.items():
    started = time.monotonic()
    response = client.get(url)
    ok = response.status_code == 200 and holds(response.content)
    failed += not ok
    inner = "" if ok else f"<failure message={quoteattr(f'status {response.status_code}: {response.content[:200]!r}')}/>"
    rows.append(f"<testcase classname='render' name={quoteattr(name)} time='{time.monotonic() - started:.3f}'>{inner}</testcase>")
    print("ok" if ok else "FAILED", name, url)

with open(sys.argv[1], "w") as report:
    report.write(f"<testsuite name='render' tests='{len(rows)}' failures='{failed}'>{''.join(rows)}</testsuite>")
sys.exit(1 if failed else 0)
