from django.db import models


class Article(models.Model):
    sku = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    description = models.TextField()
    category = models.CharField(max_length=40)
    # Prices are whole cents: sums of them are exact.
    price_cents = models.PositiveIntegerField()
    symbol = models.CharField(max_length=8)
    hue = models.PositiveSmallIntegerField(default=30)

    class Meta:
        ordering = ["category", "name"]

    def __str__(self):
        return self.name


class Order(models.Model):
    PLACED, PACKED, SHIPPED = "placed", "packed", "shipped"
    STATUSES = [(PLACED, "Placed"), (PACKED, "Packed"), (SHIPPED, "On its way")]

    code = models.CharField(max_length=12, unique=True)
    email = models.EmailField()
    status = models.CharField(max_length=10, choices=STATUSES, default=PLACED)
    discount_code = models.CharField(max_length=20, blank=True)
    discount_cents = models.PositiveIntegerField(default=0)
    total_cents = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self):
        return self.code


class OrderLine(models.Model):
    order = models.ForeignKey(Order, related_name="lines", on_delete=models.CASCADE)
    article = models.ForeignKey(Article, on_delete=models.PROTECT)
    quantity = models.PositiveSmallIntegerField()
    total_cents = models.PositiveIntegerField()
