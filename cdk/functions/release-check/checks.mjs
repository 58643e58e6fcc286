/** What the release check sends to a new version, and how it reads the answer. No I/O. */

import { Buffer } from 'node:buffer';

/** Reserved: no shop may use it. It is in no catalogue, so nothing is ever priced or closed. */
export const STORE = 'daymark-release-check';

const WINDOW_MS = 5 * 60_000;
const SLOT_MS = 15 * 60_000;
const IDENTIFIER_CHARS_MAX = 64;

/**
 * @typedef {object} Check
 * @property {object} payload What the new version is invoked with.
 * @property {(answer: unknown) => string | undefined} fault Why the answer will not do.
 * @property {{pk: string, sk: string}} [row] The stock row that has to be there afterwards.
 */

/** @typedef {{ deploymentId: string, now: Date }} Release */

/**
 * The check of each function that serves traffic, by the function's name without its stage.
 *
 * @type {Readonly<Record<string, (release: Release) => Check>>}
 */
export const CHECKS = {
    /** A till's request, which has to come out of the stream and into the stock table. */
    ingest: (release) => {
        const event = receipt('ingest', release);
        return { payload: request(event, release), fault: notStored, row: rowOf(event) };
    },
    /** A batch of the stream, with one record that is in no stream. */
    'stock-processor': (release) => {
        const event = receipt('stock-processor', release);
        return { payload: streamBatch(event, release), fault: notTaken, row: rowOf(event) };
    },
    /** A store that no catalogue has: it is read, and nothing is decided. */
    pricing: (release) => ({ payload: queueBatch('pricing', release), fault: notTaken }),
    'day-close': (release) => ({ payload: queueBatch('day-close', release), fault: notTaken }),
};

/** @typedef {ReturnType<typeof receipt>} Receipt */

/**
 * One event in canonical form. Its item is named after the deployment, so that the row is this
 * event's alone; sent twice, it counts once.
 *
 * @param {string} check
 * @param {Release} release
 */
export function receipt(check, { deploymentId, now }) {
    const id = `${check}:${deploymentId}`.slice(0, IDENTIFIER_CHARS_MAX);
    return {
        event_id: id,
        kind: 'receipt',
        store_id: STORE,
        terminal_id: 'release-check',
        sku: id,
        quantity: '1',
        unit: 'EA',
        occurred_at: now.toISOString(),
    };
}

/**
 * The key of the stock row that the event belongs to: `store#date` and `sku#HH:MM`, by UTC.
 *
 * @param {Receipt} event
 */
export function rowOf(event) {
    const window = startOf(new Date(event.occurred_at), WINDOW_MS).toISOString();
    return {
        pk: `${event.store_id}#${window.slice(0, 10)}`,
        sk: `${event.sku}#${window.slice(11, 16)}`,
    };
}

/**
 * What API Gateway hands over for `POST /v1/internal/events`, payload format 2.0, after it has
 * checked an IAM signature.
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
 * @param {unknown} answer
 * @returns {string | undefined}
 */
export function notStored(answer) {
    const { statusCode, body, isBase64Encoded } = fieldsOf(answer);
    if (typeof body !== 'string') return `no HTTP answer: ${JSON.stringify(answer)}`;
    const text = isBase64Encoded ? Buffer.from(body, 'base64').toString() : body;
    const results = fieldsOf(parsed(text))['results'];
    const status = Array.isArray(results) ? fieldsOf(results[0])['status'] : undefined;
    return status === 'stored' ? undefined : `the event was not stored: ${statusCode} ${text}`;
}

/**
 * @param {unknown} answer
 * @returns {string | undefined}
 */
export function notTaken(answer) {
    const failures = fieldsOf(answer)['batchItemFailures'];
    const taken = Array.isArray(failures) && failures.length === 0;
    return taken ? undefined : `the batch was not taken: ${JSON.stringify(answer)}`;
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
function parsed(text) {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}
