/** Format of offer events. `docs/offer-event.schema.json` is the contract with consumers. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export const SOURCE = 'daymark.offers';

/** Events of the first revision of an item's day, and of the later ones with a lower price. */
export const DETAIL_TYPES = ['OfferPublished', 'OfferDeepened'] as const;

export type DetailType = (typeof DETAIL_TYPES)[number];

/** DynamoDB's type of an attribute: a text, or a number written as text. */
type AttributeType = 'S' | 'N';

/**
 * Fields of an event, with their types in the offers table. Events omit `inputs`, which can have
 * hundreds of kilobytes, and fields for analysts only. So every event is small.
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
  price: 'N',
  label_was_price: 'S',
  label_percent_off: 'S',
  discount_percent: 'N',
  on_hand: 'N',
  piece: 'N',
  reason: 'S',
  arm: 'S',
  trust: 'S',
  policy_version: 'S',
};

/** JSON schema of an event, as text. */
export const SCHEMA = readFileSync(
  resolve(__dirname, '../../../../docs/offer-event.schema.json'),
  'utf8',
);

/**
 * Returns the input template of a pipe. A path without quotes stands for the JSON value at that
 * path. Numbers are JSON texts there too, so prices keep their decimals.
 */
export function inputTemplate(): string {
  const fields = Object.entries(FIELDS).map(
    ([name, type]) => `"${name}": <$.dynamodb.NewImage.${name}.${type}>`,
  );
  return `{${fields.join(', ')}}`;
}

/** Returns the filter of a pipe: new offers that customers see, of the first or of later revisions. */
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
