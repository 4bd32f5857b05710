import logging
import secrets

from django.contrib import messages
from django.db import connection, transaction
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from . import discounts, pricing
from .cart import Cart
from .models import Article, Order, OrderLine

log = logging.getLogger("shop")


def catalogue(request):
    articles = Article.objects.all()
    category = request.GET.get("category", "")
    shown = articles.filter(category=category) if category else articles
    categories = sorted({article.category for article in articles})
    return render(request, "shop/catalogue.html", {"articles": shown, "categories": categories, "category": category})


def article(request, sku):
    found = get_object_or_404(Article, sku=sku)
    similar = Article.objects.filter(category=found.category).exclude(sku=sku)[:3]
    return render(request, "shop/article.html", {"article": found, "similar": similar})


def cart(request):
    current = Cart(request.session)
    lines = current.lines()
    subtotal = sum(line["cents"] for line in lines)
    code = request.session.get("discount", "")
    discount = discounts.find(code) if code else None
    saved = discounts.saving(discount, subtotal) if discount else 0
    context = {"lines": lines, "subtotal": subtotal, "discount": discount, "code": code, "saved": saved, "total": subtotal - saved}
    return render(request, "shop/cart.html", context)


@require_POST
def cart_add(request, sku):
    found = get_object_or_404(Article, sku=sku)
    Cart(request.session).add(found.sku)
    messages.success(request, f"{found.name} is in your cart.")
    return redirect("cart")


@require_POST
def cart_remove(request, sku):
    Cart(request.session).remove(sku)
    return redirect("cart")


@require_POST
def cart_discount(request):
    code = request.POST.get("code", "").strip().upper()
    if discounts.find(code):
        request.session["discount"] = code
        messages.success(request, f"The code {code} is applied.")
    else:
        request.session.pop("discount", None)
        messages.error(request, "We do not know this code.")
    return redirect("cart")


@require_POST
def checkout(request):
    current = Cart(request.session)
    lines = current.lines()
    if not lines:
        messages.error(request, "Your cart is empty.")
        return redirect("cart")
    code = request.session.get("discount", "")
    discount = discounts.find(code) if code else None
    quote = pricing.quote(lines, percent_off=discount["percent"] if discount else 0)
    with transaction.atomic():
        order = Order.objects.create(
            code=secrets.token_hex(4).upper(),
            email=request.POST.get("email", "") or "guest@shop.example",
            discount_code=code if discount else "",
            discount_cents=quote["discountCents"],
            total_cents=quote["totalCents"],
        )
        OrderLine.objects.bulk_create(
            OrderLine(order=order, article=line["article"], quantity=line["quantity"], total_cents=line["cents"])
            for line in lines
        )
    current.clear()
    log.info("order %s over %d cents was placed", order.code, order.total_cents)
    return redirect("order", code=order.code)


def order(request, code):
    found = get_object_or_404(Order.objects.prefetch_related("lines__article"), code=code)
    steps = [{"label": label, "done": index <= [s for s, _ in Order.STATUSES].index(found.status)} for index, (_, label) in enumerate(Order.STATUSES)]
    return render(request, "shop/order.html", {"order": found, "steps": steps})


def healthz(request):
    """Answers 200 when the database can be read."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM shop_article")
        (articles,) = cursor.fetchone()
    return JsonResponse({"ok": True, "articles": articles})
