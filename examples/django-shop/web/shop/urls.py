from pathlib import Path

from django.urls import path, re_path
from django.views.static import serve

from . import views

urlpatterns = [
    path("", views.catalogue, name="catalogue"),
    path("article/<slug:sku>/", views.article, name="article"),
    path("cart/", views.cart, name="cart"),
    path("cart/add/<slug:sku>/", views.cart_add, name="cart-add"),
    path("cart/remove/<slug:sku>/", views.cart_remove, name="cart-remove"),
    path("cart/discount/", views.cart_discount, name="cart-discount"),
    path("checkout/", views.checkout, name="checkout"),
    path("order/<str:code>/", views.order, name="order"),
    path("healthz", views.healthz, name="healthz"),
    re_path(r"^static/(?P<path>.+)$", serve, {"document_root": Path(__file__).parent / "static"}),
]
