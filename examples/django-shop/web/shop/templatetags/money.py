from django import template

register = template.Library()


@register.filter
def euros(cents):
    """1250 as €12.50."""
    return f"€{cents / 100:,.2f}"
