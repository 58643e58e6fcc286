/** Tests of the whole release check with the real SDK, against a local server instead of AWS. */

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { createServer } from 'node:http';
import process from 'node:process';
import { after, before, test } from 'node:test';

const VERSION = 'arn:aws:lambda:eu-central-1:111122223333:function:daymark-dev-day-close:7';
const PROCESSOR = 'arn:aws:lambda:eu-central-1:111122223333:function:daymark-dev-stock-processor:7';
const HOOK = { DeploymentId: 'd-ABCDEF123', LifecycleEventHookExecutionId: 'hook-1' };

/** @type {unknown} */
let answer;
/** @type {string | undefined} */
let functionError;
/** Deployment group of the deployment. */
let group = 'daymark-dev-day-close';
/** @type {{ operation: string, body: any }[]} */
let requests = [];

const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const operation = String(
        request.headers['x-amz-target'] ?? decodeURIComponent(request.url ?? ''),
    );
    requests.push({ operation, body: JSON.parse(Buffer.concat(chunks).toString()) });
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    if (operation.endsWith('GetDeployment')) {
        response.end(JSON.stringify({ deploymentInfo: { deploymentGroupName: group } }));
    } else if (operation.endsWith('Query')) {
        response.end('{"Items":[{"event_count":{"N":"1"}}],"Count":1}');
    } else if (operation.endsWith('PutLifecycleEventHookExecutionStatus')) {
        response.end('{"lifecycleEventHookExecutionId":"hook-1"}');
    } else {
        if (functionError) response.setHeader('x-amz-function-error', functionError);
        response.end(JSON.stringify(answer));
    }
});

/** @type {(hook: typeof HOOK) => Promise<{ status: string }>} */
let handler;

before(async () => {
    await new Promise((listening) => server.listen(0, '127.0.0.1', () => listening(undefined)));
    const address = server.address();
    assert.ok(address && typeof address === 'object');
    Object.assign(process.env, {
        AWS_ENDPOINT_URL: `http://127.0.0.1:${address.port}`,
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        DAYMARK_TABLE_PREFIX: 'daymark-dev-',
        DAYMARK_WAIT_SECONDS: '60',
        DAYMARK_VERSIONS: JSON.stringify({
            'daymark-dev-day-close': VERSION,
            'daymark-dev-stock-processor': PROCESSOR,
        }),
    });
    ({ handler } = await import('../release-check/index.mjs'));
});

after(() => {
    server.closeAllConnections();
    server.close();
});

/** Returns the report to CodeDeploy. */
function report() {
    return requests.find(({ operation }) =>
        operation.endsWith('PutLifecycleEventHookExecutionStatus'),
    )?.body;
}

test('a version that processes the batch is reported as succeeded', async () => {
    [requests, answer, functionError] = [[], { batchItemFailures: [] }, undefined];
    await handler(HOOK);
    assert.ok(
        requests.some(({ operation }) => operation.includes(VERSION)),
        'the version and not the alias',
    );
    assert.deepEqual(report(), {
        deploymentId: HOOK.DeploymentId,
        lifecycleEventHookExecutionId: HOOK.LifecycleEventHookExecutionId,
        status: 'Succeeded',
    });
});

test('a version of the stock processor succeeds once its event is in the stock log', async () => {
    [requests, answer, functionError] = [[], { batchItemFailures: [] }, undefined];
    group = 'daymark-dev-stock-processor';
    await handler(HOOK);
    group = 'daymark-dev-day-close';
    assert.equal(report().status, 'Succeeded');
    const query = requests.find(({ operation }) => operation.endsWith('Query'))?.body;
    assert.equal(query.TableName, 'daymark-dev-stock-log');
    const date = new Date().toISOString().slice(0, 10);
    assert.deepEqual(query.ExpressionAttributeValues, {
        ':partition': { S: `daymark-release-check:stock-processor:d-ABCDEF123#${date}` },
    });
});

test('a version that crashes is reported as failed', async () => {
    [requests, answer, functionError] = [[], { errorMessage: 'no table' }, 'Unhandled'];
    await handler(HOOK);
    assert.equal(report().status, 'Failed');
});

test('a function without a version in the environment is reported as failed', async () => {
    [requests, answer, functionError] = [[], { batchItemFailures: [] }, undefined];
    const versions = process.env.DAYMARK_VERSIONS;
    process.env.DAYMARK_VERSIONS = '{}';
    await handler(HOOK);
    process.env.DAYMARK_VERSIONS = versions;
    assert.equal(report().status, 'Failed');
    assert.ok(!requests.some(({ operation }) => operation.includes(VERSION)));
});
