/** Removal policy of resources that hold data. */

import { RemovalPolicy } from 'aws-cdk-lib';
import type { Settings } from './settings/definitions';

/**
 * Returns the policy that the setting `keepData` selects. A deployment that is rolled back deletes
 * what it created in both cases: the next attempt would find retained names taken.
 */
export function removalPolicy(settings: Settings): RemovalPolicy {
  return settings.keepData ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY;
}
