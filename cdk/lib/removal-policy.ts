/** Removal policy of resources that hold data. */

import { RemovalPolicy } from 'aws-cdk-lib';
import type { Settings } from './settings/definitions';

/**
 * Returns the policy that the setting `keepData` selects. A rollback deletes the resources that the
 * deployment created in both cases, because their names would block the next attempt.
 */
export function removalPolicy(settings: Pick<Settings, 'keepData'>): RemovalPolicy {
  return settings.keepData ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;
}
