from django.conf import settings

from .cart import Cart


def shop(request):
    """What every page shows: how much is in the cart, and which release serves it."""
    return {"cart_count": Cart(request.session).count, "release": settings.RELEASE}
