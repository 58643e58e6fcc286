/** CodeDeploy calls this before a new version gets traffic; one that fails gets none. */

import console from 'node:console';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

import {
    CodeDeployClient,
    GetDeploymentCommand,
    PutLifecycleEventHookExecutionStatusCommand,
} from '@aws-sdk/client-codedeploy';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';

import { check } from './release-check.mjs';

const codeDeploy = new CodeDeployClient();
const dynamoDb = new DynamoDBClient();
const lambda = new LambdaClient();

/** @typedef {{ DeploymentId: string, LifecycleEventHookExecutionId: string }} Hook */

/** @param {Hook} hook */
export async function handler(hook) {
    const deploymentId = hook.DeploymentId;
    let status = /** @type {'Succeeded' | 'Failed'} */ ('Failed');
    try {
        const release = await releaseOf(deploymentId);
        const seen = await check({ ...release, deploymentId }, world);
        console.info({ deploymentId, seen });
        status = 'Succeeded';
    } catch (error) {
        console.error({ deploymentId, fault: String(error), then: 'traffic stays as it is' });
    }
    await codeDeploy.send(
        new PutLifecycleEventHookExecutionStatusCommand({
            deploymentId,
            lifecycleEventHookExecutionId: hook.LifecycleEventHookExecutionId,
            status,
        }),
    );
    return { status };
}

/**
 * A deployment group is called as its function; the stack says which version is the new one.
 *
 * @param {string} deploymentId
 */
async function releaseOf(deploymentId) {
    const { deploymentInfo } = await codeDeploy.send(new GetDeploymentCommand({ deploymentId }));
    const group = deploymentInfo?.deploymentGroupName ?? '';
    const versions = JSON.parse(setting('DAYMARK_VERSIONS'));
    const version = versions[group];
    if (!version)
        throw new Error(`DAYMARK_VERSIONS has no ${group}; it has ${Object.keys(versions)}`);
    const prefix = setting('DAYMARK_TABLE_PREFIX');
    const rowSeconds = Number(setting('DAYMARK_ROW_SECONDS'));
    return { functionName: group.slice(prefix.length), version, rowSeconds };
}

/** @type {import('./release-check.mjs').World} */
const world = {
    async invoke(version, payload) {
        const { FunctionError: error, Payload } = await lambda.send(
            new InvokeCommand({ FunctionName: version, Payload: JSON.stringify(payload) }),
        );
        return { error, answer: JSON.parse(Payload?.transformToString() || 'null') };
    },
    async row({ pk, sk }) {
        const { Item } = await dynamoDb.send(
            new GetItemCommand({
                TableName: `${setting('DAYMARK_TABLE_PREFIX')}stock`,
                Key: { pk: { S: pk }, sk: { S: sk } },
                ProjectionExpression: 'received',
                ConsistentRead: true,
            }),
        );
        return Item && { received: Item['received']?.N };
    },
    sleep: (milliseconds) => sleep(milliseconds),
    now: () => new Date(),
};

/** @param {string} name */
function setting(name) {
    const value = process.env[name];
    if (!value) throw new Error(`the environment variable ${name} is not set; the stack sets it`);
    return value;
}
