import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';

import { CHECKS, rowOf, STORE } from '../release-check/checks.mjs';
import { check } from '../release-check/release-check.mjs';

const NOW = new Date('2026-11-23T14:19:30.250Z');
const VERSION = 'arn:aws:lambda:eu-central-1:111122223333:function:daymark-dev-ingest:7';
const STORED = { statusCode: 200, body: JSON.stringify({ results: [{ status: 'stored' }] }) };
const TAKEN = { batchItemFailures: [] };

/**
 * A world that answers as told, and notes what it was asked.
 *
 * @param {unknown} answer
 * @param {{ rows?: (Record<string, unknown> | undefined)[], error?: string }} [given]
 */
function worldOf(answer, { rows = [], error } = {}) {
    /** @type {{ invoked: [string, any][], rowsRead: {pk: string, sk: string}[], slept: number }} */
    const seen = { invoked: [], rowsRead: [], slept: 0 };
    const world = {
        /** @type {import('../release-check/release-check.mjs').World['invoke']} */
        async invoke(version, payload) {
            seen.invoked.push([version, payload]);
            return { error, answer };
        },
        /** @type {import('../release-check/release-check.mjs').World['row']} */
        async row(key) {
            seen.rowsRead.push(key);
            return rows[Math.min(seen.rowsRead.length, rows.length) - 1];
        },
        /** @param {number} milliseconds */
        async sleep(milliseconds) {
            seen.slept += milliseconds;
        },
        now: () => NOW,
    };
    return { seen, world };
}

/** @param {string} functionName */
function releaseOf(functionName) {
    return { functionName, version: VERSION, deploymentId: 'd-ABCDEF123', rowSeconds: 90 };
}

test('an event goes through the new version of ingest and is waited for in the stock', async () => {
    const { seen, world } = worldOf(STORED, { rows: [undefined, undefined, { received: '1' }] });
    const said = await check(releaseOf('ingest'), world);
    const [version, request] = seen.invoked[0] ?? [];
    assert.equal(version, VERSION);
    assert.equal(request.requestContext.http.path, '/v1/internal/events');
    assert.ok(request.requestContext.authorizer.iam, 'as after an IAM signature');
    assert.equal(JSON.parse(request.body).store_id, STORE);
    assert.deepEqual(seen.rowsRead[2], {
        pk: 'daymark-release-check#2026-11-23',
        sk: 'ingest:d-ABCDEF123#14:15',
    });
    assert.match(said, /in the stock table/);
});

test('a batch goes through the new version of the processor', async () => {
    const { seen, world } = worldOf(TAKEN, { rows: [{ received: '1' }] });
    await check(releaseOf('stock-processor'), world);
    const kinesis = seen.invoked[0]?.[1].Records[0].kinesis;
    const event = JSON.parse(Buffer.from(kinesis.data, 'base64').toString());
    assert.equal(event.store_id, STORE);
    assert.equal(event.occurred_at, NOW.toISOString());
    assert.deepEqual(seen.rowsRead, [rowOf(event)]);
});

test('a store that no catalogue has goes through pricing and day close', async () => {
    for (const name of ['pricing', 'day-close']) {
        const { seen, world } = worldOf(TAKEN);
        await check(releaseOf(name), world);
        const body = JSON.parse(seen.invoked[0]?.[1].Records[0].body);
        assert.deepEqual(body, { store_id: STORE, due: '2026-11-23T14:15:00Z' });
    }
});

test('a version that does not store is refused', async () => {
    const rejected = { results: [{ status: 'rejected', message: 'no' }] };
    const { seen, world } = worldOf({ statusCode: 422, body: JSON.stringify(rejected) });
    await assert.rejects(check(releaseOf('ingest'), world), /not stored: 422/);
    assert.equal(seen.rowsRead.length, 0);
});

test('a version that hands the batch back is refused', async () => {
    for (const name of ['stock-processor', 'pricing', 'day-close']) {
        const { world } = worldOf({ batchItemFailures: [{ itemIdentifier: '1' }] });
        await assert.rejects(check(releaseOf(name), world), /was not taken/);
    }
});

test('a version that crashes is refused with its own words', async () => {
    const { world } = worldOf(
        { errorMessage: 'DAYMARK_STREAM is not set' },
        { error: 'Unhandled' },
    );
    await assert.rejects(check(releaseOf('ingest'), world), /Unhandled.*DAYMARK_STREAM is not set/);
});

test('an event that never reaches the table is given up when its time is over', async () => {
    const { seen, world } = worldOf(STORED);
    await assert.rejects(check(releaseOf('ingest'), world), /after 90 s no row/);
    assert.equal(seen.slept, 90_000);
});

test('a row with wrong figures is refused', async () => {
    const { world } = worldOf(TAKEN, { rows: [{ received: '2' }] });
    await assert.rejects(check(releaseOf('stock-processor'), world), /received 2, and 1 was sent/);
});

test('an answer of another form is refused', async () => {
    for (const [name, answers] of Object.entries({
        ingest: [null, 'ok', {}, { body: 'not json' }, { body: '{"results":[]}' }],
        pricing: [null, 'ok', {}, { batchItemFailures: null }],
    })) {
        for (const answer of answers) {
            const { world } = worldOf(answer);
            await assert.rejects(check(releaseOf(name), world), Error, JSON.stringify(answer));
        }
    }
});

test('a function without a check is named', async () => {
    const { world } = worldOf(TAKEN);
    await assert.rejects(
        check(releaseOf('token'), world),
        /no check of token; there are checks of/,
    );
});

test('the same deployment sends the same event and no two deployments share a row', () => {
    const made = (/** @type {string} */ deploymentId) =>
        CHECKS['ingest']?.({ deploymentId, now: NOW });
    assert.deepEqual(made('d-A'), made('d-A'));
    assert.notDeepEqual(made('d-A')?.row, made('d-B')?.row);
});
