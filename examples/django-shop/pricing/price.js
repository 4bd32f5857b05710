/** Orders from this many cents are sent for free; below, sending costs `shippingCents`. */
export const freeShippingFrom = 5000;
export const shippingCents = 490;
/** Tax is part of every price. */
const taxPercent = 19;

export class BadCart extends Error {}

function wholeNumber(value, what, most) {
  if (!Number.isInteger(value) || value < 0 || value > most) {
    throw new BadCart(`${what} must be a whole number from 0 to ${most}`);
  }
  return value;
}

/** What a cart costs, in cents. Throws BadCart for anything that is no cart. */
export function priceOf(cart) {
  if (!Array.isArray(cart?.items) || cart.items.length === 0 || cart.items.length > 100) {
    throw new BadCart('items must be a list of 1 to 100');
  }
  const percentOff = wholeNumber(cart.percentOff ?? 0, 'percentOff', 100);
  const lines = cart.items.map((item) => {
    const quantity = wholeNumber(item?.quantity, 'quantity', 1000);
    const unitCents = wholeNumber(item?.unitCents, 'unitCents', 10_000_000);
    return { sku: String(item.sku), quantity, unitCents, totalCents: quantity * unitCents };
  });
  const subtotalCents = lines.reduce((sum, line) => sum + line.totalCents, 0);
  const discountCents = Math.floor((subtotalCents * percentOff) / 100);
  const goodsCents = subtotalCents - discountCents;
  const shipping = goodsCents >= freeShippingFrom ? 0 : shippingCents;
  const totalCents = goodsCents + shipping;
  const taxCents = Math.round((totalCents * taxPercent) / (100 + taxPercent));
  return { lines, subtotalCents, discountCents, shippingCents: shipping, taxCents, totalCents };
}
