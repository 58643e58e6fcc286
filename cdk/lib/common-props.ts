/** What every construct is given. */

import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Alarms } from './alarms';
import type { Binaries } from './binaries';
import type { ResourceNames } from './resource-names';
import type { Settings } from './settings/definitions';

export interface CommonProps {
  readonly settings: Settings;
  readonly names: ResourceNames;
  readonly binaries: Binaries;
  /** Where a construct registers what should wake somebody. */
  readonly alarms: Alarms;
  /** Encrypts what is kept: stream, tables, batches. */
  readonly key: IKey;
}
