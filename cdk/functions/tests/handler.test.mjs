/** The whole release check over the real SDK, against a server that speaks for AWS. */

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
/** @type {{ what: string, body: any }[]} */
let asked = [];

const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const what = String(request.headers['x-amz-target'] ?? decodeURIComponent(request.url ?? ''));
    asked.push({ what, body: JSON.parse(Buffer.concat(chunks).toString()) });
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    if (what.endsWith('GetDeployment')) {
        response.end('{"deploymentInfo":{"deploymentGroupName":"daymark-dev-pricing"}}');
    } else if (what.endsWith('PutLifecycleEventHookExecutionStatus')) {
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

/** What CodeDeploy was told. */
function told() {
    return asked.find(({ what }) => what.endsWith('PutLifecycleEventHookExecutionStatus'))?.body;
}

test('a version that does its work is reported as good', async () => {
    [asked, answer, functionError] = [[], { batchItemFailures: [] }, undefined];
    await handler(HOOK);
    assert.ok(
        asked.some(({ what }) => what.includes(VERSION)),
        'the version and not the alias',
    );
    assert.deepEqual(told(), {
        deploymentId: HOOK.DeploymentId,
        lifecycleEventHookExecutionId: HOOK.LifecycleEventHookExecutionId,
        status: 'Succeeded',
    });
});

test('a version that crashes is reported as bad', async () => {
    [asked, answer, functionError] = [[], { errorMessage: 'no table' }, 'Unhandled'];
    await handler(HOOK);
    assert.equal(told().status, 'Failed');
});

test('what the stack forgot to name is reported as bad', async () => {
    [asked, answer, functionError] = [[], { batchItemFailures: [] }, undefined];
    const versions = process.env.DAYMARK_VERSIONS;
    process.env.DAYMARK_VERSIONS = '{}';
    await handler(HOOK);
    process.env.DAYMARK_VERSIONS = versions;
    assert.equal(told().status, 'Failed');
    assert.ok(!asked.some(({ what }) => what.includes(VERSION)));
});
