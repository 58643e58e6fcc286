/** The system, from the stream to the offers. */

import { Annotations, CfnRule, Fn, Stack, type StackProps } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { Alarms } from './alarms';
import type { Binaries } from './binaries';
import type { Deployment } from './deployment';
import { Names } from './names';
import { removalPolicy } from './removal';
import type { Settings } from './settings';
import { Stream } from './stream';
import { Tables } from './tables';

export interface DaymarkStackProps extends StackProps {
  readonly settings: Settings;
  readonly binaries: Binaries;
}

export class DaymarkStack extends Stack {
  constructor(scope: Construct, props: DaymarkStackProps) {
    const { settings, binaries } = props;
    const names = new Names(settings.stage);
    super(scope, names.stack, {
      ...props,
      description: `Daymark, stage ${settings.stage}`,
      terminationProtection: settings.keepData,
    });
    if (binaries.areMissing) this.refuseDeployment();
    const key = new Key(this, 'Key', {
      alias: names.stack.toLowerCase(),
      description: `Encrypts what ${names.stack} keeps`,
      enableKeyRotation: true,
      removalPolicy: removalPolicy(settings),
    });
    const alarms = new Alarms(this, 'Alarms', names);
    const deployment: Deployment = { settings, names, binaries, alarms, key };

    new Stream(this, 'Stream', deployment);
    new Tables(this, 'Tables', deployment);
  }

  /** A template without binaries can be looked at. CloudFormation refuses to deploy it. */
  private refuseDeployment(): void {
    const advice = 'No Lambda binary is built. Run ./lambdas, then cdk deploy again';
    Annotations.of(this).addWarningV2('daymark:no-binaries', advice);
    new CfnRule(this, 'BinariesAreBuilt', {
      assertions: [{ assert: Fn.conditionEquals('built', 'missing'), assertDescription: advice }],
    });
  }
}
