/** Log group that lives as long as the settings of a stage say. */

import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { removalPolicy } from './removal-policy';
import type { Settings } from './settings/definitions';

export class StageLogGroup extends LogGroup {
  constructor(scope: Construct, id: string, settings: Settings, logGroupName: string) {
    super(scope, id, {
      logGroupName,
      retention: settings.logRetentionDays,
      removalPolicy: removalPolicy(settings),
    });
  }
}
