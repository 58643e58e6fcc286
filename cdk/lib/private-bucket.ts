/** Encrypted bucket without public access, whose objects expire. */

import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge } from './nag-acknowledgements';

export interface PrivateBucketProps {
  readonly key: IKey;
  /** Days after which an object is removed. */
  readonly expirationDays: number;
  /** Beginning of the keys of all objects. */
  readonly prefix?: string;
  readonly removalPolicy: RemovalPolicy;
  /** Reason why the bucket has no access logs. */
  readonly withoutAccessLogs: string;
}

export class PrivateBucket extends Bucket {
  constructor(scope: Construct, id: string, props: PrivateBucketProps) {
    super(scope, id, {
      encryption: BucketEncryption.KMS,
      encryptionKey: props.key,
      bucketKeyEnabled: true,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [
        {
          ...(props.prefix !== undefined && { prefix: props.prefix }),
          expiration: Duration.days(props.expirationDays),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
      removalPolicy: props.removalPolicy,
    });
    acknowledge(this, { 'AwsSolutions-S1': props.withoutAccessLogs });
  }
}
