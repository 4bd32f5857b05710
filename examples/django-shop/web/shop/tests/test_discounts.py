from django.test import SimpleTestCase

from shop import discounts


class DiscountTests(SimpleTestCase):
    def test_a_code_is_found_however_it_is_typed(self):
        self.assertEqual(discounts.find(" spring ")["label"], "Spring sale")
        self.assertIsNone(discounts.find("WINTER"))

    def test_a_percentage_is_rounded_down_to_cents(self):
        self.assertEqual(discounts.saving(discounts.find("SPRING"), 1990), 298)
