/** Tests of the whole release check with the real SDK, against a local server instead of AWS. */

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { createServer } from 'node:http';
import process from 'node:process';
import { after, before, test } from 'node:test';

const VERSION = 'arn:aws:lambda:eu-central-1:111122223333:function:daymark-dev-pricing:7';
const HOOK = { DeploymentId: 'd-ABCDEF123', LifecycleEventHookExecutionId: 'hook-1' };

/** @type {unknown} */
let answer;
/** @type {string | undefined} */
let functionError;
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
        response.end('{"deploymentInfo":{"deploymentGroupName":"daymark-dev-pricing"}}');
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
        DAYMARK_ROW_SECONDS: '60',
        DAYMARK_VERSIONS: JSON.stringify({ 'daymark-dev-pricing': VERSION }),
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
