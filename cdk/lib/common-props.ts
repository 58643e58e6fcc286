/** Properties that all constructs of a stage share. */

import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Alarms } from './alarms';
import type { Binaries } from './binaries';
import type { ResourceNames } from './resource-names';
import type { Settings } from './settings/definitions';

export interface CommonProps {
  readonly settings: Settings;
  readonly names: ResourceNames;
  readonly binaries: Binaries;
  /** Alarms of the stage; a construct adds its own. */
  readonly alarms: Alarms;
  /** Key that encrypts stream, tables and failed batches. */
  readonly key: IKey;
}
