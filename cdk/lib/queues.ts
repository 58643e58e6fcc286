/** SQS queues with encryption and TLS. */

import { Duration } from 'aws-cdk-lib';
import { Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge } from './nag-acknowledgements';

/** Queue that is encrypted with SQS's own key, which is free, and that refuses plain HTTP. */
export class SecureQueue extends Queue {
  constructor(scope: Construct, id: string, props: QueueProps) {
    super(scope, id, { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, ...props });
  }
}

/** Queue of messages that could not be processed or delivered. */
export class DeadLetterQueue extends SecureQueue {
  constructor(scope: Construct, id: string, props: QueueProps) {
    // 14 days are the maximum of SQS.
    super(scope, id, { retentionPeriod: Duration.days(14), ...props });
    acknowledge(this, { 'AwsSolutions-SQS3': 'The queue is itself a dead-letter queue.' });
  }
}
