/** Payloads of the release check, and the rules for the answers. No I/O. */

import { Buffer } from 'node:buffer';

/**
 * Reserved beginning of store ids. These stores are in no catalogue, so they are never priced. Each
 * check of a deployment has its own, so that no other event is in the same partition of the log.
 */
export const STORE = 'daymark-release-check';

const SLOT_MS = 15 * 60_000;
const IDENTIFIER_CHARS_MAX = 64;

/**
 * @typedef {object} Check
 * @property {object} payload Payload of the invocation.
 * @property {(answer: unknown) => string | undefined} problemOf Describes the problem of an answer.
 * @property {string} [partition] Partition of the stock log that must hold the event afterwards.
 */

/** @typedef {{ deploymentId: string, now: Date }} Release */

/**
 * Checks of the functions that serve traffic, in order, by the functions' names without the stage.
 *
 * @type {Readonly<Record<string, (release: Release) => Check[]>>}
 */
export const CHECKS = {
    /** A request with an event, which must arrive in the stock log through the stream. */
    ingest: (release) => {
        const event = receipt('ingest', release);
        const partition = partitionOf(event);
        return [{ payload: request(event, release), problemOf: notStored, partition }];
    },
    /** A batch with one record that is not in the stream. */
    'stock-processor': (release) => {
        const event = receipt('stock-processor', release);
        const partition = partitionOf(event);
        return [{ payload: streamBatch(event, release), problemOf: notProcessed, partition }];
    },
    /**
     * A store that is in no catalogue: the function reads the tables and finds nothing to decide.
     * Then two items of a store that exists nowhere, for which it decides without the tables.
     */
    pricing: (release) => [
        { payload: queueBatch('pricing', release), problemOf: notProcessed },
        { payload: { decide: [MUCH, LITTLE] }, problemOf: notDecided },
    ],
    /** A store that is in no catalogue: the function reads the tables and closes nothing. */
    'day-close': (release) => [
        { payload: queueBatch('day-close', release), problemOf: notProcessed },
    ],
};

/**
 * Request of the `decide` format for an item that usually sells four pieces in the two hours before
 * the close.
 *
 * @param {string} sku
 * @param {number} onHand
 */
function decideRequest(sku, onHand) {
    return {
        request_id: sku,
        store_id: STORE,
        sku,
        as_of: '2026-03-12T16:00:00+01:00',
        closes_at: '2026-03-12T18:00:00+01:00',
        on_hand: onHand,
        regular_price: '4.00',
        unit_cost: '1.00',
        profile: {
            basis: 'sku',
            days: 28,
            slots: [{ start: '08:00', end: '18:00', units: 20 }],
        },
        policy: { ladder_percent: [0, 20, 40, 60] },
    };
}

/** Item of which most would be left. It must be offered at a step of the ladder. */
const MUCH = decideRequest('much', 40);
/** Item that sells out. It must keep its price. */
const LITTLE = decideRequest('little', 1);

/** @typedef {ReturnType<typeof receipt>} Receipt */

/**
 * Returns an event in canonical form. Its store is named after the check and the deployment. An
 * event that is sent twice counts once.
 *
 * @param {string} check
 * @param {Release} release
 */
export function receipt(check, { deploymentId, now }) {
    const id = `${STORE}:${check}:${deploymentId}`.slice(0, IDENTIFIER_CHARS_MAX);
    return {
        event_id: id,
        kind: 'receipt',
        store_id: id,
        terminal_id: 'release-check',
        sku: id,
        quantity: '1',
        unit: 'EA',
        occurred_at: now.toISOString(),
    };
}

/**
 * Returns the partition of an event in the stock log: `store#date`, with the date in UTC.
 *
 * @param {Receipt} event
 */
export function partitionOf(event) {
    return `${event.store_id}#${event.occurred_at.slice(0, 10)}`;
}

/**
 * Returns the payload of API Gateway for `POST /v1/internal/events` after the check of an IAM
 * signature. Source: API Gateway, HTTP APIs, payload format 2.0.
 *
 * @param {Receipt} event
 * @param {Release} release
 */
export function request(event, { deploymentId, now }) {
    const path = '/v1/internal/events';
    return {
        version: '2.0',
        routeKey: `POST ${path}`,
        rawPath: path,
        rawQueryString: '',
        headers: { 'content-type': 'application/json', host: 'release-check' },
        requestContext: {
            accountId: '000000000000',
            apiId: 'release-check',
            authorizer: {
                iam: {
                    accessKey: 'release-check',
                    accountId: '000000000000',
                    callerId: 'release-check',
                    userArn: 'arn:aws:iam::000000000000:role/release-check',
                    userId: 'release-check',
                },
            },
            domainName: 'release-check',
            domainPrefix: 'release-check',
            http: {
                method: 'POST',
                path,
                protocol: 'HTTP/1.1',
                sourceIp: '127.0.0.1',
                userAgent: 'daymark-release-check',
            },
            requestId: deploymentId,
            routeKey: `POST ${path}`,
            stage: '$default',
            time: now.toISOString(),
            timeEpoch: now.getTime(),
        },
        body: JSON.stringify(event),
        isBase64Encoded: false,
    };
}

/**
 * Returns the payload of an event source mapping of Kinesis, with one record.
 *
 * @param {Receipt} event
 * @param {Release} release
 */
export function streamBatch(event, { now }) {
    const sequenceNumber = String(now.getTime());
    return {
        Records: [
            {
                kinesis: {
                    kinesisSchemaVersion: '1.0',
                    partitionKey: event.store_id,
                    sequenceNumber,
                    data: Buffer.from(JSON.stringify(event)).toString('base64'),
                    approximateArrivalTimestamp: now.getTime() / 1000,
                },
                eventSource: 'aws:kinesis',
                eventVersion: '1.0',
                eventID: `shardId-000000000000:${sequenceNumber}`,
                eventName: 'aws:kinesis:record',
                eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/release-check',
            },
        ],
    };
}

/**
 * Returns the payload of an event source mapping of SQS, with one message for the current slot.
 *
 * @param {string} queue
 * @param {Release} release
 */
export function queueBatch(queue, { deploymentId, now }) {
    const due = startOf(now, SLOT_MS).toISOString().replace('.000Z', 'Z');
    return {
        Records: [
            {
                messageId: deploymentId,
                receiptHandle: 'release-check',
                body: JSON.stringify({ store_id: STORE, due }),
                attributes: {
                    ApproximateReceiveCount: '1',
                    SentTimestamp: String(now.getTime()),
                    SenderId: 'release-check',
                    ApproximateFirstReceiveTimestamp: String(now.getTime()),
                    SequenceNumber: '1',
                    MessageGroupId: STORE,
                    MessageDeduplicationId: `${STORE}@${due}`,
                },
                messageAttributes: {},
                eventSource: 'aws:sqs',
                eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${queue}.fifo`,
                awsRegion: 'us-east-1',
            },
        ],
    };
}

/**
 * Describes an answer that does not say `stored`.
 *
 * @param {unknown} answer
 * @returns {string | undefined}
 */
export function notStored(answer) {
    const { statusCode, body, isBase64Encoded } = fieldsOf(answer);
    if (typeof body !== 'string') return `no HTTP answer: ${JSON.stringify(answer)}`;
    const text = isBase64Encoded ? Buffer.from(body, 'base64').toString() : body;
    const results = fieldsOf(jsonOf(text))['results'];
    const status = Array.isArray(results) ? fieldsOf(results[0])['status'] : undefined;
    return status === 'stored' ? undefined : `the event was not stored: ${statusCode} ${text}`;
}

/**
 * Describes an answer with failed items.
 *
 * @param {unknown} answer
 * @returns {string | undefined}
 */
export function notProcessed(answer) {
    const failures = fieldsOf(answer)['batchItemFailures'];
    const isProcessed = Array.isArray(failures) && failures.length === 0;
    return isProcessed ? undefined : `the batch was not processed: ${JSON.stringify(answer)}`;
}

/**
 * Describes an answer that does not offer the one item and keep the price of the other.
 *
 * @param {unknown} answer
 * @returns {string | undefined}
 */
export function notDecided(answer) {
    const { decisions } = fieldsOf(answer);
    const [much, little, ...more] = Array.isArray(decisions) ? decisions.map(fieldsOf) : [];
    const isOffered =
        much?.['request_id'] === MUCH.request_id &&
        much['action'] === 'change' &&
        ['3.20', '2.40', '1.60'].includes(String(much['price']));
    const isKept =
        little?.['request_id'] === LITTLE.request_id &&
        little['action'] === 'keep' &&
        little['price'] === LITTLE.regular_price;
    return isOffered && isKept && more.length === 0
        ? undefined
        : `the two items were not decided as they must be: ${JSON.stringify(answer)}`;
}

/**
 * @param {Date} now
 * @param {number} lengthMs
 */
function startOf(now, lengthMs) {
    return new Date(now.getTime() - (now.getTime() % lengthMs));
}

/**
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
function fieldsOf(value) {
    return typeof value === 'object' && value !== null
        ? /** @type {Record<string, unknown>} */ (value)
        : {};
}

/** @param {string} text */
function jsonOf(text) {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}
