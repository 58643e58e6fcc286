/** What is told of an offer. The contract with consumers is `docs/offer-event.schema.json`. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export const SOURCE = 'daymark.offers';

/** The first revision of an item's day, and the deeper ones after it. */
export const DETAIL_TYPES = ['OfferPublished', 'OfferDeepened'] as const;

export type DetailType = (typeof DETAIL_TYPES)[number];

/** How DynamoDB writes an attribute: a text, or a number as a text. */
type AttributeType = 'S' | 'N';

/**
 * The fields of an event, each with its type in the offers table. `inputs`, which may have hundreds
 * of kilobytes, is not among them, nor is what only analysts read: so every event is small.
 */
export const FIELDS: Readonly<Record<string, AttributeType>> = {
  offer_id: 'S',
  store_id: 'S',
  business_date: 'S',
  sku: 'S',
  revision: 'N',
  valid_from: 'S',
  valid_until: 'S',
  currency: 'S',
  regular_price: 'N',
  was_price: 'N',
  price: 'N',
  discount_percent: 'N',
  on_hand: 'N',
  piece: 'N',
  reason: 'S',
  arm: 'S',
  trust: 'S',
  policy_version: 'S',
};

export const SCHEMA_FILE = resolve(__dirname, '../../../../docs/offer-event.schema.json');

/** The schema as text. */
export function schema(): string {
  return readFileSync(SCHEMA_FILE, 'utf8');
}

/**
 * The input template of a pipe. A path without quotes around it stands for the JSON value that is
 * found there. Both types are JSON texts there, so prices stay the decimals that they are.
 */
export function inputTemplate(): string {
  const fields = Object.entries(FIELDS).map(
    ([name, type]) => `"${name}": <$.dynamodb.NewImage.${name}.${type}>`,
  );
  return `{${fields.join(', ')}}`;
}

/** What a pipe lets through: new offers that are on the shelf, the first or the later ones. */
export function filterPattern(detailType: DetailType): object {
  const first = '1';
  return {
    eventName: ['INSERT'],
    dynamodb: {
      NewImage: {
        shadow: { BOOL: [false] },
        revision: { N: [detailType === 'OfferPublished' ? first : { 'anything-but': [first] }] },
      },
    },
  };
}
