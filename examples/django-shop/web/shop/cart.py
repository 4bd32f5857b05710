from .models import Article

MOST_OF_ONE = 20


class Cart:
    """What a visitor wants to buy, kept in the session as {sku: quantity}."""

    def __init__(self, session):
        self.session = session
        self.quantities = session.get("cart", {})

    @property
    def count(self):
        return sum(self.quantities.values())

    def add(self, sku, quantity=1):
        self.quantities[sku] = min(MOST_OF_ONE, self.quantities.get(sku, 0) + quantity)
        self._save()

    def remove(self, sku):
        self.quantities.pop(sku, None)
        self._save()

    def clear(self):
        self.quantities = {}
        self.session.pop("discount", None)
        self._save()

    def lines(self):
        """Articles with their quantity and sum, in the order of the catalogue; articles no longer sold are left out."""
        articles = Article.objects.filter(sku__in=self.quantities)
        return [
            {"article": article, "quantity": self.quantities[article.sku], "cents": article.price_cents * self.quantities[article.sku]}
            for article in articles
        ]

    def _save(self):
        self.session["cart"] = self.quantities
