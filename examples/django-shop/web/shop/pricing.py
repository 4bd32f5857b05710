"""Client of the pricing service, which knows about taxes and shipping."""
import json
import urllib.request

from django.conf import settings

TIMEOUT_SECONDS = 3


def quote(lines, percent_off=0):
    """What these cart lines cost: a dict of cents (subtotal, discount, shipping, tax, total)."""
    body = {
        "items": [
            {"sku": line["article"].sku, "quantity": line["quantity"], "unitCents": line["article"].price_cents}
            for line in lines
        ],
        "percentOff": percent_off,
    }
    request = urllib.request.Request(
        settings.PRICING_URL + "/price",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
        return json.load(response)
