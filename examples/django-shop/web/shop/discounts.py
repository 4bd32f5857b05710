"""Discount codes. A discount takes a percentage off the whole order."""

DISCOUNTS = {
    "SPRING": {"percent": 15, "label": "Spring sale"},
    "STUDENT": {"percent": 10, "label": "For students"},
}


def find(code):
    """The discount of a code, however it was typed; None when there is none."""
    return DISCOUNTS.get(code.strip().upper())


def saving(discount, subtotal_cents):
    """What a discount takes off, in cents, rounded down."""
    return subtotal_cents * discount["percent"] // 100
