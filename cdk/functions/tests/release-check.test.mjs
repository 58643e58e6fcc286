import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';

import { CHECKS, partitionOf, STORE } from '../release-check/checks.mjs';
import { check } from '../release-check/release-check.mjs';

const NOW = new Date('2026-11-23T14:19:30.250Z');
const VERSION = 'arn:aws:lambda:eu-central-1:111122223333:function:daymark-dev-ingest:7';
const STORED = { statusCode: 200, body: JSON.stringify({ results: [{ status: 'stored' }] }) };
const PROCESSED = { batchItemFailures: [] };
const MUCH = { request_id: 'much', action: 'change', price: '2.40' };
const LITTLE = { request_id: 'little', action: 'keep', price: '4.00' };
const DECIDED = [MUCH, LITTLE];

/**
 * Returns ports with a fixed answer, and a record of the calls.
 *
 * @param {unknown} answer
 * @param {{ counts?: number[][], error?: string, decisions?: unknown }} [options] `decisions` are
 *     the answer to a payload with requests to decide.
 */
function portsOf(answer, { counts = [], error, decisions = DECIDED } = {}) {
    /** @type {{ invoked: [string, any][], read: string[], slept: number }} */
    const calls = { invoked: [], read: [], slept: 0 };
    const ports = {
        /** @type {import('../release-check/release-check.mjs').Ports['invoke']} */
        async invoke(version, payload) {
            calls.invoked.push([version, payload]);
            return { error, answer: 'decide' in payload ? { decisions } : answer };
        },
        /** @type {import('../release-check/release-check.mjs').Ports['loadEventCounts']} */
        async loadEventCounts(partition) {
            calls.read.push(partition);
            return counts[Math.min(calls.read.length, counts.length) - 1] ?? [];
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
    return { functionName, version: VERSION, deploymentId: 'd-ABCDEF123', waitSeconds: 90 };
}

test('the check of ingest sends an event and waits until it is in the stock log', async () => {
    const { calls, ports } = portsOf(STORED, { counts: [[], [], [1]] });
    const result = await check(releaseOf('ingest'), ports);
    const [version, request] = calls.invoked[0] ?? [];
    assert.equal(version, VERSION);
    assert.equal(request.requestContext.http.path, '/v1/internal/events');
    assert.ok(request.requestContext.authorizer.iam, 'IAM signature');
    assert.ok(JSON.parse(request.body).store_id.startsWith(STORE));
    const partition = 'daymark-release-check:ingest:d-ABCDEF123#2026-11-23';
    assert.deepEqual(calls.read, [partition, partition, partition]);
    assert.match(result, /in the stock log/);
});

test('the check of the stock processor sends a batch and reads the stock log', async () => {
    const { calls, ports } = portsOf(PROCESSED, { counts: [[1]] });
    await check(releaseOf('stock-processor'), ports);
    const kinesis = calls.invoked[0]?.[1].Records[0].kinesis;
    const event = JSON.parse(Buffer.from(kinesis.data, 'base64').toString());
    assert.ok(event.store_id.startsWith(STORE));
    assert.equal(event.occurred_at, NOW.toISOString());
    assert.deepEqual(calls.read, [partitionOf(event)]);
});

test('the checks of pricing and the close of day send a store that is in no catalogue', async () => {
    for (const name of ['pricing', 'day-close']) {
        const { calls, ports } = portsOf(PROCESSED);
        await check(releaseOf(name), ports);
        const body = JSON.parse(calls.invoked[0]?.[1].Records[0].body);
        assert.deepEqual(body, { store_id: STORE, due: '2026-11-23T14:15:00Z' });
    }
});

test('the check of pricing requires an offer for an item that is left over, and none for one that sells out', async () => {
    const { calls, ports } = portsOf(PROCESSED);
    await check(releaseOf('pricing'), ports);
    const [much, little] = calls.invoked[1]?.[1].decide ?? [];
    assert.deepEqual([much.on_hand, little.on_hand], [40, 1]);
    for (const decisions of [
        [MUCH],
        [LITTLE, MUCH],
        [MUCH, LITTLE, LITTLE],
        [{ ...MUCH, action: 'keep', price: '4.00' }, LITTLE],
        [{ ...MUCH, price: '0.40' }, LITTLE],
        [MUCH, { ...LITTLE, action: 'change', price: '3.20' }],
        [{ error: { code: 'bad_json' } }, LITTLE],
        null,
    ]) {
        const { ports } = portsOf(PROCESSED, { decisions });
        await assert.rejects(
            check(releaseOf('pricing'), ports),
            /were not decided as they must be/,
            JSON.stringify(decisions),
        );
    }
});

test('a version of ingest that does not answer stored fails the check', async () => {
    const rejected = { results: [{ status: 'rejected', message: 'no' }] };
    const { calls, ports } = portsOf({ statusCode: 422, body: JSON.stringify(rejected) });
    await assert.rejects(check(releaseOf('ingest'), ports), /not stored: 422/);
    assert.equal(calls.read.length, 0);
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

test('an event that does not reach the stock log fails the check after the maximum delay', async () => {
    const { calls, ports } = portsOf(STORED);
    await assert.rejects(
        check(releaseOf('ingest'), ports),
        /after 90 s the stock log has no segment/,
    );
    assert.equal(calls.slept, 90_000);
});

test('a segment with another number of events fails the check', async () => {
    for (const counts of [[2], [1, 2]]) {
        const { ports } = portsOf(PROCESSED, { counts: [counts] });
        await assert.rejects(
            check(releaseOf('stock-processor'), ports),
            /a segment of 2 events, but 1 was sent/,
        );
    }
});

test('a record that the stream delivers twice passes the check', async () => {
    const { ports } = portsOf(PROCESSED, { counts: [[1, 1]] });
    await check(releaseOf('stock-processor'), ports);
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

test('a deployment always sends the same event, and no two deployments or functions share a partition', () => {
    const checkOf = (/** @type {string} */ deploymentId, name = 'ingest') =>
        (CHECKS[name]?.({ deploymentId, now: NOW }) ?? [])[0];
    assert.deepEqual(checkOf('d-A'), checkOf('d-A'));
    assert.notEqual(checkOf('d-A')?.partition, checkOf('d-B')?.partition);
    assert.notEqual(checkOf('d-A')?.partition, checkOf('d-A', 'stock-processor')?.partition);
});
