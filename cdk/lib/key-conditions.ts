/** Conditions of permissions on the key of a stage. */

import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Limits the use of a key to the calls of one service, on behalf of the caller. */
export function viaService(scope: Construct, service: 'dynamodb' | 'kinesis' | 's3') {
  return {
    StringEquals: { 'kms:ViaService': `${service}.${Stack.of(scope).region}.amazonaws.com` },
  };
}
