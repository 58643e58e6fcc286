/** Times within a slot of pricing, in seconds. */

/** A slot: `SLOT_MINUTES` in `domain/src/limits.rs`. */
const SLOT_SECONDS = 15 * 60;

/** Timeout of pricing for one store. */
export const PRICING_TIMEOUT_SECONDS = 45;

/**
 * Largest delay of pricing. Three attempts fit into the rest of the slot, with ten seconds left: a
 * failed store is hidden for six times the timeout.
 */
export const PRICING_DELAY_MAX_SECONDS = SLOT_SECONDS - 3 * 6 * PRICING_TIMEOUT_SECONDS - 10;

/**
 * Time, besides the batching window, from an event until a query of the stock log returns it. It
 * covers the request of the till, a poll of the stream, a cold start, and a write that is repeated.
 */
export const STORED_WITHIN_SECONDS = 10;
