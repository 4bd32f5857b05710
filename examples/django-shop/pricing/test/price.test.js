import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createApp } from '../app.js';
import { BadCart, priceOf, shippingCents } from '../price.js';

const lamp = { sku: 'desk-lamp', quantity: 1, unitCents: 12900 };
const candle = { sku: 'cedar-candle', quantity: 1, unitCents: 2600 };

describe('what a cart costs', () => {
  test('adds up, and large orders are sent for free', () => {
    assert.equal(priceOf({ items: [lamp, { ...candle, quantity: 2 }] }).totalCents, 18100);
    assert.equal(priceOf({ items: [lamp] }).shippingCents, 0);
    assert.equal(priceOf({ items: [candle] }).totalCents, 2600 + shippingCents);
  });

  test('takes a percentage off before shipping', () => {
    const price = priceOf({ items: [{ ...candle, quantity: 2 }], percentOff: 15 });
    assert.equal(price.discountCents, 780);
    assert.equal(price.totalCents, 5200 - 780 + shippingCents);
  });

  test('says how much of it is tax', () => {
    assert.equal(priceOf({ items: [{ sku: 'a', quantity: 1, unitCents: 11900 }] }).taxCents, 1900);
  });

  for (const [what, cart] of Object.entries({
    nothing: undefined,
    'no items': { items: [] },
    'a negative quantity': { items: [{ ...lamp, quantity: -1 }] },
    'a price of null': { items: [{ ...lamp, unitCents: null }] },
    'a discount of 150 %': { items: [lamp], percentOff: 150 },
  })) {
    test(`refuses ${what}`, () => assert.throws(() => priceOf(cart), BadCart));
  }
});

describe('the service', () => {
  let url;
  const server = createApp();
  before(async () => {
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${server.address().port}`;
  });
  after(() => server.close());
  const post = (body) => fetch(`${url}/price`, { method: 'POST', body });

  test('is healthy', async () => assert.deepEqual(await (await fetch(`${url}/healthz`)).json(), { ok: true }));
  test('answers with a price', async () => {
    const response = await post(JSON.stringify({ items: [lamp] }));
    assert.equal((await response.json()).totalCents, 12900);
  });
  test('refuses what is no cart with 400', async () => {
    assert.equal((await post('not json')).status, 400);
    assert.equal((await post('{"items":[]}')).status, 400);
  });
});
