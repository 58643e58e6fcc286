/** Lambda function that CodeDeploy calls before a new version gets traffic. */

import console from 'node:console';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

import {
    CodeDeployClient,
    GetDeploymentCommand,
    PutLifecycleEventHookExecutionStatusCommand,
} from '@aws-sdk/client-codedeploy';
import { DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';

import { check } from './release-check.mjs';

const codeDeploy = new CodeDeployClient();
const dynamoDb = new DynamoDBClient();
const lambda = new LambdaClient();

/** @typedef {{ DeploymentId: string, LifecycleEventHookExecutionId: string }} Hook */

/**
 * Checks the new version of a deployment and reports the result to CodeDeploy.
 *
 * @param {Hook} hook
 */
export async function handler(hook) {
    const deploymentId = hook.DeploymentId;
    let status = /** @type {'Succeeded' | 'Failed'} */ ('Failed');
    try {
        const release = await releaseOf(deploymentId);
        const result = await check({ ...release, deploymentId }, ports);
        console.info({ deploymentId, result });
        status = 'Succeeded';
    } catch (error) {
        console.error({ deploymentId, error: String(error), result: 'no traffic is shifted' });
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
 * Returns the function and the version of a deployment. A deployment group has the name of its
 * function, and the environment contains the version.
 *
 * @param {string} deploymentId
 */
async function releaseOf(deploymentId) {
    const { deploymentInfo } = await codeDeploy.send(new GetDeploymentCommand({ deploymentId }));
    const group = deploymentInfo?.deploymentGroupName ?? '';
    const versions = JSON.parse(variable('DAYMARK_VERSIONS'));
    const version = versions[group];
    if (!version) {
        const known = Object.keys(versions).join(', ');
        throw new Error(`DAYMARK_VERSIONS has no version of ${group}, only of ${known}`);
    }
    const prefix = variable('DAYMARK_TABLE_PREFIX');
    const waitSeconds = Number(variable('DAYMARK_WAIT_SECONDS'));
    return { functionName: group.slice(prefix.length), version, waitSeconds };
}

/** @type {import('./release-check.mjs').Ports} */
const ports = {
    async invoke(version, payload) {
        const { FunctionError: error, Payload } = await lambda.send(
            new InvokeCommand({ FunctionName: version, Payload: JSON.stringify(payload) }),
        );
        return { error, answer: JSON.parse(Payload?.transformToString() || 'null') };
    },
    async loadEventCounts(partition) {
        const { Items = [] } = await dynamoDb.send(
            new QueryCommand({
                TableName: `${variable('DAYMARK_TABLE_PREFIX')}stock-log`,
                KeyConditionExpression: 'pk = :partition',
                ExpressionAttributeValues: { ':partition': { S: partition } },
                ProjectionExpression: 'event_count',
                ConsistentRead: true,
            }),
        );
        return Items.map((segment) => Number(segment['event_count']?.N));
    },
    sleep: (milliseconds) => sleep(milliseconds),
    now: () => new Date(),
};

/** @param {string} name */
function variable(name) {
    const value = process.env[name];
    if (!value) throw new Error(`the environment variable ${name} is not set; the stack sets it`);
    return value;
}
