import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';

import { CHECKS, rowOf, STORE } from '../release-check/checks.mjs';
import { check } from '../release-check/release-check.mjs';

const NOW = new Date('2026-11-23T14:19:30.250Z');
const VERSION = 'arn:aws:lambda:eu-central-1:111122223333:function:daymark-dev-ingest:7';
const STORED = { statusCode: 200, body: JSON.stringify({ results: [{ status: 'stored' }] }) };
const PROCESSED = { batchItemFailures: [] };

/**
 * Returns ports with a fixed answer, and a record of the calls.
 *
 * @param {unknown} answer
 * @param {{ rows?: (Record<string, unknown> | undefined)[], error?: string }} [options]
 */
function portsOf(answer, { rows = [], error } = {}) {
    /** @type {{ invoked: [string, any][], rowsRead: {pk: string, sk: string}[], slept: number }} */
    const calls = { invoked: [], rowsRead: [], slept: 0 };
    const ports = {
        /** @type {import('../release-check/release-check.mjs').Ports['invoke']} */
        async invoke(version, payload) {
            calls.invoked.push([version, payload]);
            return { error, answer };
        },
        /** @type {import('../release-check/release-check.mjs').Ports['loadRow']} */
        async loadRow(key) {
            calls.rowsRead.push(key);
            return rows[Math.min(calls.rowsRead.length, rows.length) - 1];
        },
        /** @param {number} milliseconds */
        async sleep(milliseconds) {
            calls.slept += milliseconds;
        },
        now: () => NOW,
    };
    return { calls, ports };
}

/** @param {string} functionName */
function releaseOf(functionName) {
    return { functionName, version: VERSION, deploymentId: 'd-ABCDEF123', rowSeconds: 90 };
}

test('the check of ingest sends an event and waits for its stock row', async () => {
    const { calls, ports } = portsOf(STORED, { rows: [undefined, undefined, { received: '1' }] });
    const result = await check(releaseOf('ingest'), ports);
    const [version, request] = calls.invoked[0] ?? [];
    assert.equal(version, VERSION);
    assert.equal(request.requestContext.http.path, '/v1/internal/events');
    assert.ok(request.requestContext.authorizer.iam, 'IAM signature');
    assert.equal(JSON.parse(request.body).store_id, STORE);
    assert.deepEqual(calls.rowsRead[2], {
        pk: 'daymark-release-check#2026-11-23',
        sk: 'ingest:d-ABCDEF123#14:15',
    });
    assert.match(result, /in the stock table/);
});

test('the check of the stock processor sends a batch and reads the stock row', async () => {
    const { calls, ports } = portsOf(PROCESSED, { rows: [{ received: '1' }] });
    await check(releaseOf('stock-processor'), ports);
    const kinesis = calls.invoked[0]?.[1].Records[0].kinesis;
    const event = JSON.parse(Buffer.from(kinesis.data, 'base64').toString());
    assert.equal(event.store_id, STORE);
    assert.equal(event.occurred_at, NOW.toISOString());
    assert.deepEqual(calls.rowsRead, [rowOf(event)]);
});

test('the checks of pricing and the close of day send a store that is in no catalogue', async () => {
    for (const name of ['pricing', 'day-close']) {
        const { calls, ports } = portsOf(PROCESSED);
        await check(releaseOf(name), ports);
        const body = JSON.parse(calls.invoked[0]?.[1].Records[0].body);
        assert.deepEqual(body, { store_id: STORE, due: '2026-11-23T14:15:00Z' });
    }
});

test('a version of ingest that does not answer stored fails the check', async () => {
    const rejected = { results: [{ status: 'rejected', message: 'no' }] };
    const { calls, ports } = portsOf({ statusCode: 422, body: JSON.stringify(rejected) });
    await assert.rejects(check(releaseOf('ingest'), ports), /not stored: 422/);
    assert.equal(calls.rowsRead.length, 0);
});

test('a version that reports failed items fails the check', async () => {
    for (const name of ['stock-processor', 'pricing', 'day-close']) {
        const { ports } = portsOf({ batchItemFailures: [{ itemIdentifier: '1' }] });
        await assert.rejects(check(releaseOf(name), ports), /was not processed/);
    }
});

test('the error for a version that crashes contains its message', async () => {
    const { ports } = portsOf(
        { errorMessage: 'DAYMARK_STREAM is not set' },
        { error: 'Unhandled' },
    );
    await assert.rejects(check(releaseOf('ingest'), ports), /Unhandled.*DAYMARK_STREAM is not set/);
});

test('an event without a stock row fails the check after the maximum delay', async () => {
    const { calls, ports } = portsOf(STORED);
    await assert.rejects(
        check(releaseOf('ingest'), ports),
        /after 90 s the stock table has no row/,
    );
    assert.equal(calls.slept, 90_000);
});

test('a row with a wrong quantity fails the check', async () => {
    const { ports } = portsOf(PROCESSED, { rows: [{ received: '2' }] });
    await assert.rejects(check(releaseOf('stock-processor'), ports), /received 2, but 1 was sent/);
});

test('an answer of another form fails the check', async () => {
    for (const [name, answers] of Object.entries({
        ingest: [null, 'ok', {}, { body: 'not json' }, { body: '{"results":[]}' }],
        pricing: [null, 'ok', {}, { batchItemFailures: null }],
    })) {
        for (const answer of answers) {
            const { ports } = portsOf(answer);
            await assert.rejects(check(releaseOf(name), ports), Error, JSON.stringify(answer));
        }
    }
});

test('the error for a function without a check names the function', async () => {
    const { ports } = portsOf(PROCESSED);
    await assert.rejects(
        check(releaseOf('token'), ports),
        /no check of token; there are checks of/,
    );
});

test('a deployment always sends the same event, and no two deployments share a row', () => {
    const checkOf = (/** @type {string} */ deploymentId) =>
        CHECKS['ingest']?.({ deploymentId, now: NOW });
    assert.deepEqual(checkOf('d-A'), checkOf('d-A'));
    assert.notDeepEqual(checkOf('d-A')?.row, checkOf('d-B')?.row);
});
