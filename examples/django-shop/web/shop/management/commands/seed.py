from django.core.management.base import BaseCommand

from shop.models import Article

CATALOGUE = [
    ("aeropress", "Brewer No. 3", "Coffee", 3490, "☕", 24, "A press that makes one clean, quick cup. Fits in a rucksack, forgives every mistake."),
    ("beans-yirgacheffe", "Yirgacheffe, 250 g", "Coffee", 1150, "🫘", 18, "Washed Ethiopian beans with jasmine and apricot, roasted on Tuesdays, sent on Wednesdays."),
    ("hand-grinder", "Hand grinder", "Coffee", 8900, "⚙️", 210, "Forty-eight steps from espresso to French press, and quiet enough for a shared kitchen."),
    ("dotted-notebook", "Dotted notebook", "Desk", 1490, "📓", 160, "192 pages of 90-gram paper that lies flat and takes fountain pens without complaint."),
    ("brass-pen", "Brass pen", "Desk", 4200, "🖊️", 44, "Machined from one rod. It will look better in ten years than today."),
    ("desk-lamp", "Lamp Ida", "Desk", 12900, "💡", 50, "Warm light, one joint, no app. Turns on by touch and stays where you put it."),
    ("wool-throw", "Wool throw", "Home", 7900, "🧣", 350, "Woven from undyed wool of two Shetland farms. For evenings when the meeting ran long."),
    ("cedar-candle", "Cedar candle", "Home", 2600, "🕯️", 120, "Forty hours of cedar and a little smoke, poured into a glass you will keep."),
    ("field-plant", "Rubber plant", "Home", 3400, "🪴", 140, "Survives holidays. Arrives in a pot that is already the right one."),
]


class Command(BaseCommand):
    help = "Fills the catalogue; safe to run again."

    def handle(self, **options):
        for sku, name, category, cents, symbol, hue, description in CATALOGUE:
            Article.objects.update_or_create(
                sku=sku,
                defaults=dict(name=name, category=category, price_cents=cents, symbol=symbol, hue=hue, description=description),
            )
