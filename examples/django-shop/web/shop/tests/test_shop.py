import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from django.core.management import call_command
from django.test import TestCase, override_settings

from shop.models import Order


class PricingStandIn(BaseHTTPRequestHandler):
    """Answers as the pricing service does, without shipping and tax."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        subtotal = sum(item["unitCents"] * item["quantity"] for item in body["items"])
        discount = subtotal * body["percentOff"] // 100
        answer = json.dumps({"subtotalCents": subtotal, "discountCents": discount, "totalCents": subtotal - discount})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_):
        pass


class ShopTests(TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pricing = HTTPServer(("127.0.0.1", 0), PricingStandIn)
        threading.Thread(target=cls.pricing.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.pricing.shutdown()
        cls.pricing.server_close()
        super().tearDownClass()

    @classmethod
    def setUpTestData(cls):
        call_command("seed")

    def test_the_catalogue_shows_every_article_and_filters_by_category(self):
        self.assertContains(self.client.get("/"), "Brewer No. 3")
        desk = self.client.get("/?category=Desk")
        self.assertContains(desk, "Brass pen")
        self.assertNotContains(desk, "Brewer No. 3")

    def test_an_article_that_is_not_sold_is_not_found(self):
        self.assertEqual(self.client.get("/article/nothing/").status_code, 404)

    def test_the_cart_adds_up_and_forgets(self):
        for _ in range(2):
            self.client.post("/cart/add/brass-pen/")
        self.client.post("/cart/add/cedar-candle/")
        self.assertContains(self.client.get("/cart/"), "€110.00")
        self.client.post("/cart/remove/brass-pen/")
        self.assertContains(self.client.get("/cart/"), "€26.00")

    def test_a_discount_code_lowers_the_total_in_the_cart(self):
        self.client.post("/cart/add/dotted-notebook/")
        self.assertContains(self.client.post("/cart/discount/", {"code": "nonsense"}, follow=True), "do not know")
        page = self.client.post("/cart/discount/", {"code": "spring"}, follow=True)
        self.assertContains(page, "Spring sale")
        self.assertContains(page, "€12.67")

    def test_checkout_places_an_order_and_empties_the_cart(self):
        self.client.post("/cart/add/desk-lamp/")
        with override_settings(PRICING_URL=f"http://127.0.0.1:{self.pricing.server_port}"):
            page = self.client.post("/checkout/", {"email": "jane@example.org"}, follow=True)
        self.assertContains(page, "Thank you")
        order = Order.objects.get()
        self.assertEqual((order.total_cents, order.email, order.status), (12900, "jane@example.org", Order.PLACED))
        self.assertContains(self.client.get("/cart/"), "It is empty")

    def test_checkout_of_an_empty_cart_places_nothing(self):
        self.client.post("/checkout/")
        self.assertEqual(Order.objects.count(), 0)

    def test_it_is_healthy(self):
        self.assertEqual(self.client.get("/healthz").json(), {"ok": True, "articles": 9})
